"""Greeks of the subscribed options from their live quotes, at a bounded rate."""

import math
from collections.abc import Mapping

from nautilus_trader.model import OptionContract, OptionGreeks, OptionKind

from tiger_nt.greeks import GreeksFunction, OptionState

__all__ = ["LiveGreeks"]

_NS_PER_YEAR = 365 * 86_400 * 1_000_000_000


class _Option:
    """What does not change of a subscribed option, and its last quote."""

    __slots__ = ("ask", "bid", "contract", "is_call", "open_interest", "strike")

    def __init__(self, contract: OptionContract, open_interest: float | None) -> None:
        self.contract = contract
        self.is_call = contract.option_kind == OptionKind.CALL
        self.strike = contract.strike_price.as_double()
        self.open_interest = open_interest
        self.bid = 0.0
        self.ask = 0.0


class LiveGreeks:
    """Values options whose quote or whose underlying's price has changed since the last time.

    Where the function has no answer nothing is said, and the engine goes on showing the last
    Greeks with their old time: their age, not their presence, tells whether they hold.

    Parameters
    ----------
    function : GreeksFunction
        Values one option.
    spots : mapping of str to float
        Price by the underlying's engine symbol in dollars; someone else keeps it up to date.
    """

    def __init__(self, function: GreeksFunction, spots: Mapping[str, float]) -> None:
        self._function = function
        self._spots = spots
        self._options: dict[str, _Option] = {}
        self._changed: set[str] = set()
        self._seen_spot: dict[str, float] = {}

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._options

    def add(self, symbol: str, contract: OptionContract, open_interest: float | None) -> None:
        """Value this option from its next quote on."""
        self._options[symbol] = _Option(contract, open_interest)

    def remove(self, symbol: str) -> None:
        """Value this option no more."""
        self._options.pop(symbol, None)
        self._changed.discard(symbol)

    def on_quote(self, symbol: str, bid: float, ask: float) -> None:
        """Note the quote of an option that was added."""
        option = self._options[symbol]
        option.bid = bid
        option.ask = ask
        self._changed.add(symbol)

    def due(self, now_ns: int) -> list[OptionGreeks]:
        """Return the Greeks of the options for which something has changed."""
        spots = {name: self._spots.get(name, math.nan) for name in self._underlyings()}
        moved = {name for name, spot in spots.items() if spot != self._seen_spot.get(name)}
        self._seen_spot = spots
        found = []
        for symbol, option in self._options.items():
            underlying = option.contract.underlying
            if symbol in self._changed or underlying in moved:
                greeks = self._value(option, spots[underlying], now_ns)
                if greeks is not None:
                    found.append(greeks)
        self._changed.clear()
        return found

    def _underlyings(self) -> set[str]:
        return {option.contract.underlying for option in self._options.values()}

    def _value(self, option: _Option, spot: float, now_ns: int) -> OptionGreeks | None:
        left_ns = option.contract.expiration_ns - now_ns
        if not spot > 0 or left_ns <= 0 or option.ask <= 0:
            return None
        years = left_ns / _NS_PER_YEAR
        greeks = self._function(
            OptionState(spot, option.strike, option.is_call, years, option.bid, option.ask)
        )
        if greeks is None:
            return None
        return OptionGreeks(
            option.contract.id,
            delta=greeks.delta,
            gamma=greeks.gamma,
            vega=greeks.vega,
            theta=greeks.theta,
            rho=greeks.rho,
            mark_iv=greeks.iv,
            bid_iv=greeks.bid_iv,
            ask_iv=greeks.ask_iv,
            underlying_price=spot,
            open_interest=option.open_interest,
            ts_event=now_ns,
            ts_init=now_ns,
        )
