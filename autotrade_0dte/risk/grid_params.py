"""Where the grid over the rest of the session looks."""

from typing import Annotated

import msgspec

__all__ = ["GridParams"]

Multiple = Annotated[float, msgspec.Meta(gt=0, le=10)]
Fraction = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class GridParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The grid over the rest of the session: moves up and down, by volatility, by time passed.

    Parameters
    ----------
    implied_moves : tuple of float, default (0.5, 1.0, 2.0)
        Moves as multiples of the expected absolute move to expiry; two of them are 1.6 standard
        deviations, which one session in nine exceeds.
    fixed_moves : tuple of float, default (0.005, 0.01, 0.02, 0.05)
        Moves as fractions of the forward: late in a session the market expects next to nothing, and
        news does not ask for that. The S&P 500 E-mini fell 5 % in five minutes on 6 May 2010
        (CFTC and SEC, "Findings regarding the market events of May 6, 2010").
    vol_down_fraction : float, default 0.25
        Fall of every implied volatility, as a fraction of it: a session that calms down.
    vol_up_fraction : float, default 0.50
        Its rise, twice the fall, as volatility rises faster than it falls; `risk.stress` has more.
    """

    implied_moves: Annotated[tuple[Multiple, ...], msgspec.Meta(max_length=8)] = (0.5, 1.0, 2.0)
    fixed_moves: Annotated[tuple[Fraction, ...], msgspec.Meta(max_length=8)] = (
        0.005,
        0.01,
        0.02,
        0.05,
    )
    vol_down_fraction: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.25
    vol_up_fraction: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.50
