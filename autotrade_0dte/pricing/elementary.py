"""exp, log, log1p and the Mills ratio without branches, so that LLVM vectorizes loops over them.

Relative error below 4e-16 (exp, log), 6e-16 (log1p) and 1e-15 (Mills ratio) on the stated domains;
outside them the result is meaningless but harmless. Sources: log after fdlibm `e_log.c`; exp by
range reduction and Taylor to degree 13; the Mills ratio from a table made by
`scripts/generate_pricing_tables.py`.
"""
# Coverage cannot trace compiled code, hence the pragmas on jitted functions.

from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.jit import inlined

__all__ = ["FIRST_GUESS", "exp", "log", "log1p", "mills_ratio", "nearest"]

with (
    as_file(files("autotrade_0dte.pricing") / "tables.npz") as _path,
    np.load(_path) as _tables,
):
    _MILLS_RATIO: NDArray[np.float64] = _tables["mills_ratio"].ravel()
    FIRST_GUESS: NDArray[np.float64] = _tables["first_guess"].ravel()

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 * 2**52 rounds to an integer and leaves it in the low bits of the double.
_ROUND = 6755399441055744.0
_ROUND_EXPONENT = np.int64(0x4338000000000000)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E00000000)


@inlined
def nearest(x: float) -> tuple[np.int64, float]:  # pragma: no cover
    """Return the integer nearest to `x`, for 0 <= x < 2**31, as an index and as a float."""
    shifted = x + _ROUND
    return np.float64(shifted).view(np.int64) & np.int64(0x7FFFFFFF), shifted - _ROUND


@inlined
def exp(x: float) -> float:  # pragma: no cover
    """Return e**x for x < 700; 0 below -708, NaN for NaN."""
    reduced = -708.0 if x < -708.0 else x  # NaN stays NaN
    shifted = reduced * _LOG2_E + _ROUND
    n = shifted - _ROUND
    r = (reduced - n * _LN2_HIGH) - n * _LN2_LOW
    p = 1 / 6227020800
    p = p * r + 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    exponent = (np.float64(shifted).view(np.int64) + np.int64(1023)) << np.int64(52)
    power = np.int64(exponent).view(np.float64)
    return 0.0 if x < -708.0 else p * power


@inlined
def _split(x: float) -> tuple[float, float]:  # pragma: no cover
    # x = 2**k * m with m in [sqrt(1/2), sqrt(2))
    bits = np.float64(x).view(np.int64)
    k = (bits - _SQRT_HALF_BITS) >> np.int64(52)
    m = np.int64(bits - (k << np.int64(52))).view(np.float64)
    return np.int64(k + _ROUND_EXPONENT).view(np.float64) - _ROUND, m


@inlined
def _log_of(k: float, fraction: float) -> float:  # pragma: no cover
    # The logarithm of 2**k times 1 + fraction.
    f = fraction / (2.0 + fraction)
    z = f * f
    w = z * z
    even = w * (
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    )
    odd = z * (
        6.666666666666735130e-01
        + w
        * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    half_square = 0.5 * fraction * fraction
    tail = f * (half_square + even + odd) + k * _LN2_LOW
    return k * _LN2_HIGH - ((half_square - tail) - fraction)


@inlined
def log(x: float) -> float:  # pragma: no cover
    """Return ln(x) for a positive normal `x`."""
    k, m = _split(x)
    return _log_of(k, m - 1.0)


@inlined
def log1p(x: float) -> float:  # pragma: no cover
    """Return ln(1 + x) for x >= 0."""
    k, m = _split(1.0 + x)
    return _log_of(k, x if k == 0.0 else m - 1.0)


@inlined
def mills_ratio(a: float) -> float:  # pragma: no cover
    """Return Phi(-a) / phi(a), the normal tail over the density, for a >= 0."""
    v = 4.0 / (4.0 + a)
    y = v * 64.0 - 0.5
    y = y if y > 0.0 else 0.0
    y = y if y < 63.0 else 63.0
    index, whole = nearest(y)
    w = v * 64.0 - 0.5 - whole
    i = index * 8
    p: float = _MILLS_RATIO[i + 7]
    p = p * w + _MILLS_RATIO[i + 6]
    p = p * w + _MILLS_RATIO[i + 5]
    p = p * w + _MILLS_RATIO[i + 4]
    p = p * w + _MILLS_RATIO[i + 3]
    p = p * w + _MILLS_RATIO[i + 2]
    p = p * w + _MILLS_RATIO[i + 1]
    p = p * w + _MILLS_RATIO[i]
    return v * p
