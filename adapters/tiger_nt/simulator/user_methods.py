"""REST methods about the user and the session: permissions, limits, hours, calendar."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.limits import HIGH, LOW, MIDDLE
from tiger_nt.simulator.listing import date_of
from tiger_nt.simulator.market import NEW_YORK, SessionHours

__all__ = ["UserMethods"]

CALENDAR_DAYS = 30
ONE_DAY = dt.timedelta(days=1)
HISTORY_LIMIT = 200

type Item = dict[str, Any]


class UserMethods:
    """Answers from the user's settings and the session's hours.

    The calendar knows no holidays: weekdays and the session's date are trading days.
    """

    def __init__(self, hours: SessionHours, wall_clock: Callable[[], int]) -> None:
        self._hours = hours
        self._wall_clock = wall_clock
        self.methods: dict[str, Callable[[User, Any], Any]] = {
            "user_license": self._license,
            "get_quote_permission": self._permissions,
            "grab_quote_permission": self._permissions,
            "addon_entitlements": self._entitlement,
            "kline_quota": self._history_quota,
            "market_state": self._market_state,
            "trading_calendar": self._calendar,
        }

    def _license(self, user: User, _: Any) -> Item:
        return {"license": user.license}

    def _permissions(self, user: User, _: Any) -> list[Item]:
        return [{"name": name, "expireAt": -1} for name in user.permissions]

    def _entitlement(self, user: User, _: Any) -> Item:
        return {
            "userLevel": "standard",
            "addons": [],
            "effectiveEntitlement": {
                "historyStockLimit": HISTORY_LIMIT,
                "historyStockRemaining": HISTORY_LIMIT,
                "historyOptionLimit": HISTORY_LIMIT,
                "historyOptionRemaining": HISTORY_LIMIT,
                "subscribeLimit": user.quote_limit,
                "subscribeDepthLimit": 0,
                "highFreqLimit": HIGH,
                "midFreqLimit": MIDDLE,
                "lowFreqLimit": LOW,
                "rateMultiple": 1,
            },
        }

    def _history_quota(self, _user: User, _: Any) -> list[Item]:
        methods = ("kline", "future_kline", "option_kline")
        return [
            {"method": name, "remain": HISTORY_LIMIT, "used": 0, "details": [], "symbolDetails": []}
            for name in methods
        ]

    def _market_state(self, _user: User, _: Any) -> list[Item]:
        now = self._wall_clock()
        if self._hours.is_open(now):
            status, words = "TRADING", "Trading"
        elif now < self._hours.open_ns:
            status, words = "NOT_YET_OPEN", "Not Yet Opened"
        else:
            status, words = "CLOSING", "Closed"
        opens = dt.datetime.fromtimestamp(self._hours.open_ns / 1e9, NEW_YORK)
        return [
            {
                "market": "US",
                "marketStatus": words,
                "status": status,
                "openTime": f"{opens:%m-%d %H:%M:%S %Z}",
            }
        ]

    def _calendar(self, _user: User, body: Any) -> list[Item]:
        session = self._hours.date
        day = date_of(body.get("begin_date")) or session
        end = date_of(body.get("end_date")) or day + CALENDAR_DAYS * ONE_DAY
        days = []
        while day < end:
            is_trading = day == session or day.weekday() < 5
            days.append({"date": f"{day}", "type": "TRADING" if is_trading else "NON_TRADING"})
            day += ONE_DAY
        return days
