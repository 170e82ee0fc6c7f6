"""Orders from acceptance to their end, matched against the quotes on the board."""

import itertools
import math
from collections.abc import Callable, Mapping

import msgspec

from tiger_nt.simulator.accounts import (
    Account,
    Position,
    User,
    asset_figures,
    market_price,
)
from tiger_nt.simulator.admission import (
    Ticket,
    check_funds,
    check_ticket,
    refuse,
    reserve_price,
)
from tiger_nt.simulator.board import QuoteBoard
from tiger_nt.simulator.book import RestingOrders, fillable
from tiger_nt.simulator.faults import FaultKind, Faults
from tiger_nt.simulator.fees import FeeFunction, fixed_plan
from tiger_nt.simulator.listing import Listing
from tiger_nt.simulator.market import Market, MarketChunk, MarketRow
from tiger_nt.simulator.orders import CommandState, Leg, Order, OrderStatus, Transaction
from tiger_nt.simulator.packages import check_package, check_package_funds, fillable_packages
from tiger_nt.simulator.publisher import Publisher

__all__ = ["Delays", "Exchange"]

FIRST_ID = 44_506_652_990_393_344
"""Tiger's ids are of this size, above 2**53."""
ID_STEP = 2_048
UNKNOWN_WORD = "PartiallyFilled"
NS = 1_000_000


class Delays(msgspec.Struct, frozen=True):
    """Seconds until a new order works, a modify is done, and a cancel is done."""

    accept_s: float = 0.005
    replace_s: float = 0.005
    cancel_s: float = 0.005


DEFAULT_DELAYS = Delays()


class Exchange:
    """Broker and market in one.

    Orders take the size shown at the touch and no more until that side of the quote changes; what
    is left rests, and is served by price, then by time.

    Parameters
    ----------
    market : Market
        Its hours and settlement; its rows come by `on_rows`.
    listing, board
        What is listed, and its quotes.
    users : sequence of User
        Whose accounts there are.
    publisher : Publisher
        Told of everything that changes.
    schedule : callable
        Runs a function after some seconds.
    clock : callable
        The server's clock in nanoseconds, for all stamps.
    wall_clock : callable
        The clock the market's hours are of.
    """

    def __init__(
        self,
        market: Market,
        listing: Listing,
        board: QuoteBoard,
        users: tuple[User, ...],
        publisher: Publisher,
        *,
        faults: Faults,
        schedule: Callable[[float, Callable[[], None]], object],
        clock: Callable[[], int],
        wall_clock: Callable[[], int],
        fees: FeeFunction = fixed_plan,
        delays: Delays = DEFAULT_DELAYS,
    ) -> None:
        self.market = market
        self.listing = listing
        self.board = board
        self.accounts: Mapping[str, Account] = {}
        self.fees = fees
        self.is_closed = False
        self._publisher = publisher
        self._faults = faults
        self._schedule = schedule
        self._clock = clock
        self._wall_clock = wall_clock
        self._delays = delays
        self._users = users
        self._resting = RestingOrders()
        self.reset()
        start = FIRST_ID + clock() // NS % 1_000_000_000 * ID_STEP
        self._ids = itertools.count(start, ID_STEP)
        self._transaction_ids = itertools.count(start + 1, ID_STEP)

    def reset(self) -> None:
        """Bring all accounts back to their start; nobody is told."""
        for account in self.accounts.values():
            for order in account.open_orders():
                # What is scheduled for it will find it at its end and do nothing.
                order.status = OrderStatus.CANCELLED
        self.accounts = {user.account: Account(user) for user in self._users}
        self._resting.clear()

    # -- requests --------------------------------------------------------------------------------

    def place(self, account: Account, ticket: Ticket) -> Order:
        """Take an order, or raise Refusal."""
        self.check(account, ticket)
        if ticket.order_id and any(o.order_id == ticket.order_id for o in account.orders.values()):
            raise refuse(account, "duplicate order id")
        now = self._clock()
        order = Order(
            id=next(self._ids),
            order_id=ticket.order_id,
            account=account.user.account,
            terms=ticket.terms,
            is_buy=ticket.is_buy,
            order_type=ticket.order_type,
            quantity=ticket.quantity,
            limit_price=ticket.limit_price,
            stop_price=ticket.stop_price,
            time_in_force=ticket.time_in_force,
            outside_rth=ticket.outside_rth,
            user_mark=ticket.user_mark,
            source=ticket.source,
            opened_ns=now,
            updated_ms=now // NS,
            status_ms=now // NS,
            reserve_price=reserve_price(ticket.limit_price, self.board[ticket.terms.compact]),
            legs=tuple(Leg(terms=leg.terms, is_buy=leg.is_buy) for leg in ticket.legs),
        )
        account.orders[order.id] = order
        self._publisher.order(order)
        self._schedule(self._delays.accept_s, lambda: self._accept(order))
        return order

    def check(self, account: Account, ticket: Ticket) -> None:
        """Raise Refusal for an order that would not be taken."""
        self._check_open(account)
        if ticket.legs:
            check_package(ticket, account, self.listing)
            check_package_funds(ticket, account, self.fees)
            return
        check_ticket(ticket, account, self.listing)
        check_funds(
            ticket,
            account,
            self.board[ticket.terms.compact],
            self.fees,
            quantity=ticket.quantity,
            limit_price=ticket.limit_price,
        )

    def modify(
        self,
        account: Account,
        order: Order,
        *,
        quantity: int,
        limit_price: float | None,
        stop_price: float | None,
    ) -> None:
        """Take a change of an order at work, or raise Refusal; whether it is done comes later."""
        self._check_open(account)
        if not order.can_modify:
            raise refuse(account, "The order cannot be modified in its current status")
        if order.legs:
            raise refuse(account, "combinations cannot be modified")
        if quantity <= order.filled:
            raise refuse(account, "order quantity must be greater than the filled quantity")
        ticket = Ticket(
            terms=order.terms,
            is_buy=order.is_buy,
            order_type=order.order_type,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
            time_in_force=order.time_in_force,
        )
        check_ticket(ticket, account, self.listing)
        check_funds(
            order,
            account,
            self.board[order.symbol],
            self.fees,
            quantity=quantity - order.filled,
            limit_price=limit_price,
        )
        order.replace_status = CommandState.RECEIVED
        self._told(order)
        is_refused = self._faults.take(FaultKind.MODIFY_REFUSED) is not None
        self._schedule(self._delays.replace_s, lambda: self._replace(order, ticket, is_refused))

    def cancel(self, account: Account, order: Order) -> None:
        """Take a cancel, or raise Refusal; whether it is done comes later."""
        if not order.can_cancel:
            raise refuse(account, "The order cannot be cancelled in its current status")
        order.cancel_status = CommandState.RECEIVED
        self._change(order, OrderStatus.PENDING_CANCEL)
        fails = self._faults.take(FaultKind.CANCEL_FAILS) is not None
        self._schedule(self._delays.cancel_s, lambda: self._end_cancel(order, fails=fails))

    # -- market ----------------------------------------------------------------------------------

    def on_rows(self, chunk: MarketChunk, first: int, last: int) -> None:
        """Take the rows from `first` to before `last`: quotes go out, orders are matched."""
        for row in chunk.rows(first, last):
            self._on_row(row)
        self._publisher.flush()

    def on_quote(self, row: MarketRow) -> None:
        """Take a single row, such as one set by hand."""
        self._on_row(row)
        self._publisher.flush()

    def close_session(self) -> None:
        """End the session: no order stays open, and positions become cash at their intrinsic value.

        Everything listed expires with the session, so good-till-cancelled orders end as well. The
        value is against the market's settlement price, else the last of the underlying; all kinds
        of contracts are paid in cash. This is the simulator's own rule: no exercise, no shares.
        """
        self.is_closed = True
        price = self._settlement_price()
        for account in self.accounts.values():
            for order in account.open_orders():
                order.remark = "The order has expired"
                self._end(order, OrderStatus.INVALID)
            for position in account.positions.values():
                if position.quantity and not math.isnan(price):
                    strike, sign = position.terms.strike, 1 if position.terms.is_call else -1
                    account.settle(position, max(0.0, sign * (price - strike)))
                    self._tell_position(account, position)
            self._tell_assets(account)

    # -- an order's life -------------------------------------------------------------------------

    def _accept(self, order: Order) -> None:
        if order.status is not OrderStatus.INITIAL:
            return
        unknown = self._faults.take(FaultKind.UNKNOWN_STATUS)
        if unknown is not None:
            order.word = unknown.message or UNKNOWN_WORD
        late = self._faults.take(FaultKind.LATE_REJECT)
        if late is not None:
            order.fill_cap = 0
            reason = late.message or "Order rejected by the exchange"
            self._schedule(late.value, lambda: self._reject(order, reason))
        self._change(order, OrderStatus.SUBMITTED)
        self._resting.add(order)
        self._match(order)

    def _reject(self, order: Order, reason: str) -> None:
        if order.status.is_open:
            order.remark = reason
            self._end(order, OrderStatus.INACTIVE)

    def _replace(self, order: Order, ticket: Ticket, is_refused: bool) -> None:
        done = not is_refused and order.can_modify and ticket.quantity > order.filled
        order.replace_status = CommandState.REPLACED if done else CommandState.FAILED
        if done:
            order.quantity = ticket.quantity
            order.limit_price = ticket.limit_price
            order.stop_price = ticket.stop_price
            order.reserve_price = reserve_price(ticket.limit_price, self.board[order.symbol])
            self._resting.requeue(order)
        self._told(order)
        if done:
            self._match(order)

    def _end_cancel(self, order: Order, *, fails: bool) -> None:
        if order.status is not OrderStatus.PENDING_CANCEL:
            return
        if fails:
            order.cancel_status = CommandState.FAILED
            self._change(order, OrderStatus.SUBMITTED)
        else:
            self._end(order, OrderStatus.CANCELLED)

    def _end(self, order: Order, status: OrderStatus) -> None:
        self._resting.discard(order)
        self._change(order, status)

    def _change(self, order: Order, status: OrderStatus) -> None:
        order.status = status
        order.status_ms = self._now_ms()
        self._told(order)

    def _told(self, order: Order) -> None:
        order.updated_ms = self._now_ms()
        self._publisher.order(order)

    # -- matching --------------------------------------------------------------------------------

    def _on_row(self, row: MarketRow) -> None:
        quote = self.board.get(row.symbol)
        if quote is None:
            return
        quote.update(row)
        self._publisher.quote(quote, row)
        if row.has_quote and (waiting := self._resting.of(row.symbol)):
            self._publisher.flush()  # who is filled has seen the quote that did it
            for order in waiting:
                self._match(order)

    def _match(self, order: Order) -> None:
        if order.legs:
            quantity = fillable_packages(order, self.board)
        else:
            quantity = fillable(order, self.board[order.symbol])
        if quantity == 0 or (order.legs and self._is_unmatched(order)):
            return
        if order.fill_cap is None and order.remaining > 1:
            fault = self._faults.take(FaultKind.PARTIAL_FILL)
            order.fill_cap = None if fault is None else max(1, int(fault.value))
        if order.fill_cap is not None:
            quantity = min(quantity, order.fill_cap)
            order.fill_cap -= quantity
        if quantity > 0:
            self._fill(order, quantity)

    def _is_unmatched(self, package: Order) -> bool:
        fault = self._faults.take(FaultKind.UNMATCHED_PACKAGES)
        return fault is not None and (package.limit_price or 0.0) < fault.value

    def _fill(self, order: Order, quantity: int) -> None:
        """Fill the order, of a package both legs at once, at what the market shows."""
        account = self.accounts[order.account]
        positions, net = [], 0.0
        for part in order.parts:
            price = self.board[part.symbol].take(is_buy=part.is_buy, quantity=quantity)
            net += price if part.is_buy or not order.legs else -price
            positions.append(self._book(account, order, part, quantity, price))
        if order.legs:
            order.fills.append((quantity, round(net, 6)))
            order.realized = sum(leg.realized for leg in order.legs)
        order.filled += quantity
        if order.remaining:
            self._told(order)
        else:
            if order.status is OrderStatus.PENDING_CANCEL:
                order.cancel_status = CommandState.FAILED
            self._end(order, OrderStatus.FILLED)
        for position in positions:
            self._tell_position(account, position)
        self._tell_assets(account)

    def _book(
        self, account: Account, order: Order, part: Order | Leg, quantity: int, price: float
    ) -> Position:
        root, is_sell = part.terms.root, not part.is_buy
        before = self.fees(root, is_sell, part.fills)
        part.fills.append((quantity, price))
        fee = self.fees(root, is_sell, part.fills) - before
        order.commission = round(order.commission + fee, 6)
        transaction = Transaction(
            id=next(self._transaction_ids),
            order_id=order.id,
            account=order.account,
            terms=part.terms,
            is_buy=part.is_buy,
            quantity=quantity,
            price=price,
            time_ms=self._now_ms(),
        )
        account.transactions.append(transaction)
        self._publisher.transaction(transaction)
        return account.book(part, quantity, price, fee)

    def _tell_position(self, account: Account, position: Position) -> None:
        self._publisher.position(account, position, market_price(position, self.board))

    def _tell_assets(self, account: Account) -> None:
        self._publisher.assets(account, asset_figures(account, self.board, self.fees))

    def _settlement_price(self) -> float:
        if self.market.settlement is not None:
            return self.market.settlement
        quote = self.board[self.listing.underlying]
        return quote.mark if math.isnan(quote.last) else quote.last

    def _check_open(self, account: Account) -> None:
        if self.is_closed or not self.market.hours.is_open(self._wall_clock()):
            raise refuse(account, "Orders cannot be placed at this moment")

    def _now_ms(self) -> int:
        return self._clock() // NS
