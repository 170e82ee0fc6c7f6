"""The REST method `kline`: bars of a stock, page by page."""

from typing import Any

from tiger_nt.simulator.board import Quote
from tiger_nt.simulator.errors import BIZ_PARAM, Refusal

__all__ = ["stock_bars"]

DEFAULT_BARS = 251
MAX_BARS = 1_200
BAR_MINUTES = {
    "1min": 1,
    "3min": 3,
    "5min": 5,
    "10min": 10,
    "15min": 15,
    "30min": 30,
    "60min": 60,
}
_NO_END = 1 << 62


def stock_bars(name: str, quote: Quote, body: dict[str, Any]) -> dict[str, Any]:
    """Return a page of the bars of the session's prints, under `name`; raise Refusal.

    The newest page comes first, oldest bar first within; the token of the next one is the start of
    this one's oldest bar. The simulator has no other days and no hours but the session's, so that
    `right` and `trade_session` change nothing.
    """
    period = body.get("period")
    if period not in BAR_MINUTES:
        raise Refusal(BIZ_PARAM, f"biz param error(the simulator has no bars of period {period})")
    limit = _whole(body, "limit", DEFAULT_BARS)
    if not 1 <= limit <= MAX_BARS:
        raise Refusal(BIZ_PARAM, f"biz param error(limit must be between 1 and {MAX_BARS})")
    end_ms = _whole(body, "page_token", _whole(body, "end_time", -1))
    bars = quote.bars(
        BAR_MINUTES[period], _whole(body, "begin_time", -1), end_ms if end_ms >= 0 else _NO_END
    )
    page = bars[-limit:]
    return {
        "symbol": name,
        "period": period,
        "nextPageToken": f"{page[0].time_ms}" if len(bars) > limit else None,
        "items": [{**bar._asdict(), "time": bar.time_ms} for bar in page],
    }


def _whole(body: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(body.get(name, default))
    except (TypeError, ValueError):
        raise Refusal(BIZ_PARAM, f"biz param error(invalid {name})") from None
