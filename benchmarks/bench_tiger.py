"""The live node at the loopback Tiger: how long quotes, orders and fills are on their way.

Three processes on this machine, whose clocks are one: the loopback Tiger, which keeps when it sent
what; the SDK alone, with an empty callback, as the ceiling; and the whole live node. Beside the
node the same quotes go to nobody else, and the SDK is gone when the node starts.
"""

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.tiger_process import ORDER_EVERY_MS, Child

SECONDS = {100: 4.0, 1_000: 3.0, 4_000: 2.0}
"""How long quotes come, by quotes a second."""
ORDER_SECONDS = 12.0
ORDER_RATE = 1_000
"""Quotes a second beside the orders."""
_DRAIN_S = 0.3
_NS_PER_MS = 1e6
_SYSTEM, _SDK = "system", "sdk"
_NAMES = {_SYSTEM: "live node, `on_quote`", _SDK: "SDK alone, empty callback"}


def run() -> dict[str, Any]:
    """Return delays in milliseconds (p50, p99, p99.9, max), CPU a message, and what was lost."""
    load = os.getloadavg()[0]
    with Child("benchmarks.tiger_server") as server:
        where = server.hear()
        environment, symbols = where["environments"]["live"], where["symbols"]
        with Child("benchmarks.tiger_sdk") as sdk:
            sdk.ask(environment=environment, symbols=symbols)
            ceiling = {rate: _quotes(server, sdk, rate) for rate in SECONDS}
        with Child("benchmarks.tiger_node") as node:
            node.ask(environment=environment)
            ours = {rate: _quotes(server, node, rate) for rate in SECONDS}
            orders = _orders(server, node)
    rates = {str(rate): {_SDK: ceiling[rate], _SYSTEM: ours[rate]} for rate in SECONDS}
    return {"load": load, "quotes": rates, **orders}


def tiger_table(result: dict[str, Any]) -> list[str]:
    """Return the lines of the table of delays, as Markdown."""
    lines = ["| milliseconds | a second | p50 | p99 | p99.9 | lost | conflated | CPU µs |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|"]
    for rate, rows in result["quotes"].items():
        for who, name in _NAMES.items():
            row = rows[who]
            what = f"quote: frame written to {name}"
            lines.append(
                f"| {what} | {int(rate):,} | {_times(row)} | {row['missing']} | "
                f"{row['conflated']} | {row['cpu_us']:.0f} |"
            )
    for what, row in (
        ("order: decision to arrival at the server", result["order"]),
        ("fill: push written to `on_order_filled`", result["fill"]),
    ):
        lines.append(
            f"| {what} | {1_000 / ORDER_EVERY_MS:.0f} | {_times(row)} | {row['missing']} | | |"
        )
    return lines


def _times(row: dict[str, float]) -> str:
    # Below a thousand samples the worst is all that is known of the last thousandth.
    worst = "" if row["sent"] < 1_000 else f"{row['p99.9']:.2f}"
    return f"{row['p50']:.2f} | {row['p99']:.2f} | {worst}"


def delays(sent_ns: Mapping[Any, int], received: Iterable[tuple[Any, int]]) -> list[float]:
    """Return how long each thing took that is known at both ends, sorted, milliseconds."""
    found = [(at_ns - sent_ns[key]) / _NS_PER_MS for key, at_ns in received if key in sent_ns]
    return sorted(found)


def quantiles(times: Sequence[float]) -> dict[str, float]:
    """Return the nearest ranks of sorted times, NaN without any."""

    def rank(share: float) -> float:
        return times[math.ceil(share * len(times)) - 1] if times else math.nan

    return {"p50": rank(0.5), "p99": rank(0.99), "p99.9": rank(0.999), "max": rank(1.0)}


def _quotes(server: Child, client: Child, rate: int) -> dict[str, Any]:
    client.ask(do="begin", trade=False)
    sent, told = _play(server, client, rate, SECONDS[rate])
    return _figures(sent, told)


def _play(
    server: Child, client: Child, rate: int, seconds: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    sent = server.ask(rate=rate, seconds=seconds)
    time.sleep(_DRAIN_S)
    return sent, client.ask(do="end")


def _figures(sent: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    sent_ns = dict(enumerate(sent["sent_ns"]))
    times = delays(sent_ns, told["received"])
    arrived = {number for number, _ in told["received"]}
    return {
        **quantiles(times),
        "sent": len(sent_ns),
        "missing": len(sent_ns.keys() - arrived),
        "conflated": told.get("counts", {}).get("conflated", 0),
        "dropped_by_server": sent["dropped"],
        "late_batches": sent["late"],
        "cpu_us": told["cpu_s"] / max(1, len(times)) * 1e6,
    }


def _orders(server: Child, node: Child) -> dict[str, Any]:
    node.ask(do="begin", trade=True)
    sent, told = _play(server, node, ORDER_RATE, ORDER_SECONDS)
    at_server = server.ask()
    decided = dict(told["decided"])
    return {
        "beside_orders": _figures(sent, told),
        "order": _summary(delays(decided, at_server["orders_ns"].items()), len(decided)),
        "fill": _summary(delays(at_server["fills_ns"], told["filled"]), len(at_server["fills_ns"])),
    }


def _summary(times: list[float], wanted: int) -> dict[str, float]:
    return {**quantiles(times), "sent": wanted, "missing": wanted - len(times)}
