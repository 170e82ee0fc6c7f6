"""What a node holds at this moment, and the market it sees: read beside it, nothing is touched."""

import math
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autotrade_0dte.analysis.moment import MomentError
from autotrade_0dte.analysis.stress_run import Held, StressedRun, stressed
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.chain_at import chain_at
from autotrade_0dte.data.importers.importing import import_journal
from autotrade_0dte.data.journal import SUFFIX, read_journal
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.nodes.kept_state import KeptState, kept_state, set_up_folder
from autotrade_0dte.nodes.preflight import NodeMode
from autotrade_0dte.nodes.run_folder import RECORDINGS
from autotrade_0dte.products import product
from autotrade_0dte.store.node_lock import Holder, holder
from autotrade_0dte.store.rows import Owner
from autotrade_0dte.store.state_store import StateStore

__all__ = ["StressedNode", "stressed_now"]

_NS = 1_000_000_000


class StressedNode(msgspec.Struct, frozen=True, kw_only=True):
    """The calamities for what a node holds.

    Parameters
    ----------
    node : str
        Name of its folder.
    process : str
        Which has it, empty where none runs.
    oldest_price_s : float
        Age of the oldest quote of what is held, seconds; NaN without one.
    stress : StressedRun
        On the newest market that it has recorded.
    """

    node: str
    process: str
    oldest_price_s: float
    stress: StressedRun


def stressed_now(
    state: Path, config: SystemConfig, catalog: Path, now_ns: int | None = None
) -> StressedNode:
    """Return what calamities would cost a node of `config` now, or the last one that ran.

    The positions are those of its open plans, on file before the node goes on; the prices are those
    of its recording, on disk after half a second. The account counts as at the session's start.

    Parameters
    ----------
    state : Path
        Folder of the nodes' state.
    config : SystemConfig
        The node's.
    catalog : Path
        Where it records.
    now_ns : int, optional
        Instant, UTC ns; the system's.

    Raises
    ------
    MomentError
        No node of this configuration has kept anything, it holds nothing, or it has no recording.
    StoreError, CatalogError
        State or recording cannot be read.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    folder, by, owner, kept = _newest(state, config)
    plans = [plan.state for plan in kept.open_plans]
    quantity = _quantities(plans)
    if not quantity:
        raise MomentError(f"Expected positions to stress, was none ({folder.name})")
    recordings = (catalog / RECORDINGS).glob(f"{config.root}_{owner.session}*")
    newest_ns, recording = max(((_newest_ns(each), each) for each in recordings), default=(0, None))
    if recording is None or not newest_ns:
        raise MomentError(
            f"--catalog: Expected a recording of {config.root} on {owner.session}, was none in "
            f"{catalog}"
        )
    with tempfile.TemporaryDirectory(prefix="autotrade-stress-") as made:
        market = Catalog(Path(made))
        import_journal(recording, market)
        entry = market.session(config.root, owner.session)
        chain = chain_at(market, entry, config, min(now_ns, newest_ns, entry.hours.close_ns))
    held = Held(
        run_id=folder.name,
        underlying=entry.underlying,
        synthetic=entry.synthetic,
        session=owner.session,
        at_ns=now_ns,
        quantity=quantity,
        premium_usd=-sum(plan.cash for plan in plans) * product(config.root).multiplier,
        equity=math.nan if kept.ladder is None else kept.ladder.start_equity,
    )
    found = stressed(held, chain, entry.chain.contracts, config)
    rows = [entry.chain.contracts.index(leg.name) for leg in found.legs]
    waited_s = (now_ns - chain.ts_event) / _NS
    return StressedNode(
        node=folder.name,
        process="" if by is None else str(by),
        oldest_price_s=max(float(chain.quote_age_s[row]) for row in rows) + waited_s,
        stress=found,
    )


def _newest(state: Path, config: SystemConfig) -> tuple[Path, Holder | None, Owner, KeptState]:
    """Return the set-up of a configuration that runs, or was heard of last, and what it keeps."""
    found = []
    for mode in NodeMode:
        folder = set_up_folder(state, mode, config)
        owner = StateStore.last_owner(folder)
        if owner is None:
            continue
        store = StateStore.read(folder, owner)
        assert store is not None
        with store:
            kept = kept_state(store)
        by = holder(folder)
        heard_ns = 0 if kept.heartbeat is None else kept.heartbeat.ts_event
        found.append(((by is not None, heard_ns), (folder, by, owner, kept)))
    if not found:
        raise MomentError(
            f"--state: Expected what a node of {config.name} on {config.root} keeps, was nothing "
            f"in {state}"
        )
    return max(found, key=lambda each: each[0])[1]


def _newest_ns(recording: Path) -> int:
    """Return when the newest row of a recording was received, 0 where it has none.

    Later, every quote only ages.
    """
    journals = map(read_journal, recording.glob(f"*{SUFFIX}"))
    return max((int(j.rows["ts_init"].max(initial=0)) for j in journals), default=0)


def _quantities(plans: Sequence[PlanState]) -> dict[str, int]:
    """Return what the plans hold by engine id, signed."""
    held: Counter[str] = Counter()
    for state in plans:
        held[state.plan.instrument_id] += state.held
        if state.plan.short_instrument_id is not None:
            held[state.plan.short_instrument_id] -= state.sold
    return {name: quantity for name, quantity in held.items() if quantity}
