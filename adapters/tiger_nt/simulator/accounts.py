"""Users, their accounts, and the money in them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tiger_nt.simulator.board import QuoteBoard
from tiger_nt.simulator.fees import FeeFunction
from tiger_nt.simulator.orders import MULTIPLIER, Leg, Order, Transaction, contract_item
from tiger_nt.symbols import OptionTerms

__all__ = ["DEFAULT_USERS", "OPTION_QUOTES", "STOCK_QUOTES", "Account", "AssetFigures"]
__all__ += ["Position", "User", "asset_figures", "market_price", "order_fees"]
__all__ += ["position_item", "prime_assets_item"]

STOCK_QUOTES = "usQuoteBasic"
OPTION_QUOTES = "usOptionQuote"
_PAPER_DIGITS = 17


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A developer of Tiger with one account.

    Parameters
    ----------
    tiger_id, account : str
        Account numbers of 17 digits are paper.
    license : str, default "TBNZ"
        Tiger's entity.
    cash : float, default 100000
        Dollars at the start.
    permissions : tuple of str
        Quote permissions, `STOCK_QUOTES` and `OPTION_QUOTES`.
    quote_limit, tick_limit : int, default 100
        Symbols that may be subscribed, quotes and prints counted apart.
    calls_per_minute : dict of str to int
        Limits of REST methods where they differ from Tiger's published ones.
    """

    tiger_id: str
    account: str
    license: str = "TBNZ"
    cash: float = 100_000.0
    permissions: tuple[str, ...] = (STOCK_QUOTES, OPTION_QUOTES)
    quote_limit: int = 100
    tick_limit: int = 100
    calls_per_minute: dict[str, int] = {}

    @property
    def is_paper(self) -> bool:
        """Whether the account is one of Tiger's paper accounts."""
        return self.account.isdigit() and len(self.account) >= _PAPER_DIGITS


DEFAULT_USERS = (
    User(tiger_id="20150001", account="21700000000000001"),
    User(tiger_id="20150002", account="50000001"),
)
"""A paper account and a live one."""


@dataclass(slots=True)
class Position:
    """Contracts held, below zero where sold short, at an average cost in dollars a share.

    All fees are in the cost: they make what is held dearer, and what was sold short cheaper.
    """

    terms: OptionTerms
    quantity: int = 0
    average_cost: float = 0.0
    realized: float = 0.0


class Account:
    """One account's money, orders, executions and positions (by compact OSI symbol)."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.cash = user.cash
        self.realized = 0.0
        self.orders: dict[int, Order] = {}
        self.transactions: list[Transaction] = []
        self.positions: dict[str, Position] = {}

    def open_orders(self) -> list[Order]:
        """Return the orders that may still fill, oldest first."""
        return [order for order in self.orders.values() if order.status.is_open]

    def held(self, symbol: str) -> int:
        """Return the contracts held of `symbol`."""
        position = self.positions.get(symbol)
        return position.quantity if position else 0

    def free_cash(self, fees: FeeFunction, *, without: Order | None = None) -> float:
        """Return the cash that open buys, other than `without`, have not been promised."""
        return self.cash - sum(
            order.remaining * order.reserve_price * MULTIPLIER
            + order_fees(order.parts, fees, [(order.remaining, order.reserve_price)])
            for order in self.open_orders()
            if order.is_buy and order is not without
        )

    def free_contracts(self, symbol: str, *, without: Order | None = None) -> int:
        """Return the contracts held that open sells, other than `without`, do not offer."""
        return self.held(symbol) - self._at_work(symbol, is_buy=False, without=without)

    def closable(self, symbol: str, *, without: Order | None = None) -> int:
        """Return the contracts, held or sold short, that no open order would close."""
        held = self.held(symbol)
        return abs(held) - self._at_work(symbol, is_buy=held < 0, without=without)

    def book(self, part: Order | Leg, quantity: int, price: float, fee: float) -> Position:
        """Enter a fill and the fee it adds, dollars; return the position after it.

        It opens, on either side, or it closes: admission refuses what would do both.
        """
        position = self.positions.setdefault(part.symbol, Position(part.terms))
        held, signed = position.quantity, quantity if part.is_buy else -quantity
        cost = signed * price * MULTIPLIER + fee
        if held * signed >= 0:
            total = held * position.average_cost + cost / MULTIPLIER
            position.average_cost = total / (held + signed)
        else:
            gain = signed * position.average_cost * MULTIPLIER - cost
            part.realized += gain
            self._realize(position, gain)
        position.quantity += signed
        self.cash -= cost
        return position

    def settle(self, position: Position, value: float) -> None:
        """Turn an expired position into cash at `value` dollars a share."""
        gain = position.quantity * (value - position.average_cost) * MULTIPLIER
        self.cash += position.quantity * value * MULTIPLIER
        position.quantity = 0
        self._realize(position, gain)

    def _at_work(self, symbol: str, *, is_buy: bool, without: Order | None = None) -> int:
        return sum(
            order.remaining
            for order in self.open_orders()
            if order is not without
            for part in order.parts
            if part.is_buy == is_buy and part.symbol == symbol
        )

    def _realize(self, position: Position, gain: float) -> None:
        position.realized += gain
        self.realized += gain


class AssetFigures(msgspec.Struct, frozen=True):
    """What an account is worth and may spend, dollars."""

    cash: float
    free_cash: float
    position_value: float
    unrealized: float

    @property
    def net_liquidation(self) -> float:
        """Cash and positions."""
        return self.cash + self.position_value


def order_fees(
    parts: Sequence[Order | Leg], fees: FeeFunction, fills: list[tuple[int, float]]
) -> float:
    """Return the fees of an order before it fills, dollars: of each leg as of an order."""
    return sum(fees(part.terms.root, not part.is_buy, fills) for part in parts)


def market_price(position: Position, board: QuoteBoard) -> float:
    """Return the position's mark, its cost where the market says nothing."""
    mark = board[position.terms.compact].mark
    return position.average_cost if math.isnan(mark) else mark


def asset_figures(account: Account, board: QuoteBoard, fees: FeeFunction) -> AssetFigures:
    """Return the account's figures at the board's prices."""
    held = [position for position in account.positions.values() if position.quantity]
    values = [position.quantity * market_price(position, board) * MULTIPLIER for position in held]
    costs = [position.quantity * position.average_cost * MULTIPLIER for position in held]
    return AssetFigures(
        cash=account.cash,
        free_cash=account.free_cash(fees),
        position_value=sum(values),
        unrealized=sum(values) - sum(costs),
    )


def position_item(account: Account, position: Position, board: QuoteBoard) -> dict[str, object]:
    """Return a position as REST answers have it."""
    price = market_price(position, board)
    value = position.quantity * price * MULTIPLIER
    cost = position.quantity * position.average_cost * MULTIPLIER
    return {
        **contract_item(position.terms),
        "account": account.user.account,
        "position": position.quantity,
        "positionScale": 0,
        "positionQty": float(position.quantity),
        "salableQty": float(max(0, account.free_contracts(position.terms.compact))),
        "averageCost": position.average_cost,
        "averageCostByAverage": position.average_cost,
        "unrealizedPnl": value - cost,
        "realizedPnl": position.realized,
        "latestPrice": price,
        "marketValue": value,
        "name": position.terms.root,
    }


def prime_assets_item(account: Account, figures: AssetFigures, now_ms: int) -> dict[str, object]:
    """Return the securities segment as REST answers have it; options are paid in full."""
    return {
        "accountId": account.user.account,
        "updateTimestamp": now_ms,
        "segments": [
            {
                "category": "S",
                "currency": "USD",
                "capability": "CASH",
                "cashBalance": figures.cash,
                "cashAvailableForTrade": figures.free_cash,
                "grossPositionValue": figures.position_value,
                "equityWithLoan": figures.net_liquidation,
                "netLiquidation": figures.net_liquidation,
                "initMargin": 0.0,
                "maintainMargin": 0.0,
                "overnightMargin": 0.0,
                "unrealizedPL": figures.unrealized,
                "realizedPL": account.realized,
                "excessLiquidation": figures.free_cash,
                "overnightLiquidation": figures.free_cash,
                "buyingPower": figures.free_cash,
                "leverage": 0.0,
                "lockedFunds": figures.cash - figures.free_cash,
                "uncollected": 0.0,
                "consolidatedSegTypes": ["SEC", "FUND"],
                "currencyAssets": [
                    {
                        "currency": "USD",
                        "cashBalance": figures.cash,
                        "cashAvailableForTrade": figures.free_cash,
                        "forexRate": 1.0,
                    }
                ],
            }
        ],
    }
