"""How the pricing functions are compiled, and a compile cache that notices every edit.

The first call in a fresh installation compiles (seconds); later processes load from the cache.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from numba import njit

__all__ = ["inlined", "kernel"]

# `contract` and `nsz` keep NaN and infinity exact, which the checks of the kernels rely on.
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "fastmath": {"contract", "nsz"},
    "nogil": True,
}

_SOURCES = sorted(p for p in Path(__file__).parent.iterdir() if p.suffix in {".py", ".npz"})
_STAMP = tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in _SOURCES)


def kernel[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls; it releases the GIL."""
    dispatcher: Any = njit(cache=True, **_OPTIONS)(function)
    # numba stamps a cache entry with the kernel's own file alone, and would run stale code after
    # an edit of a function or table that the kernel has inlined from a sister file.
    dispatcher._cache._cache_file._source_stamp = _STAMP
    return cast("Callable[P, R]", dispatcher)


def inlined[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only kernels call."""
    return cast("Callable[P, R]", njit(forceinline=True, **_OPTIONS)(function))
