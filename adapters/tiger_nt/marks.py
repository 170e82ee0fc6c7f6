"""Our reference on every order, from which the engine's client order id can be read back.

The length that Tiger accepts for a ``user_mark`` is not documented, so the usual id of the engine
(``O-20261122-153000-001-S01-12``) is packed: its time becomes six letters. Any other id is kept as
it is. The engine makes its ids from the clock, the trader, the strategy and a running number, so a
mark names one order of all days.
"""

import datetime as dt
import re
import string

__all__ = ["client_order_id", "user_mark"]

_PACKED, _PLAIN = "nt1-", "nt0-"
_USUAL = re.compile(r"O-(\d{8})-(\d{6})-(.+)", re.ASCII)
_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_DIGITS = string.digits + string.ascii_lowercase
_TIME_LETTERS = 6


def user_mark(client_order_id: str) -> str:
    """Return the mark of an order of ours."""
    usual = _USUAL.fullmatch(client_order_id)
    if usual:
        try:
            when = dt.datetime.strptime(f"{usual[1]}{usual[2]}+0000", "%Y%m%d%H%M%S%z")
        except ValueError:
            return _PLAIN + client_order_id
        seconds = int((when - _EPOCH).total_seconds())
        if 0 <= seconds < len(_DIGITS) ** _TIME_LETTERS:
            return f"{_PACKED}{_letters(seconds)}-{usual[3]}"
    return _PLAIN + client_order_id


def client_order_id(mark: str) -> str | None:
    """Return the id that `user_mark` was made from; None if the mark is not one of ours."""
    if mark.startswith(_PLAIN):
        return mark[len(_PLAIN) :] or None
    letters, dash, rest = mark[len(_PACKED) :].partition("-")
    if not (mark.startswith(_PACKED) and dash and rest and len(letters) == _TIME_LETTERS):
        return None
    if any(letter not in _DIGITS for letter in letters):
        return None
    when = _EPOCH + dt.timedelta(seconds=int(letters, len(_DIGITS)))
    return f"O-{when:%Y%m%d-%H%M%S}-{rest}"


def _letters(number: int) -> str:
    text = ""
    for _ in range(_TIME_LETTERS):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
