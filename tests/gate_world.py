"""One order before the gate, with everything around it: what a test does not name is harmless."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from quoted_chain import EXPIRY_NS, NOW_NS, QuotedChain

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.products import product
from autotrade_0dte.risk.deny import Denial
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate import RiskGate
from autotrade_0dte.risk.gate_case import GateFacts, WorstLoss
from autotrade_0dte.risk.limits import LimitParams
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import RiskPicture
from autotrade_0dte.risk.proposed_order import Contract, GateQuote, Owner, ProposedOrder

NS = 1_000_000_000
DAY = dt.date(2026, 7, 17)
OPEN_NS = EXPIRY_NS - 23_400 * NS
CHAIN = QuotedChain(range(590, 611)).book.snapshot(NOW_NS, 600.0)
MINE = Owner("Regular-001", "regular", "P001")
SAME_STRATEGY = Owner("Regular-001", "regular", "P000")
SAME_TRACK = Owner("Second-003", "regular", "P000")
THEIRS = Owner("Anomaly-002", "anomaly", "P000")
QUOTE = GateQuote(bid=1.98, ask=2.00, age_s=1.0, fair=1.99, spot=600.0)
FACTS = GateFacts(
    product=product("SPY"),
    open_ns=OPEN_NS,
    close_ns=EXPIRY_NS,
    exercise_test_ns=EXPIRY_NS - 7_200 * NS,
    short_legs=True,
)
PICTURE = RiskPicture(
    ts_event=NOW_NS,
    mode=RiskMode.NORMAL,
    equity=100_000.0,
    start_equity=100_000.0,
    peak_equity=100_000.0,
    premium_usd=0.0,
)


def contract(strike: float = 600.0, *, is_call: bool = True, **changes: Any) -> Contract:
    """Return a contract of the chain; one outside it has row -1."""
    found = np.flatnonzero((CHAIN.strike == strike) & (CHAIN.is_call == is_call))
    terms = {
        "name": f"SPY{strike}{'C' if is_call else 'P'}",
        "root": "SPY",
        "expiry": DAY,
        "is_call": is_call,
        "strike": strike,
        "multiplier": 100,
        "row": int(found[0]) if found.size else -1,
    }
    return Contract(**(terms | changes))


CALL, HIGHER, FAR, PUT = contract(), contract(605.0), contract(606.0), contract(is_call=False)
ORDER = ProposedOrder(
    order_id="O-1", contract=CALL, quantity=2, price=2.00, fee_usd=3.0, owner=MINE
)


def order(**changes: Any) -> ProposedOrder:
    """Return the usual order, a buy of two calls at 2.00, with changes."""
    return msgspec.structs.replace(ORDER, **changes)


def limits(**changes: Mapping[str, Any]) -> LimitParams:
    """Return the default limits with changes by part: ``limits(order={"max_contracts": 1})``."""
    usual = LimitParams()
    parts = {
        name: msgspec.structs.replace(getattr(usual, name), **part)
        for name, part in changes.items()
    }
    return msgspec.structs.replace(usual, **parts)


def chain_of(**greeks: float) -> ChainSnapshot:
    """Return the chain with Greeks that are the same in every row, 0 where none is named."""
    columns = {}
    for name in ("delta", "gamma", "vega", "theta"):
        column = np.full(CHAIN.strike.size, greeks.get(name, 0.0))
        column.flags.writeable = False
        columns[name] = column
    return msgspec.structs.replace(CHAIN, **columns)


def book(
    *held: tuple[Contract, int, float, Owner],
    working: tuple[ProposedOrder, ...] = (),
    cash: float = 100_000.0,
    sent_ns: int = NOW_NS - 50 * NS,
    **more: float,
) -> Exposure:
    """Return a ledger: positions as contract, quantity, price paid and owner, and orders at work.

    `cash` is what there is after all that.
    """
    exposure = Exposure(0.0, **more)
    for number, (what, quantity, price, owner) in enumerate(held):
        exposure.filled(f"F-{number}", what, quantity, price, owner=owner)
    for at_work in working:
        exposure.submitted(at_work, sent_ns)
    exposure.cash = cash
    return exposure


@dataclass
class World:
    """The arguments of one check."""

    order: ProposedOrder = ORDER
    limits: LimitParams = LimitParams()  # noqa: RUF009 - frozen
    facts: GateFacts = FACTS
    exposure: Exposure = field(default_factory=book)
    quote: GateQuote = QUOTE
    chain: ChainSnapshot | None = CHAIN
    picture: RiskPicture = PICTURE
    now_ns: int = NOW_NS
    worst_loss: WorstLoss | None = None
    others: Mapping[str, float] = field(default_factory=dict)

    def verdict(self) -> Denial | None:
        """Return what a gate of these limits says."""
        return RiskGate(self.limits, self.facts).check(
            self.order, self.exposure, self.quote, self.chain, self.picture, self.now_ns,
            worst_loss=self.worst_loss, others=self.others,
        )  # fmt: skip


def losing(usd_a_contract: float, before: float = 0.0) -> WorstLoss:
    """Return a worst loss that grows with the order."""
    return lambda _row, quantity, _price, _enough: before + abs(quantity) * usd_a_contract


UNKNOWN = math.nan
