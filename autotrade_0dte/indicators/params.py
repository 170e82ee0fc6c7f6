"""Windows of all indicators."""

from typing import Annotated

import msgspec

__all__ = ["IndicatorParams"]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=23_400)]


class IndicatorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Windows of the indicators; none narrower than the spacing of the data it looks at.

    Parameters
    ----------
    bar_s : float, default 60
        Width of the bars under the moving averages, seconds.
    """

    bar_s: Seconds = 60.0
