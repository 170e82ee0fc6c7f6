"""REST methods about the market: chains, quotes, bars and prints."""

import math
from collections.abc import Callable
from typing import Any

from tiger_nt.simulator.accounts import OPTION_QUOTES, STOCK_QUOTES, User
from tiger_nt.simulator.board import Quote, QuoteBoard
from tiger_nt.simulator.errors import ACCESS, BIZ_PARAM, Refusal
from tiger_nt.simulator.listing import Listing, date_of, expiry_ms, terms_of
from tiger_nt.simulator.orders import MULTIPLIER
from tiger_nt.simulator.stock_bars import stock_bars
from tiger_nt.symbols import OptionTerms, SymbolError, engine_symbol

__all__ = ["QuoteMethods"]

MAX_OPTIONS = 30
MAX_STOCKS = 50
BAR_MINUTES = {"1min": 1, "5min": 5, "30min": 30, "60min": 60, "day": 1440}

type Item = dict[str, Any]


class QuoteMethods:
    """Answers from the listing and the board; figures nobody knows are left out."""

    def __init__(self, listing: Listing, board: QuoteBoard) -> None:
        self._listing = listing
        self._board = board
        self.methods: dict[str, Callable[[User, Any], Any]] = {
            "option_expiration": self._expirations,
            "option_chain": self._chain,
            "option_brief": self._briefs,
            "option_kline": self._bars,
            "option_trade_tick": self._ticks,
            "quote_real_time": self._stocks,
            "kline": self._stock_bars,
        }

    # -- options ---------------------------------------------------------------------------------

    def _expirations(self, _user: User, body: Any) -> list[Item]:
        found = []
        for name in body["symbols"]:
            is_underlying = _symbol(name) == self._listing.underlying
            roots = self._listing.roots if is_underlying else []
            listed = [(expiry, root) for root in roots for expiry in self._listing.expiries(root)]
            found.append(
                {
                    "symbol": name,
                    "optionSymbols": [root for _, root in listed],
                    "dates": [f"{expiry}" for expiry, _ in listed],
                    "timestamps": [expiry_ms(expiry) for expiry, _ in listed],
                    "periodTags": ["w"] * len(listed),
                    "count": len(listed),
                }
            )
        return found

    def _chain(self, user: User, body: Any) -> list[Item]:
        _need(user, OPTION_QUOTES)
        if body.get("option_filter"):
            raise Refusal(BIZ_PARAM, "biz param error(the simulator has no option_filter)")
        found = []
        for wanted in body["option_basic"]:
            rows: dict[tuple[str, int], Item] = {}
            for terms in self._wanted_chain(wanted):
                row = rows.setdefault((terms.root, terms.strike_mills), {})
                row[terms.right.lower()] = {
                    "identifier": terms.osi,
                    "strike": terms.strike_text,
                    "right": terms.right.lower(),
                    "multiplier": MULTIPLIER,
                    **_quoted(self._board[terms.compact]),
                    **_traded(self._board[terms.compact], "lastTimestamp"),
                }
            found.append(
                {
                    "symbol": wanted["symbol"],
                    "expiry": wanted["expiry"],
                    "items": list(rows.values()),
                }
            )
        return found

    def _wanted_chain(self, wanted: Item) -> list[OptionTerms]:
        expiry = date_of(wanted["expiry"])
        return [] if expiry is None else self._listing.chain(_symbol(wanted["symbol"]), expiry)

    def _briefs(self, user: User, body: Any) -> list[Item]:
        _need(user, OPTION_QUOTES)
        found = []
        for terms, _ in self._contracts(body["option_basic"]):
            quote = self._board[terms.compact]
            item = {
                **_four_fields(terms),
                "identifier": terms.osi,
                "multiplier": MULTIPLIER,
                "timestamp": max(quote.quoted_ms, quote.traded_ms),
                **_quoted(quote),
                **_traded(quote, "latestTime"),
            }
            if not math.isnan(quote.mark):
                item |= {"midPrice": quote.mark, "midTimestamp": quote.quoted_ms}
                item |= {"markPrice": quote.mark, "markTimestamp": quote.quoted_ms}
            found.append(item)
        return found

    def _bars(self, _user: User, body: Any) -> list[Item]:
        found = []
        for terms, query in self._contracts(body["option_query"]):
            period = str(query.get("period", "day"))
            if period not in BAR_MINUTES:
                raise Refusal(BIZ_PARAM, f"biz param error(invalid period {period})")
            begin, end = int(query.get("begin_time", -1)), int(query.get("end_time", -1))
            bars = self._board[terms.compact].bars(
                BAR_MINUTES[period], begin, end if end >= 0 else 1 << 62
            )
            found.append(
                {
                    **_four_fields(terms),
                    "identifier": terms.osi,
                    "period": period,
                    "items": [{**bar._asdict(), "time": bar.time_ms} for bar in bars],
                }
            )
        return found

    def _ticks(self, user: User, body: Any) -> list[Item]:
        _need(user, OPTION_QUOTES)
        contracts = body if isinstance(body, list) else body["contracts"]
        return [
            {
                **_four_fields(terms),
                "identifier": terms.osi,
                "items": [
                    {"time": time_ms, "price": price, "volume": size}
                    for time_ms, price, size in self._board[terms.compact].prints
                ],
            }
            for terms, _ in self._contracts(contracts)
        ]

    def _contracts(self, wanted: list[Item]) -> list[tuple[OptionTerms, Item]]:
        """Return those of the wanted contracts that are listed; the others have no data."""
        if len(wanted) > MAX_OPTIONS:
            raise Refusal(
                BIZ_PARAM, f"biz param error(the maximum number of contracts is {MAX_OPTIONS})"
            )
        found = [(terms_of(fields), fields) for fields in wanted]
        return [pair for pair in found if pair[0].compact in self._listing.options]

    # -- stocks and indices ----------------------------------------------------------------------

    def _stocks(self, user: User, body: Any) -> list[Item]:
        _need(user, STOCK_QUOTES)
        if len(body["symbols"]) > MAX_STOCKS:
            raise Refusal(
                BIZ_PARAM, f"biz param error(the maximum number of symbols is {MAX_STOCKS})"
            )
        found = []
        for name in body["symbols"]:
            quote = self._board.get(_symbol(name))
            if quote is None:
                continue
            found.append(
                {
                    "symbol": name,
                    "status": "NORMAL",
                    **_quoted(quote),
                    **_traded(quote, "latestTime"),
                }
            )
        return found

    def _stock_bars(self, _user: User, body: Any) -> list[Item]:
        wanted = [(name, _symbol(name)) for name in body["symbols"]]
        return [
            stock_bars(name, self._board[symbol], body)
            for name, symbol in wanted
            if self._listing.is_stock(symbol)
        ]


def _need(user: User, permission: str) -> None:
    if permission not in user.permissions:
        market = "US OPT" if permission == OPTION_QUOTES else "US"
        raise Refusal(
            ACCESS,
            "4000:permission denied(Current user and device do not have permissions in the "
            f"{market} quote market)",
        )


def _symbol(name: object) -> str:
    try:
        return engine_symbol(str(name))
    except SymbolError as error:
        raise Refusal(BIZ_PARAM, f"biz param error(invalid symbols: {error})") from None


def _four_fields(terms: OptionTerms) -> Item:
    return {
        "symbol": terms.root,
        "expiry": expiry_ms(terms.expiry),
        "strike": terms.strike_text,
        "right": terms.right.lower(),
    }


def _quoted(quote: Quote) -> Item:
    item: Item = {}
    if quote.has_bid:
        item |= {"bidPrice": quote.bid, "bidSize": quote.bid_size}
    if quote.has_ask:
        item |= {"askPrice": quote.ask, "askSize": quote.ask_size}
    return item


def _traded(quote: Quote, time_name: str) -> Item:
    item: Item = {"volume": quote.volume}
    if not math.isnan(quote.last):
        item |= {
            "latestPrice": quote.last,
            "open": quote.open,
            "high": quote.high,
            "low": quote.low,
            time_name: quote.traded_ms,
        }
    return item
