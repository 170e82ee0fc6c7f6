"""What a check of the risk gate costs: without scenarios, and with the grid over the session.

A realistic book: four positions, of which two make a vertical, three orders at work, one of them an
exit, and a chain of 200 contracts. Every check is on, and the order passes all of them, so that
none is left out. `reducing_us` is an order that only closes, which has its way before the limits.
"""

import datetime as dt
import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.products import product
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate import RiskGate
from autotrade_0dte.risk.gate_case import GateFacts
from autotrade_0dte.risk.gate_greeks import warm as warm_greeks
from autotrade_0dte.risk.gate_scenario import worst_loss_of
from autotrade_0dte.risk.limits import AccountLimits, DayTradePolicy, ExpiryLimits, LimitParams
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import RiskPicture
from autotrade_0dte.risk.proposed_order import Contract, GateQuote, Owner, ProposedOrder
from autotrade_0dte.risk.session_grid import GridParams
from autotrade_0dte.risk.session_grid import warm as warm_grid
from benchmarks.bench_chain import NOW_NS, quoted_book

CONTRACTS = 200
SPOT = 600.0
_NS = 1_000_000_000
_DAY = dt.date(2026, 7, 17)
_REGULAR = Owner("Regular-001", "regular", "P007")
_ANOMALY = Owner("Anomaly-002", "anomaly", "P003")
_HELD = ((-4, 3, _REGULAR), (4, -3, _REGULAR), (-10, 2, _ANOMALY), (9, 2, _ANOMALY))
"""Rows from the money, contracts, and whose."""


def run(rounds: int = 20_000) -> dict[str, Any]:
    """Return median microseconds of a check, and the figures of the book it was made in."""
    warm_greeks()
    warm_grid()
    chain = quoted_book(CONTRACTS).snapshot(NOW_NS, SPOT)
    limits = LimitParams(
        account=AccountLimits(day_trades=DayTradePolicy.INTRADAY_MARGIN),
        expiry=ExpiryLimits(flattened_is_exempt=False, exercise_lead_s=23_400.0),
    )
    facts = GateFacts(
        product=product("SPY"),
        open_ns=NOW_NS - 3_600 * _NS,
        close_ns=chain.expiry_ns,
        flatten_ns=chain.expiry_ns - 900 * _NS,
        exercise_test_ns=chain.expiry_ns - 7_200 * _NS,
        can_short_shares=True,
        short_legs=True,
    )
    gate, exposure = RiskGate(limits, facts), _book(chain)
    entry = _order(chain, 6, 2, "entry", msgspec.structs.replace(_REGULAR, plan_id="P008"))
    closing = _order(chain, -10, -1, "exit", _ANOMALY)
    quote = _quote(chain, entry)
    picture = RiskPicture(
        ts_event=NOW_NS,
        mode=RiskMode.NORMAL,
        equity=100_000.0,
        start_equity=100_000.0,
        peak_equity=100_000.0,
        premium_usd=5_000.0,
    )

    def check(order: ProposedOrder, grid: GridParams | None = None) -> Callable[[], Any]:
        def once() -> Any:
            loss = None if grid is None else worst_loss_of(order, exposure, chain, grid)
            return gate.check(
                order, exposure, quote, chain, picture, NOW_NS,
                worst_loss=loss, others={"QQQ": 1_500.0},
            )  # fmt: skip

        if (denial := once()) is not None:
            raise RuntimeError(f"Expected an order that passes every check, was {denial}")
        return once

    return {
        "positions": len(_HELD),
        "working_orders": len(exposure.orders),
        "check_us": _median_us(check(entry), rounds),
        "with_scenarios_us": _median_us(check(entry, GridParams()), rounds // 10),
        "reducing_us": _median_us(check(closing), rounds),
    }


def _book(chain: ChainSnapshot) -> Exposure:
    exposure = Exposure(100_000.0, 100_000.0)
    for offset, quantity, owner in _HELD:
        contract = _contract(chain, offset)
        price = float(chain.mid[contract.row])
        exposure.filled(f"F{offset}", contract, quantity, price, 3.2, owner)
    entering = msgspec.structs.replace(_ANOMALY, plan_id="P004")
    for offset, quantity, owner in ((-10, -1, _ANOMALY), (12, 2, entering), (-4, 1, _REGULAR)):
        order = _order(chain, offset, quantity, f"W{offset}", owner)
        exposure.submitted(order, NOW_NS - 20 * _NS)
    return exposure


def _contract(chain: ChainSnapshot, offset: int) -> Contract:
    """Return the contract of a row counted from the money; even rows are calls."""
    row = CONTRACTS // 2 + offset
    return Contract(
        name=f"ROW{row}.US",
        root="SPY",
        expiry=_DAY,
        is_call=bool(chain.is_call[row]),
        strike=float(chain.strike[row]),
        multiplier=100,
        row=row,
    )


def _order(
    chain: ChainSnapshot, offset: int, quantity: int, order_id: str, owner: Owner
) -> ProposedOrder:
    contract = _contract(chain, offset)
    price = round(float(chain.ask[contract.row]), 2)
    return ProposedOrder(
        order_id=order_id,
        contract=contract,
        quantity=quantity,
        price=price,
        fee_usd=3.2,
        owner=owner,
    )


def _quote(chain: ChainSnapshot, order: ProposedOrder) -> GateQuote:
    row = order.contract.row
    return GateQuote(
        bid=float(chain.bid[row]),
        ask=float(chain.ask[row]),
        age_s=1.0,
        fair=float(chain.mid[row]),
        spot=SPOT,
    )


def _median_us(once: Callable[[], Any], rounds: int) -> float:
    """Return the median of single calls; the collector, which runs now and then, is left out."""
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            started = time.perf_counter_ns()
            once()
            times.append(time.perf_counter_ns() - started)
    finally:
        gc.enable()
    return round(statistics.median(times) / 1_000, 2)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
