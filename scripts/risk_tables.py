"""Write the tables of docs/risk.md from the code: refusals of the gate, rungs of the ladder.

    python scripts/risk_tables.py [--write]

Without --write nothing is written, and a difference from the document ends with exit code 1.
"""

import argparse
import operator
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from document_part import compared_or_written

from autotrade_0dte.risk.deny import DenyReason
from autotrade_0dte.risk.ladder_params import LadderParams
from autotrade_0dte.risk.limits import LimitParams
from autotrade_0dte.risk.mode import RiskMode, Trigger
from autotrade_0dte.risk.rungs import BY_WORD, FIGURES, Rung, rungs_of

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "risk.md"
REFUSALS = "<!-- refusals: begin -->", "<!-- refusals: end -->"
RUNGS = "<!-- rungs: begin -->", "<!-- rungs: end -->"

_NS = 1_000_000_000

LIMITS: dict[DenyReason, tuple[str, ...]] = {
    DenyReason.BAD_QUANTITY: (),
    DenyReason.OPPOSED: (),
    DenyReason.NAKED_SHORT: (),
    DenyReason.HALTED: (),
    DenyReason.NO_PRICE_LIMIT: (),
    DenyReason.ORDER_CONTRACTS: ("order.max_contracts",),
    DenyReason.ORDER_PREMIUM: ("order.max_premium_usd",),
    DenyReason.ORDER_NOTIONAL: ("order.max_notional_usd",),
    DenyReason.OFF_TICK: (),
    DenyReason.QUOTE_AGE: ("order.max_age_s",),
    DenyReason.SPREAD: ("order.max_spread_ticks", "order.max_spread_fraction"),
    DenyReason.COLLAR_QUOTE: ("order.collar_ticks", "order.collar_fraction"),
    DenyReason.COLLAR_FAIR: ("order.collar_ticks", "order.collar_fraction"),
    DenyReason.DUPLICATE: ("order.duplicate_window_s",),
    DenyReason.ORDER_RATE: ("order.max_orders_a_minute",),
    DenyReason.TOO_EARLY: ("session.no_entry_after_open_s",),
    DenyReason.TOO_LATE: ("session.last_entry_before_close_s",),
    DenyReason.FLATTEN_DEADLINE: (),
    DenyReason.ENTRIES_A_DAY: ("portfolio.max_entries",),
    DenyReason.LOSS_STREAK: ("portfolio.max_losses_in_row", "portfolio.loss_pause_s"),
    DenyReason.PIN_ZONE: ("expiry.pin_fraction", "expiry.pin_before_close_s"),
    DenyReason.EXERCISE_NOT_FUNDED: ("expiry.exercise_band_fraction", "expiry.exercise_lead_s"),
    DenyReason.SERIES_CONTRACTS: ("position.max_series_contracts",),
    DenyReason.CLUSTER_CONTRACTS: ("position.max_cluster_contracts", "position.cluster_fraction"),
    DenyReason.STRATEGY_PLANS: ("position.max_strategy_plans",),
    DenyReason.TRACK_PLANS: ("position.max_track_plans",),
    DenyReason.STRATEGY_PREMIUM: ("position.max_strategy_premium_usd",),
    DenyReason.TRACK_PREMIUM: ("position.max_track_premium_usd",),
    DenyReason.PREMIUM_EXCEEDS_CASH: (),
    DenyReason.DAY_TRADES: ("account.day_trades",),
    DenyReason.INTRADAY_MARGIN: ("account.day_trades", "account.margin_min_equity_usd"),
    DenyReason.PREMIUM_AT_RISK: ("portfolio.max_premium_usd",),
    DenyReason.CAPITAL_USE: ("portfolio.max_capital_fraction",),
    DenyReason.NET_DELTA: ("portfolio.max_delta_usd",),
    DenyReason.NET_GAMMA: ("portfolio.max_gamma_usd",),
    DenyReason.NET_VEGA: ("portfolio.max_vega_usd",),
    DenyReason.NET_THETA: ("portfolio.max_theta_usd",),
    DenyReason.BETA_DELTA: ("correlation.max_beta_delta_usd",),
    DenyReason.SCENARIO_LOSS: ("portfolio.max_worst_loss_fraction",),
}
WITHOUT_LIMIT = {
    DenyReason.BAD_QUANTITY: "a whole number of contracts above zero",
    DenyReason.OPPOSED: "no other strategy, for an entry no other plan, on the other side",
    DenyReason.NAKED_SHORT: "a long option beside every short one",
    DenyReason.HALTED: "the mode is below HALT_ENTRIES",
    DenyReason.NO_PRICE_LIMIT: "a limit to what it may cost",
    DenyReason.OFF_TICK: "a price on the contract's tick",
    DenyReason.FLATTEN_DEADLINE: "before `expiry.flatten_before_close_s`",
    DenyReason.PREMIUM_EXCEEDS_CASH: "the cash, fees and orders at work counted",
}


def main() -> int:
    """Compare or write; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    codes = [
        compared_or_written(DOCUMENT, REFUSALS, "\n".join(_refusals()), write=write),
        compared_or_written(DOCUMENT, RUNGS, "\n".join(_rungs()), write=write),
    ]
    return max(codes)


def _refusals() -> Iterator[str]:
    yield "| code | limit, under `[risk.limits]` | default |"
    yield "|---|---|---|"
    defaults = LimitParams()
    for reason in DenyReason:
        keys = LIMITS[reason]
        named = ", ".join(f"`{key}`" for key in keys) or WITHOUT_LIMIT[reason]
        values = ", ".join(_shown(operator.attrgetter(key)(defaults)) for key in keys)
        yield f"| `{reason}` | {named} | {values} |"


def _rungs() -> Iterator[str]:
    yield "| trigger | asks for | its figure, from | for | ends |"
    yield "|---|---|---|---|---|"
    rungs = rungs_of(LadderParams())
    for trigger in Trigger:
        for rung in rungs[trigger]:
            yield _rung(rung)


def _rung(rung: Rung) -> str:
    of_word = rung.trigger in BY_WORD
    figure = FIGURES[rung.trigger]
    begins = "" if of_word else f"`{figure}` {_shown(rung.at)}"
    confirm = f"{rung.confirm_ns / _NS:g} s" if rung.confirm_ns else ""
    if rung.latched:
        ends = "by `autotrade rearm`"
        if not of_word:
            ends += f", once below {_shown(rung.until)}"
    else:
        ends = f"by itself, below {_shown(rung.until)}"
        if rung.hold_ns:
            ends += f" for {rung.hold_ns / _NS:g} s"
    asks = RiskMode(rung.asks).name + (f" ({rung.text})" if rung.text else "")
    return f"| `{rung.trigger}` | {asks} | {begins} | {confirm} | {ends} |"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.10g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
