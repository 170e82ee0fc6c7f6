"""Hooks for what Tiger does not send, or this client does not serve: each says so."""

from collections.abc import Awaitable, Callable
from typing import Any

from nautilus_trader.live.clients import MarketDataClient

from tiger_nt.errors import TigerError

__all__ = ["RefusingDataClient", "UnsupportedDataError"]

type _Hook = Callable[[Any, Any], Awaitable[None]]

_LIVE_ONLY = "Tiger keeps no history of it"


class UnsupportedDataError(TigerError):
    """Data was asked for that this client does not serve."""


def _refuse(what: str, why: str) -> Any:
    async def hook(_self: Any, command: Any) -> None:
        about = getattr(command, "instrument_id", None) or getattr(command, "data_type", None)
        raise UnsupportedDataError(f"{what} of {about or 'the venue'}: not served; {why}")

    return hook


class RefusingDataClient(MarketDataClient):
    """A data client that refuses everything with a reason until a hook is overridden.

    The engine logs the reason at ERROR: what asks for such data is a mistake in the strategy, and
    silence would look like a quiet market.
    """

    _subscribe_book_deltas = _refuse("Book deltas", "the push has best bid and ask only")
    _subscribe_book_depth = _refuse("Book depth", "the push has best bid and ask only")
    _subscribe_mark_prices = _refuse("Mark prices", "there are none for stocks and options")
    _subscribe_funding_rates = _refuse("Funding rates", "there are none for stocks and options")
    _subscribe_bars = _refuse("External bars", "let the engine build INTERNAL bars from quotes")
    _subscribe_instrument_close = _refuse("Instrument closes", "the push has none")

    _unsubscribe_book_deltas = _subscribe_book_deltas
    _unsubscribe_book_depth = _subscribe_book_depth
    _unsubscribe_mark_prices = _subscribe_mark_prices
    _unsubscribe_funding_rates = _subscribe_funding_rates
    _unsubscribe_bars = _subscribe_bars
    _unsubscribe_instrument_close = _subscribe_instrument_close

    _request_data = _refuse("Custom data", "there is none to be asked for")
    _request_book_snapshot = _refuse("Book snapshots", "quotes are best bid and ask only")
    _request_book_depth = _refuse("Book depth", _LIVE_ONLY)
    _request_book_deltas = _refuse("Book deltas", _LIVE_ONLY)
    _request_quotes = _refuse("Past quotes", _LIVE_ONLY)
    _request_trades = _refuse("Past trades", "record them from the push")
    _request_funding_rates = _refuse("Funding rates", "there are none for stocks and options")
