"""How the numeric functions are compiled, and a compile cache that notices every edit.

The first call in a fresh installation compiles (seconds); later processes load from the cache.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from numba import njit

__all__ = ["inlined", "kernel", "strict_kernel"]

_STRICT: dict[str, Any] = {"error_model": "numpy", "nogil": True}
# `contract` and `nsz` keep NaN and infinity exact, which the checks of the kernels rely on.
_OPTIONS: dict[str, Any] = {"fastmath": {"contract", "nsz"}, **_STRICT}


def kernel[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls; it releases the GIL."""
    return _watched(function, _OPTIONS)


def strict_kernel[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile like `kernel`, every operation rounded as Python rounds it."""
    return _watched(function, _STRICT)


def inlined[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only kernels call."""
    return cast("Callable[P, R]", njit(forceinline=True, **_OPTIONS)(function))


def _watched[**P, R](function: Callable[P, R], options: dict[str, Any]) -> Callable[P, R]:
    dispatcher: Any = njit(cache=True, **options)(function)
    # numba stamps a cache entry with the kernel's own file alone, and would run stale code after
    # an edit of a function or table that the kernel has inlined from another file.
    dispatcher._cache._cache_file._source_stamp = _stamp(Path(function.__code__.co_filename).parent)
    return cast("Callable[P, R]", dispatcher)


@cache
def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, time and size of the sources beside a kernel and of the pricing functions."""
    sources = sorted(
        path
        for watched in {folder, Path(__file__).parent}
        for path in watched.iterdir()
        if path.suffix in {".py", ".npz"}
    )
    return tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in sources)
