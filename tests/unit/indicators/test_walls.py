import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autotrade_0dte.indicators.walls import walls

STRIKE = np.repeat(np.array([595.0, 600.0, 605.0]), 2)
IS_CALL = np.tile([True, False], 3)
AGES = np.array([3.0, np.nan, 2.5, 7.0, np.nan, 4.0])


def found(gex: np.ndarray, ages: np.ndarray = AGES) -> tuple[float, float, float]:
    columns = STRIKE, IS_CALL, gex, ages
    for column in columns:
        column.flags.writeable = False  # as in a snapshot; the kernel is compiled for that
    return walls(*columns)


@settings(deadline=None)
@given(arrays(float, 6, elements=st.floats(0, 1e9) | st.just(np.nan)))
def test_walls_are_the_strikes_of_the_largest_exposure_by_right(size: np.ndarray) -> None:
    call, put, _ = found(np.where(IS_CALL, size, -size))
    for wall, right in ((call, IS_CALL), (put, ~IS_CALL)):
        known = right & (size > 0)
        if known.any():
            at_wall = size[right & (wall == STRIKE)]
            assert at_wall == size[known].max()
        else:
            assert np.isnan(wall)


def test_wall_of_equal_exposures_is_the_lowest_strike() -> None:
    assert found(np.where(IS_CALL, 1.0, -1.0))[:2] == (595.0, 595.0)


@pytest.mark.parametrize(("ages", "newest"), [(AGES, 2.5), (np.full(6, np.nan), np.nan)])
def test_age_of_the_newest_quote_passes_over_contracts_not_seen(
    ages: np.ndarray, newest: float
) -> None:
    assert found(np.zeros(6), ages)[2] == pytest.approx(newest, nan_ok=True)
