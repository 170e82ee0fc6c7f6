"""The commands of an emergency and of its rehearsal: halt, kill, rearm, drill."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import cyclopts

from autotrade_0dte.cli_errors import EXIT_REFUSED, os_error_text
from autotrade_0dte.cli_options import AsJson, print_json
from autotrade_0dte.nodes.halt import FLATTEN, HALT_ENTRIES, set_halt
from autotrade_0dte.nodes.kill_latch import (
    DEFAULT_STATE,
    LOG,
    KillLatch,
    append_log,
    read_latch,
    set_latch,
)

__all__ = ["drill", "halt", "kill", "rearm"]

EXIT_NOT_FLAT = 1
EXIT_NOT_PASSED = 1

REARM_WAIT_S = 10.0
"""A node takes its word within a tenth of a second, unless its machine is busy."""
NODES_WAIT_S = 30.0
DIRECT_WAIT_S = 120.0
"""Where the calls of a minute are used up, the next minute's must be waited for."""

Direct = Annotated[bool, cyclopts.Parameter(name="--direct", negative="", show_default=False)]
Reason = Annotated[str, cyclopts.Parameter(show_default=False)]
Seconds = Annotated[float, cyclopts.Parameter(validator=cyclopts.validators.Number(gt=0))]


def kill(
    *,
    direct: Direct = False,
    reason: Reason = "",
    state: Path = DEFAULT_STATE,
    wait: Seconds | None = None,
) -> int:
    """Stop now: cancel all option orders, close all options, start nothing.

    FIRST   autotrade kill            the running nodes do it; you see how far
    THEN    autotrade kill --direct   do it yourself at the broker

    It asks nothing, and may be given again at any time, the second while the
    first is at work. Go on until it says FLAT. If the second says NOT FLAT,
    close what it lists in Tiger's app or by its phone desk.

    Nodes start again after: autotrade rearm --reason TEXT

    Ends with 0 when flat, 1 when something is left, 4 when there are no
    credentials or Tiger refuses them.

    Parameters
    ----------
    direct
        At the broker, with the credentials of the environment.
    reason
        Why, for the log.
    state
        Folder of the nodes' state.
    wait
        Seconds to go on for: 30, or 120 with --direct.
    """
    latch = _latch(state, reason, direct=direct)
    try:
        if direct:
            return _kill_directly(state, latch, DIRECT_WAIT_S if wait is None else wait)
        if latch is None:
            _say("NOT FLAT (no node was told). Now run: autotrade kill --direct")
            return EXIT_NOT_FLAT
        return _kill_by_nodes(state, latch, NODES_WAIT_S if wait is None else wait)
    except KeyboardInterrupt:
        again = "autotrade kill --direct" if direct else "autotrade kill"
        _say(f"NOT KNOWN TO BE FLAT (interrupted, the kill stands). Go on with: {again}")
        raise


def halt(
    *,
    reason: str,
    flatten: Annotated[bool, cyclopts.Parameter(negative="", show_default=False)] = False,
    state: Path = DEFAULT_STATE,
) -> None:
    """Open nothing more; what is open is managed to its end. Milder than kill.

    The nodes go on running, and one that starts meanwhile begins so. A stricter
    word stays as it is. To trade again: autotrade rearm --reason TEXT

    Parameters
    ----------
    reason
        Why, for the log.
    flatten
        Close what is open as well, now.
    state
        Folder of the nodes' state.
    """
    _need(reason)
    word = set_halt(state, reason, FLATTEN if flatten else HALT_ENTRIES)
    append_log(state, "halt", reason, mode=word.mode)
    what = {HALT_ENTRIES: "nothing is opened", FLATTEN: "all is closed, nothing is opened"}
    print(f"Halted under {state.absolute()}: {what[word.mode]}")
    if read_latch(state) is not None:
        print("A kill stands, which is stricter and stays")


def rearm(*, reason: str, state: Path = DEFAULT_STATE) -> None:
    """Let nodes trade again after a kill, a halt, or what latched by itself; say why.

    A loss, or anything else whose cause is not over, stays latched.

    Parameters
    ----------
    reason
        What was found and put right, for the log.
    state
        Folder of the nodes' state.
    """
    from autotrade_0dte.nodes.rearm import leave_word
    from autotrade_0dte.nodes.rearm_wait import rearmed_lines

    _need(reason)
    word, folders = leave_word(state, reason)
    print(f"Armed again under {state.absolute()}; nodes told: {len(folders)}", flush=True)
    for line in rearmed_lines(state, word, folders, REARM_WAIT_S):
        _say(line)


def drill(*, only: str | None = None, state: Path = DEFAULT_STATE, as_json: AsJson = False) -> int:
    """Rehearse the emergencies against a simulator; run it once a week.

    Each scenario starts a simulator and a node of its own, takes up to a minute,
    and touches nothing but a temporary folder. Ends with 0 when all of them were
    as they have to be, else 1.

    Parameters
    ----------
    only
        One scenario: freeze, disconnect, rejects, loss, crash, kill or kill-direct.
    state
        Folder whose log gets a line about the drill.
    as_json
        Print the results as one JSON object.
    """
    from rich.console import Console

    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.nodes.drill import run_drill
    from autotrade_0dte.nodes.drill_scenarios import SCENARIOS
    from autotrade_0dte.nodes.drill_table import drill_values, print_drill, report_words
    from autotrade_0dte.nodes.signals import interrupted_by_signals

    if only is not None and only not in SCENARIOS:
        raise ConfigError(f"--only: Expected one of {', '.join(SCENARIOS)}, was {only}")
    state.mkdir(parents=True, exist_ok=True)  # rather now than after the work
    chosen = [each for name, each in SCENARIOS.items() if only in (None, name)]
    with interrupted_by_signals(), Console(stderr=True).status("") as status:
        results = run_drill(chosen, status.update)
    if as_json:
        print_json(drill_values(results))
    else:
        print_drill(results, Console())
    append_log(state, "drill", report_words(results))
    return 0 if all(result.passes for result in results) else EXIT_NOT_PASSED


def _latch(state: Path, reason: str, *, direct: bool) -> KillLatch | None:
    """Set the latch; None where it cannot be, as the broker counts for more."""
    try:
        latch = set_latch(state, reason, direct=direct)
    except OSError as e:
        _warn(f"no latch, nodes are not told: {os_error_text(e)}")
        return None
    _say(f"Killed under {state.absolute()}: nodes stop, none starts")
    _log(state, "kill", reason, direct=direct)
    return latch


def _kill_by_nodes(state: Path, latch: KillLatch, within_s: float) -> int:
    from autotrade_0dte.nodes.kill_wait import wait_for_nodes

    if latch.direct:
        _say("A direct kill stands: nodes only cancel, autotrade kill --direct closes")
    answers = wait_for_nodes(state, latch, within_s, _say)
    if answers and all(answer.is_flat_at(latch) for answer in answers):
        _say("FLAT, as each running node says")
        return 0
    left = [answer.name for answer in answers if not answer.is_flat_at(latch)]
    what = f"not flat: {', '.join(left)}" if left else "no node runs here, so nobody can tell"
    _say(f"NOT FLAT ({what}). Now run: autotrade kill --direct")
    return EXIT_NOT_FLAT


def _kill_directly(state: Path, latch: KillLatch | None, within_s: float) -> int:
    from tiger_nt.config import tiger_config
    from tiger_nt.errors import TigerConfigError
    from tiger_nt.flatten import Verdict, flatten
    from tiger_nt.flatten_table import flattened_lines

    try:
        config = tiger_config(os.environ)
    except TigerConfigError as e:
        _warn(str(e))
        return EXIT_REFUSED
    _say(f"flattening account {config.credentials.account_hint} at Tiger")
    found = flatten(config, _say, within_s=within_s)
    _log(state, "flattened", "", verdict=found.verdict, why=found.why)
    with contextlib.suppress(OSError):
        _warn_of_nodes(state, latch)
    for line in flattened_lines(found):
        _say(line)
    return {Verdict.FLAT: 0, Verdict.NOT_FLAT: EXIT_NOT_FLAT, Verdict.ACCOUNT: EXIT_REFUSED}[
        found.verdict
    ]


def _warn_of_nodes(state: Path, latch: KillLatch | None) -> None:
    """Tell of nodes that live and have not seen the latch: they may trade on."""
    from autotrade_0dte.nodes.kill_answers import node_answers

    answers = node_answers(state)
    if not answers:
        _say(f"No node is known under {state.absolute()}; one of another --state was not told")
    for answer in answers:
        if answer.running and (latch is None or answer.latch != latch.time):
            _say(
                f"ATTENTION: node {answer.name} lives and has not seen the kill: end its "
                f"process ({answer.pid})"
            )


def _need(reason: str) -> None:
    from autotrade_0dte.config import ConfigError

    if not reason.strip():
        raise ConfigError("--reason: Expected why, was nothing")


def _log(state: Path, action: str, reason: str, **more: object) -> None:
    """Keep a record where that is possible; the rest goes on without it."""
    try:
        append_log(state, action, reason, **more)
    except OSError as e:
        _warn(f"not in {LOG}: {os_error_text(e)}")


def _warn(text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"autotrade: {text}", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    """Print; a terminal that is gone or a full disk must not end a kill half way."""
    with contextlib.suppress(OSError):
        print(text, flush=True)
