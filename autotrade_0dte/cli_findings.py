"""The commands that read out of a run: accuracy, tca, calibrate-fills, explain, stress."""

from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from autotrade_0dte.cli_options import (
    AsJson,
    CatalogFolder,
    SessionDate,
    existing_catalog,
    print_json,
)

__all__ = ["accuracy", "calibrate_fills", "explain", "stress", "tca"]

CostGrouping = Literal["track", "level", "purpose", "route", "half-hour"]

LIVE_CATALOG = Path("catalog/live")


def accuracy(run: Path, /, *, as_json: AsJson = False) -> None:
    """Tell how often the signals of a run were right, by track, strength and market state.

    Parameters
    ----------
    run
        Run folder.
    as_json
        Print the figures as one JSON object.
    """
    from autotrade_0dte.analysis.signal_accuracy import read_accuracy
    from autotrade_0dte.analysis.signal_accuracy_display import print_accuracy

    result = read_accuracy(run)
    print_json(result) if as_json else print_accuracy(result)


def tca(
    run: Path,
    /,
    *,
    by: Annotated[list[CostGrouping] | None, cyclopts.Parameter(negative="")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what orders cost beyond the mid at their decision, and why: delay, spread, impact, fees.

    Parameters
    ----------
    run
        Run folder of a backtest, of paper or of live trading.
    by
        Group by this; may be given several times. All groupings where none is given.
    as_json
        Print the figures as one JSON object.
    """
    from autotrade_0dte.analysis.tca_groups import By
    from autotrade_0dte.analysis.tca_groups import tca as measure
    from autotrade_0dte.analysis.tca_terminal import print_tca

    found = measure(run, [By(name) for name in by] if by else tuple(By))
    print_json(found) if as_json else print_tca(found)


def calibrate_fills(*runs: Path, out: Path | None = None) -> None:
    """Fit the base fill scenario to the fills of runs, as a piece of a configuration (TOML).

    Each figure stands with its 95 % interval and the counts behind it. Only fills
    of live runs tell about the market; those of a simulation tell how it was set
    up, and are marked so.

    Parameters
    ----------
    runs
        Run folders, at least one.
    out
        File to write; printed where none is given.
    """
    from autotrade_0dte.analysis.calibration import calibrate_fills as fit
    from autotrade_0dte.analysis.tables import write_bytes

    text = fit(runs)
    if out is None:
        print(text, end="")
    else:
        print(f"Fill parameters: {write_bytes(out, text.encode())}")


def explain(
    run: Path,
    /,
    *,
    at: str | None = None,
    session: SessionDate | None = None,
    track: str | None = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a run saw, thought, held and did at a moment, or all day where none is given.

    Parameters
    ----------
    run
        Run folder.
    at
        Time in New York as 10:31 or 10:31:05, or an ISO instant. Without it every change of the
        market's level and every decision of the session is listed.
    session
        Date of the session; needed where the run has several.
    track
        Only this track: regular or anomaly.
    as_json
        Print one JSON object.
    """
    from autotrade_0dte.analysis.explain import explain as explain_moment
    from autotrade_0dte.analysis.explain_terminal import print_explanation
    from autotrade_0dte.analysis.timeline import timeline
    from autotrade_0dte.analysis.timeline_terminal import print_timeline

    if at is None:
        told = timeline(run, session=session, track=track)
        print_json(told) if as_json else print_timeline(told)
    else:
        found = explain_moment(run, at, session=session, track=track)
        print_json(found) if as_json else print_explanation(found)


def stress(
    run: Path,
    /,
    *,
    state: Path | None = None,
    at: str | None = None,
    session: SessionDate | None = None,
    catalog: CatalogFolder | None = None,
    as_json: AsJson = False,
) -> None:
    """Tell what calamities would have cost a run: gap, crash, volatility crush, no liquidity, pin.

    With --state they are those of what a node holds now. It is only read, and may run meanwhile.

    Parameters
    ----------
    run
        Run folder; with --state the configuration of the node.
    state
        Folder of the nodes' state.
    at
        Time in New York as 10:31 or 10:31:05, or an ISO instant. Without it the moment at which the
        run had paid most for what it held.
    session
        Date of the session; with --at needed where the run has several.
    catalog
        Folder of the catalog with the market data of the session: the run's, or with --state
        catalog/live, where the node records.
    as_json
        Print one JSON object.
    """
    if state is not None:
        if at is not None or session is not None:
            from autotrade_0dte.config import ConfigError

            raise ConfigError("Expected --at and --session of a run, was --state: that is now")
        _stress_now(run, state, catalog or LIVE_CATALOG, as_json=as_json)
        return
    from autotrade_0dte.analysis.stress_run import catalog_of, held_at, stressed
    from autotrade_0dte.analysis.stress_terminal import print_stress
    from autotrade_0dte.config import load_config
    from autotrade_0dte.data.chain_at import chain_at

    held = held_at(run, at, session=session)
    config = load_config(run / "config.toml")
    market = existing_catalog(catalog or catalog_of(run))
    entry = market.session(config.root, held.session)
    chain = chain_at(market, entry, config, held.at_ns)
    found = stressed(held, chain, entry.chain.contracts, config)
    print_json(found) if as_json else print_stress(found)


def _stress_now(config: Path, state: Path, catalog: Path, *, as_json: bool) -> None:
    from autotrade_0dte.analysis.stress_terminal import print_stress
    from autotrade_0dte.config import load_config
    from autotrade_0dte.nodes.held_now import stressed_now

    found = stressed_now(state, load_config(config), catalog)
    if as_json:
        print_json(found)
        return
    by = found.process or "no process: what the last one kept"
    note = f"Prices of its recording, up to {found.oldest_price_s:,.0f} s old. Node: {by}"
    print_stress(found.stress, of="node", note=note)
