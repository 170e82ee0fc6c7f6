"""Keeps how orders were worked: parent orders, their steps, and the market after each fill."""

from collections import deque
from collections.abc import Sequence

from autotrade_0dte.actors.mark_rows import MarkRows, chain_quote
from autotrade_0dte.actors.parent_rows import ParentRows
from autotrade_0dte.actors.row_buffer import Columns
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import FeeSchedule
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package import net_quote
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.execution.walk_record import WalkEvent, WalkRecord

__all__ = ["ExecutionRows"]

_UNKNOWN = (float("nan"),) * 5


class ExecutionRows:
    """Turns the desk's log and the chain's snapshots into the tables `parents`, `steps`, `marks`.

    What the desk tells is only kept until the next snapshot, so that no order waits for its rows.

    Parameters
    ----------
    instrument_ids : sequence of str
        Engine ids of the chain's contracts, in the order of the book's rows.
    fees : FeeSchedule
        The session's price list.
    desk : DeskParams
        The desk's rules.
    stale_after_s : float
        Age from which the quote at a fill is no longer taken for the market.
    """

    def __init__(
        self,
        instrument_ids: Sequence[str],
        fees: FeeSchedule,
        desk: DeskParams,
        stale_after_s: float,
    ) -> None:
        self._row = {name: row for row, name in enumerate(instrument_ids)}
        self._chain: ChainSnapshot | None = None
        self._told: deque[ParentOrder | WalkRecord] = deque()
        self._parents = ParentRows(fees, desk)
        self._marks = MarkRows(self._row, stale_after_s)

    def parent(self, order: ParentOrder) -> None:
        """Take a new parent order."""
        self._told.append(order)

    def record(self, record: WalkRecord) -> None:
        """Take what happened to one."""
        self._told.append(record)

    def snapshot(self, chain: ChainSnapshot) -> None:
        """Look at the market as the orders at work and the fills before find it."""
        self._take_told()
        self._chain = chain
        self._marks.snapshot(chain)
        for order in self._parents.working():
            row = self._row.get(order.instrument_id)
            if row is not None:
                self._parents.look(order.parent_id, chain_quote(chain, row))
        for package, legs in self._parents.working_packages():
            rows = [self._row.get(leg.instrument_id) for leg in legs]
            quotes = [chain_quote(chain, row) for row in rows if row is not None]
            if len(quotes) == len(rows):
                bought, sold = quotes
                self._parents.look(package.parent_id, net_quote(bought, sold, package.side))

    def parents(self) -> Columns:
        """Return the table of parent orders."""
        self._take_told()
        return self._parents.parents()

    def steps(self) -> Columns:
        """Return the table of what happened to them."""
        self._take_told()
        return self._parents.steps()

    def marks(self) -> Columns:
        """Return the table of the market at fills and after them."""
        self._take_told()
        return self._marks.columns()

    def _take_told(self) -> None:
        while self._told:
            told = self._told.popleft()
            if isinstance(told, ParentOrder):
                self._parents.add(told, self._arrival(told))
            else:
                self._take_record(told)

    def _take_record(self, record: WalkRecord) -> None:
        parent = self._parents.record(record)
        if parent is not None and record.event is WalkEvent.FILLED:
            self._marks.fill(record, parent)

    def _arrival(self, order: ParentOrder) -> OrderQuote:
        """Return the quote of the newest snapshot by the decision, which it was made on."""
        chain, row = self._chain, self._row.get(order.instrument_id)
        if chain is None or row is None or chain.ts_event > order.decided_ns:
            return OrderQuote(order.decided_ns, *_UNKNOWN)
        return chain_quote(chain, row)
