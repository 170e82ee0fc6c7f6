"""REST methods about an account: money, positions, orders, executions."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from tiger_nt.simulator.accounts import (
    Account,
    User,
    asset_figures,
    position_item,
    prime_assets_item,
)
from tiger_nt.simulator.admission import Ticket, refuse, ticket_of
from tiger_nt.simulator.errors import ACCESS, Refusal
from tiger_nt.simulator.exchange import Exchange
from tiger_nt.simulator.listing import terms_of
from tiger_nt.simulator.orders import (
    MULTIPLIER,
    Order,
    OrderStatus,
    Transaction,
    contract_item,
    order_item,
    transaction_item,
)
from tiger_nt.simulator.packages import MLEG, package_ticket_of

__all__ = ["TradeMethods"]

FIRST_ORDER_NO = 300
ORDERS_A_PAGE = 300
TRANSACTIONS_A_PAGE = 100
ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.INACTIVE, OrderStatus.INVALID})
OPEN = frozenset(status for status in OrderStatus if status.is_open)
FILLED = frozenset({OrderStatus.FILLED})
BY_CHANGE = "LATEST_STATUS_UPDATED"
"""Lists orders by when their state changed last; by default it is when they were made."""

type Item = dict[str, Any]


class TradeMethods:
    """Answers from the exchange's accounts; a user sees its own account only."""

    def __init__(self, exchange: Exchange, clock: Callable[[], int]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._order_numbers = itertools.count(FIRST_ORDER_NO)
        methods: dict[str, Callable[[Account, Item], Any]] = {
            "accounts": self._accounts,
            "assets": self._assets,
            "prime_assets": self._prime_assets,
            "positions": self._positions,
            "contract": self._contract,
            "contracts": self._contracts,
            "order_no": self._order_no,
            "preview_order": self._preview,
            "place_order": self._place,
            "modify_order": self._modify,
            "cancel_order": self._cancel,
            "orders": self._orders,
            "active_orders": lambda account, body: self._page(account, body, OPEN),
            "inactive_orders": lambda account, body: self._page(account, body, ENDED),
            "filled_orders": lambda account, body: self._page(account, body, FILLED),
            "order_transactions": self._transactions,
        }
        self.methods: dict[str, Callable[[User, Item], Any]] = {
            name: self._for_account(method) for name, method in methods.items()
        }

    def _for_account(self, method: Callable[[Account, Item], Any]) -> Callable[[User, Item], Any]:
        def call(user: User, body: Item) -> Any:
            if body.get("account") not in {None, "", user.account}:
                raise Refusal(ACCESS, "access forbidden(no permission for this account)")
            return method(self._exchange.accounts[user.account], body)

        return call

    # -- money and positions ---------------------------------------------------------------------

    def _accounts(self, account: Account, _: Item) -> Item:
        user = account.user
        kind = "PAPER" if user.is_paper else "STANDARD"
        return {
            "items": [
                {
                    "account": user.account,
                    "capability": "CASH",
                    "status": "Funded",
                    "accountType": kind,
                }
            ]
        }

    def _assets(self, account: Account, _: Item) -> Item:
        figures = asset_figures(account, self._exchange.board, self._exchange.fees)
        return {
            "items": [
                {
                    "account": account.user.account,
                    "capability": "CASH",
                    "currency": "USD",
                    "cashValue": figures.cash,
                    "availableFunds": figures.free_cash,
                    "buyingPower": figures.free_cash,
                    "netLiquidation": figures.net_liquidation,
                    "equityWithLoan": figures.net_liquidation,
                    "grossPositionValue": figures.position_value,
                    "initMarginReq": 0.0,
                    "maintMarginReq": 0.0,
                    "realizedPnL": account.realized,
                    "unrealizedPnL": figures.unrealized,
                    "updateTime": self._now_ms(),
                }
            ]
        }

    def _prime_assets(self, account: Account, _: Item) -> Item:
        figures = asset_figures(account, self._exchange.board, self._exchange.fees)
        return prime_assets_item(account, figures, self._now_ms())

    def _positions(self, account: Account, body: Item) -> Item:
        kind = body.get("sec_type") or "STK"  # stocks by default, as the SDK's call has it
        if kind not in {"OPT", "ALL"}:
            return {"items": []}
        return {
            "items": [
                position_item(account, position, self._exchange.board)
                for position in account.positions.values()
                if position.quantity and body.get("symbol") in {None, "", position.terms.root}
            ]
        }

    # -- contracts -------------------------------------------------------------------------------

    def _contract(self, account: Account, body: Item) -> Item:
        if body.get("sec_type") == "OPT":
            terms = terms_of(body)
            if terms.compact not in self._exchange.listing.options:
                raise refuse(account, "contract not found or expired")
            return {**contract_item(terms), **_TRADABLE, "name": terms.root}
        symbol = str(body.get("symbol"))
        if not self._exchange.listing.is_stock(symbol):
            raise refuse(account, "contract not found or expired")
        stock = {"symbol": symbol, "secType": "STK", "currency": "USD", "market": "US"}
        return {**stock, **_TRADABLE, "multiplier": 1, "name": symbol}

    def _contracts(self, account: Account, body: Item) -> Item:
        symbols = body.get("symbols") or []
        return {"items": [self._contract(account, {**body, "symbol": name}) for name in symbols]}

    # -- orders ----------------------------------------------------------------------------------

    def _order_no(self, _account: Account, _: Item) -> Item:
        return {"orderId": next(self._order_numbers)}

    def _preview(self, account: Account, body: Item) -> Item:
        figures = asset_figures(account, self._exchange.board, self._exchange.fees)
        item: Item = {
            "account": account.user.account,
            "isPass": True,
            "message": "",
            "marginCurrency": "USD",
            "commissionCurrency": "USD",
            "initMargin": 0.0,
            "initMarginBefore": 0.0,
            "maintMargin": 0.0,
            "maintMarginBefore": 0.0,
            "equityWithLoan": figures.net_liquidation,
            "equityWithLoanBefore": figures.net_liquidation,
            "availableEE": figures.free_cash,
            "excessLiquidity": figures.free_cash,
            "overnightLiquidation": figures.free_cash,
            "gst": 0.0,
        }
        ticket = _ticket_of(body, account)
        price = ticket.limit_price or self._touch(ticket)
        item["commission"] = sum(
            self._exchange.fees(part.terms.root, not part.is_buy, [(ticket.quantity, price)])
            for part in ticket.legs or (ticket,)
        )
        try:
            self._exchange.check(account, ticket)
        except Refusal as refusal:
            item |= {"isPass": False, "message": refusal.text}
        return item

    def _touch(self, ticket: Ticket) -> float:
        quote = self._exchange.board.get(ticket.terms.compact)
        if quote is None:
            return 0.0
        return quote.ask if ticket.is_buy else quote.bid

    def _place(self, account: Account, body: Item) -> Item:
        order = self._exchange.place(account, _ticket_of(body, account))
        return {
            "id": order.id,
            "orderId": order.order_id,
            "subIds": [],
            "orders": [order_item(order)],
        }

    def _modify(self, account: Account, body: Item) -> Item:
        order = _find(account, body)
        if body.get("order_type", order.order_type) != order.order_type:
            raise refuse(account, "the order type cannot be modified")
        self._exchange.modify(
            account,
            order,
            quantity=int(body.get("total_quantity", order.quantity)),
            limit_price=body.get("limit_price", order.limit_price),
            stop_price=body.get("aux_price", order.stop_price),
        )
        return {"id": order.id, "orderId": order.order_id}

    def _cancel(self, account: Account, body: Item) -> Item:
        order = _find(account, body)
        self._exchange.cancel(account, order)
        return {"id": order.id, "orderId": order.order_id}

    def _orders(self, account: Account, body: Item) -> Item:
        if body.get("id") or body.get("order_id"):
            return order_item(_find(account, body))
        return self._page(account, body, frozenset(OrderStatus))

    def _page(self, account: Account, body: Item, statuses: frozenset[OrderStatus]) -> Item:
        begin, end = _times(body)
        wanted_states = body.get("states") or []
        by_change = body.get("sort_by") == BY_CHANGE
        found = [
            order
            for order in account.orders.values()
            if order.status in statuses
            and begin <= (order.status_ms if by_change else order.opened_ms) <= end
            and (not wanted_states or order.status.value in wanted_states)
            and _is_of(order, body)
        ]
        rank = _by_change if by_change else _by_making
        page, token = _paged(found, body, ORDERS_A_PAGE, rank)
        return {"items": [order_item(order) for order in page], "nextPageToken": token}

    def _transactions(self, account: Account, body: Item) -> Item:
        begin, end = _times(body)
        found = [
            transaction
            for transaction in account.transactions
            if begin <= transaction.time_ms <= end
            and body.get("order_id") in {None, 0, transaction.order_id}
            and _is_of(transaction, body)
        ]
        page, token = _paged(found, body, TRANSACTIONS_A_PAGE, _by_making)
        return {"items": [transaction_item(each) for each in page], "nextPageToken": token}

    def _now_ms(self) -> int:
        return self._clock() // 1_000_000


_TRADABLE: Item = {"tradeable": True, "status": 1, "primaryExchange": "", "multiplier": MULTIPLIER}


def _ticket_of(body: Item, account: Account) -> Ticket:
    is_package = body.get("sec_type") == MLEG
    return package_ticket_of(body, account) if is_package else ticket_of(body, account)


def _find(account: Account, body: Item) -> Order:
    wanted, number = body.get("id"), body.get("order_id")
    found = account.orders.get(wanted) if wanted else None
    if not wanted and number:
        found = next((o for o in account.orders.values() if o.order_id == number), None)
    if found is None:
        raise refuse(account, "not_found:Order does not exist")
    return found


def _times(body: Item) -> tuple[int, int]:
    """Return the first and last millisecond asked for."""
    return int(body.get("start_date") or 0), int(body.get("end_date") or 1 << 62)


def _is_of(entry: Order | Transaction, body: Item) -> bool:
    kind, symbol = body.get("sec_type"), body.get("symbol")
    if kind and kind != "ALL" and kind != (MLEG if _has_legs(entry) else "OPT"):
        return False
    return not symbol or symbol in {entry.terms.root, entry.terms.osi}


def _has_legs(entry: Order | Transaction) -> bool:
    return isinstance(entry, Order) and bool(entry.legs)


def _by_making(entry: Order | Transaction) -> tuple[int, int]:
    return 0, entry.id


def _by_change(order: Order) -> tuple[int, int]:
    return order.status_ms, order.id


def _paged[Entry: (Order, Transaction)](
    entries: Iterable[Entry], body: Item, most: int, rank: Callable[[Entry], tuple[int, int]]
) -> tuple[list[Entry], str]:
    """Return the newest entries older than the token's, and the next token, empty at the end."""
    limit = min(int(body.get("limit") or most), most)
    ranked = sorted(entries, key=rank, reverse=True)
    if token := body.get("page_token"):
        last = tuple(int(number) for number in str(token).split("."))
        ranked = [entry for entry in ranked if rank(entry) < last]
    page = ranked[:limit]
    return page, ".".join(map(str, rank(page[-1]))) if len(ranked) > limit else ""
