"""The live node at the loopback Tiger: how long quotes, orders and fills are on their way.

Three processes on one machine, whose clocks are one: the loopback Tiger, which keeps when it sent
and read what; the SDK alone, as the ceiling; and, when that has gone, the whole live node. Both get
the same: a second to warm up, orders beside quotes, then quotes at three rates.
"""

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.tiger_process import ORDER_EVERY_MS, Child

SECONDS = {100: 2.0, 1_000: 2.0, 4_000: 1.0}
"""How long quotes come, by quotes a second."""
ORDER_SECONDS = {"sdk": 5.0, "node": 61.0}
"""The node's include two of the comparisons with Tiger that fall due every half minute, with some
700 orders to be read in each, ten times what Tiger accepts.
"""
ORDER_RATE = 1_000
"""Quotes a second beside the orders."""
_WARM_UP = {"rate": 1_000, "seconds": 1.5}
_DRAIN_S = 0.3
_NS_PER_MS = 1e6
_ENOUGH = 1_000
"""Times without which the last thousandth is one single time."""

type Figures = dict[str, Any]


def run() -> Figures:
    """Return times (ms), CPU (us) and losses of quotes by rate, of orders and of fills.

    Those of the SDK alone stand beside the node's; `load` is the machine's before it all.
    """
    load = os.getloadavg()[0]
    with Child("benchmarks.tiger_server") as server:
        where = server.hear()
        with Child("benchmarks.tiger_sdk") as client:
            client.ask(environment=where["sdk"], symbols=where["symbols"])
            sdk = _measured(server, client, ORDER_SECONDS["sdk"])
        with Child("benchmarks.tiger_node") as client:
            client.ask(environment=where["node"])
            node = _measured(server, client, ORDER_SECONDS["node"])
    return {"load": load, "sdk": sdk, "node": node}


def tiger_table(result: Figures) -> list[str]:
    """Return the lines of the table of times, as Markdown."""
    sdk, node = result["sdk"], result["node"]
    lines = ["| milliseconds | a second | p50 | p99 | p99.9 | lost | conflated | CPU, us each |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|"]
    for rate in node["quotes"]:
        for who, what in ((sdk, "the SDK's callback, empty"), (node, "`on_quote`")):
            lines.append(_row(f"quote: socket to {what}", int(rate), who["quotes"][rate]))
    pace = 1_000 / ORDER_EVERY_MS
    lines.append(_row("order: the SDK's `place_order` to the server", pace, sdk["order"]))
    lines.append(_row("order: decision to the server", pace, node["order"]))
    lines.append(_row("fill: socket to `on_order_filled`", pace, node["fill"]))
    last = f"The day's orders were read {node['readings']} times while the node's were under way."
    return [*lines, "", f"{last} Load of the machine before: {result['load']:.1f}."]


def _row(what: str, rate: float, row: Figures) -> str:
    last = f"{row['p99.9']:.2f}" if row["sent"] >= _ENOUGH else ""
    conflated, cpu = row.get("conflated", ""), row.get("cpu_us")
    cells = [what, f"{rate:,.0f}", f"{row['p50']:.2f}", f"{row['p99']:.2f}", last]
    cells += [str(row["missing"]), str(conflated), "" if cpu is None else f"{cpu:.0f}"]
    return f"| {' | '.join(cells)} |"


def delays(sent_ns: Mapping[Any, int], received: Iterable[tuple[Any, int]]) -> list[float]:
    """Return how long each thing took that is known at both ends, sorted, milliseconds."""
    found = [(at_ns - sent_ns[key]) / _NS_PER_MS for key, at_ns in received if key in sent_ns]
    return sorted(found)


def quantiles(times: Sequence[float]) -> dict[str, float]:
    """Return the nearest ranks of sorted times, NaN without any."""

    def rank(share: float) -> float:
        return times[math.ceil(share * len(times)) - 1] if times else math.nan

    return {"p50": rank(0.5), "p99": rank(0.99), "p99.9": rank(0.999), "max": rank(1.0)}


def _measured(server: Child, client: Child, order_seconds: float) -> Figures:
    server.ask(**_WARM_UP)
    client.ask(do="begin", trade=True)
    sent, told = _play(server, client, ORDER_RATE, order_seconds)
    orders = _orders(told, server.ask())
    beside_orders = _quotes(sent, told)
    quotes = {}
    for rate, seconds in SECONDS.items():
        client.ask(do="begin", trade=False)
        quotes[str(rate)] = _quotes(*_play(server, client, rate, seconds))
    return {"quotes": quotes, "beside_orders": beside_orders, **orders}


def _play(server: Child, client: Child, rate: int, seconds: float) -> tuple[Figures, Figures]:
    sent = server.ask(rate=rate, seconds=seconds)
    time.sleep(_DRAIN_S)
    return sent, client.ask(do="end")


def _quotes(sent: Figures, told: Figures) -> Figures:
    sent_ns = dict(enumerate(sent["sent_ns"]))
    times = delays(sent_ns, told["received"])
    return {
        **_all_of(len(sent_ns), times),
        "conflated": told.get("counts", {}).get("conflated", 0),
        "dropped_by_server": sent["dropped"],
        "late_batches": sent["late"],
        "cpu_us": told["cpu_s"] / max(1, len(times)) * 1e6,
    }


def _orders(told: Figures, at_server: Figures) -> Figures:
    decided, arrived = dict(told["decided"]), at_server["orders_ns"]
    taken = {mark: arrived[mark] for mark in decided if mark in arrived}
    fills = delays(at_server["fills_ns"], told.get("filled", []))
    return {
        "order": _all_of(len(decided), delays(decided, taken.items())),
        "fill": _all_of(len(taken), fills),
        "readings": told.get("readings", 0),
    }


def _all_of(sent: int, times: list[float]) -> Figures:
    return {**quantiles(times), "sent": sent, "missing": sent - len(times)}
