"""Implied volatility and Greeks: ours beside other libraries, in one run on one thread.

    python benchmarks/bench_pricing.py

Libraries that are not installed are named and skipped (`uv sync --group bench`; `lbriv`, `vollib`
and `iv-engine` by hand). Each is used the fastest way its interface allows for one chain of
out-of-the-money options, and gives implied volatility and whatever Greeks it has: ours gives most.
"""

import math
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("RAYON_NUM_THREADS", "1")  # one thread for all, before any Rust library loads

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.black import implied_vol_and_greeks, price_and_greeks
from autotrade_0dte.pricing.forward import implied_forward

SIZES = (50, 200, 1_000, 1_000_000)
SLOWEST_S = 5.0  # a size that would take a library longer for one call is left out
FORWARD, YEARS, RATE = 6000.0, 3 / 8760, 0.045
ANSWERS = Path(__file__).parents[1] / "tests" / "unit" / "pricing" / "answers.npz"

Floats = NDArray[np.float64]


class Chain(NamedTuple):
    price: Floats
    forward: Floats
    strike: Floats
    years: Floats
    rate: Floats
    is_call: NDArray[np.bool]


class Library(NamedTuple):
    package: str
    outputs: str
    solve: Callable[[Chain], Floats]


def chain(n: int) -> Chain:
    """Make `n` out-of-the-money options within 4 sigma of the forward, with a smile."""
    sigmas = np.linspace(-4, 4, n)
    strike = FORWARD * np.exp(sigmas * 0.15 * math.sqrt(YEARS))
    vol = 0.15 - 0.01 * sigmas + 0.005 * sigmas**2
    is_call = strike > FORWARD
    price = price_and_greeks(vol, FORWARD, strike, YEARS, RATE, is_call).price
    one = np.ones(n)
    return Chain(price, FORWARD * one, strike, YEARS * one, RATE * one, is_call)


def ours() -> Library:
    return Library(
        "autotrade-0dte", "IV + 8 Greeks, status", lambda c: implied_vol_and_greeks(*c).iv
    )


def lbriv() -> Library:
    from lbriv import compute_trades_greeks

    def solve(c: Chain) -> Floats:
        discount, call = np.exp(-c.rate * c.years), c.is_call.astype(np.int8)
        out = np.empty((4, c.price.size))
        compute_trades_greeks(c.price / discount, c.forward, c.strike, call, discount, *out)
        return out[0] / np.sqrt(c.years)

    return Library("lbriv", "IV + 3 Greeks", solve)


def iv_engine() -> Library:
    import iv_engine as engine

    def solve(c: Chain) -> Floats:
        # The interface has one side a call.
        iv = np.empty(c.price.size)
        undiscounted = c.price * np.exp(c.rate * c.years)
        for side in (True, False):
            rows = np.flatnonzero(c.is_call == side)
            f, k, t = c.forward[rows], c.strike[rows], c.years[rows]
            vol = engine.implied_volatilities(undiscounted[rows], f, k, t, side, False)
            engine.deltas(f, k, t, vol, side, False)
            engine.gammas(f, k, t, vol, False)
            engine.vegas(f, k, t, vol, False)
            engine.vannas(f, k, t, vol, False)
            iv[rows] = vol
        return iv

    return Library("iv-engine", "IV + 4 Greeks", solve)


def pyvolr() -> Library:
    from pyvolr import black76

    def solve(c: Chain) -> Floats:
        flags = np.where(c.is_call, "c", "p")
        iv = black76.implied_vol(c.price, flags, c.forward, c.strike, c.years, c.rate)
        black76.greeks(flags, c.forward, c.strike, c.years, c.rate, iv)
        return np.asarray(iv)

    return Library("pyvolr", "IV + 5 Greeks", solve)


def lets_be_rational() -> Library:
    from lets_be_rational import implied_volatility_from_a_transformed_rational_guess as solve_one

    def solve(c: Chain) -> Floats:
        undiscounted = (c.price * np.exp(c.rate * c.years)).tolist()
        sign = np.where(c.is_call, 1.0, -1.0).tolist()
        rows = (undiscounted, c.forward.tolist(), c.strike.tolist(), c.years.tolist(), sign)
        return np.array([solve_one(*row) for row in zip(*rows, strict=True)])

    return Library("lets-be-rational", "IV only", solve)


def vollib() -> Library:
    from vollib.black.greeks import analytical
    from vollib.black.implied_volatility import implied_volatility

    names = ("delta", "gamma", "vega", "theta", "rho")
    greeks = [getattr(analytical, name) for name in names]

    def solve(c: Chain) -> Floats:
        rows = zip(*(column.tolist() for column in c), strict=True)
        iv = []
        for price, forward, strike, years, rate, is_call in rows:
            flag = "c" if is_call else "p"
            vol = implied_volatility(price, forward, strike, rate, years, flag)
            for greek in greeks:
                greek(flag, forward, strike, years, rate, vol)
            iv.append(vol)
        return np.array(iv)

    return Library("vollib", "IV + 5 Greeks", solve)


def quantlib() -> Library:
    import QuantLib as ql  # noqa: N813 - its customary name

    def solve(c: Chain) -> Floats:
        rows = zip(*(column.tolist() for column in c), strict=True)
        iv = []
        for price, forward, strike, years, rate, is_call in rows:
            kind, discount = ql.Option.Call if is_call else ql.Option.Put, math.exp(-rate * years)
            try:
                deviation = ql.blackFormulaImpliedStdDevLiRS(
                    kind, strike, forward, price, discount, 0.0, ql.nullDouble(), 1.0, 1e-14, 100
                )
            except RuntimeError:
                iv.append(math.nan)
                continue
            payoff = ql.PlainVanillaPayoff(kind, strike)
            black = ql.BlackCalculator(payoff, forward, deviation, discount)
            black.deltaForward(), black.gammaForward(), black.vega(years), black.rho(years)
            black.theta(forward, years)
            iv.append(deviation / math.sqrt(years))
        return np.array(iv)

    return Library("quantlib", "IV + 5 Greeks", solve)


def installed() -> tuple[list[Library], list[str]]:
    found, absent = [], []
    for make in (ours, lbriv, iv_engine, pyvolr, lets_be_rational, vollib, quantlib):
        try:
            found.append(make())
        except ImportError as error:
            absent.append(f"{make.__name__} ({error})")
    return found, absent


def seconds(call: Callable[[], Any], repeats: int) -> float:
    laps = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        laps.append(time.perf_counter() - start)
    return float(np.median(laps))


def ns_per_contract(libraries: list[Library]) -> dict[str, dict[int, float]]:
    """Time every library at every size, in interleaved rounds so that all meet the same machine."""
    result: dict[str, dict[int, float]] = {library.package: {} for library in libraries}
    for n in SIZES:
        c = chain(n)
        rounds: dict[str, list[float]] = {}
        for _ in range(5):
            for library in libraries:
                smaller = result[library.package].get(200)
                if smaller is not None and smaller * 1e-9 * n > SLOWEST_S:
                    continue
                once = seconds(lambda library=library, c=c: library.solve(c), 1)
                repeats = max(1, min(500, int(0.05 / once)))
                lap = seconds(lambda library=library, c=c: library.solve(c), repeats)
                rounds.setdefault(library.package, []).append(lap)
        for package, laps in rounds.items():
            result[package][n] = float(np.median(laps)) * 1e9 / n
    return result


def accuracy(library: Library) -> dict[str, float]:
    """Compare implied volatilities with same-day answers of 50 digits, one row at a time."""
    with np.load(ANSWERS) as answers:
        same_day = answers["years"] < 0.1
        names = ("price", "forward", "strike", "years", "rate")
        columns = [answers[name][same_day] for name in names]
        rows = Chain(*columns, answers["is_call"][same_day] > 0)
        vol = answers["vol"][same_day]
    worst, failed = 0.0, 0
    for i in range(vol.size):
        try:
            iv = float(library.solve(Chain(*(column[i : i + 1] for column in rows)))[0])
        except (ArithmeticError, RuntimeError, ValueError):
            iv = math.nan
        failed += not math.isfinite(iv)
        worst = max(worst, abs(iv / vol[i] - 1)) if math.isfinite(iv) else worst
    return {"max_relative_error": worst, "failed": failed, "rows": vol.size}


def forward_us() -> dict[str, float]:
    """Time the implied forward of 100 strikes, beside a weighted median in numpy."""
    strike = np.arange(5750.0, 6250.0, 5.0)
    rng = np.random.default_rng(1)
    half = rng.uniform(0.05, 0.5, (2, 100))
    legs = [
        price_and_greeks(0.15, FORWARD, strike, YEARS, RATE, np.full(100, side)).price + 1.0
        for side in (True, False)
    ]
    quotes = (strike, legs[0] - half[0], legs[0] + half[0], legs[1] - half[1], legs[1] + half[1])
    discount = math.exp(-RATE * YEARS)

    def in_numpy() -> float:
        k, cb, ca, pb, pa = quotes
        good = (cb > 0) & (ca >= cb) & (pb > 0) & (pa >= pb)
        said = (k + (cb + ca - pb - pa) / (2 * discount))[good]
        weight = (1 / (ca - cb + pa - pb) ** 2)[good]
        order = np.argsort(said)
        below = np.cumsum(weight[order])
        return float(said[order][np.searchsorted(below, 0.5 * below[-1])])

    return {
        "ours": seconds(lambda: implied_forward(*quotes, discount), 2_000) * 1e6,
        "numpy": seconds(in_numpy, 2_000) * 1e6,
    }


def run() -> dict[str, Any]:
    """Measure; `speedup_200` is the fastest other library's time over ours at 200 contracts."""
    libraries, absent = installed()
    timings = ns_per_contract(libraries)
    others = {name: timing[200] for name, timing in timings.items() if name != "autotrade-0dte"}
    fastest = min(others, key=others.__getitem__, default=None)
    return {
        "libraries": {
            library.package: {
                "version": version(library.package),
                "outputs": library.outputs,
                "ns_per_contract": timings[library.package],
                **accuracy(library),
            }
            for library in libraries
        },
        "absent": absent,
        "fastest_other": fastest,
        "speedup_200": others[fastest] / timings["autotrade-0dte"][200] if fastest else None,
        "forward_100_strikes_us": forward_us(),
    }


def main() -> None:
    result = run()
    header = "".join(f"{f'N={n:,}':>14}" for n in SIZES)
    print(f"{'ns a contract':<26}{'outputs':<23}{header}{'max IV error':>14}{'failed':>8}")
    for name, row in result["libraries"].items():
        cells = (row["ns_per_contract"].get(n) for n in SIZES)
        figures = "".join(f"{'-' if x is None else format(x, ',.1f'):>14}" for x in cells)
        error = f"{row['max_relative_error']:>14.1e}{row['failed']:>8}"
        print(f"{name + ' ' + row['version']:<26}{row['outputs']:<23}{figures}{error}")
    for name in result["absent"]:
        print(f"skipped: {name}")
    if result["fastest_other"]:
        print(
            f"{result['speedup_200']:.1f}x the fastest other ({result['fastest_other']}) at N=200"
        )
    us = result["forward_100_strikes_us"]
    print(f"implied forward, 100 strikes: {us['ours']:.1f} us (numpy {us['numpy']:.1f} us)")


if __name__ == "__main__":
    main()
