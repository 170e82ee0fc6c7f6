"""The SDK by itself, as the ceiling: its push client with a callback that only takes the time."""

import json
import os
import sys
import threading
import time
from typing import Any

from benchmarks.tiger_process import answer_in_thread, cpu_s
from benchmarks.tiger_server import number_of
from tiger_nt.config import tiger_config
from tiger_nt.sdk import sdk_config
from tiger_nt.symbols import is_option, option_terms

_POOL = 20
_SUBSCRIBE_S = 1.0


def main() -> None:
    """Log in, subscribe, and tell what came in; until stdin closes."""
    from tigeropen.push.push_client import PushClient

    where = json.loads(sys.stdin.readline())
    settings: Any = sdk_config(tiger_config(where["environment"]))
    assert settings.callback_thread_pool_size == _POOL
    _, host, port = settings.socket_host_port
    client = PushClient(host, int(port), use_ssl=False, client_config=settings)
    received: list[tuple[int, float, float]] = []
    now_ns = time.time_ns
    client.quote_bbo_changed = lambda frame: received.append(
        (now_ns(), frame.bidSize, frame.askSize)
    )
    connected, over = threading.Event(), threading.Event()
    client.connect_callback = lambda _frame: connected.set()
    client.connect(settings.tiger_id, settings.private_key)
    if not connected.wait(5):
        raise RuntimeError("Expected a login within 5 s, was none")
    client.subscribe_quote([_tiger(symbol) for symbol in where["symbols"]])
    time.sleep(_SUBSCRIBE_S)
    spent_s = 0.0

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        nonlocal spent_s
        if command["do"] == "begin":
            received.clear()
            spent_s = cpu_s()
            return {}
        frames = [(number_of(bid, ask), at_ns) for at_ns, bid, ask in received]
        return {"cpu_s": cpu_s() - spent_s, "received": frames}

    answer_in_thread(answer, over.set)
    print("{}", flush=True)
    over.wait()


def _tiger(symbol: str) -> str:
    return option_terms(symbol).tiger if is_option(symbol) else symbol


if __name__ == "__main__":
    main()
    os._exit(0)  # the SDK's own disconnect can wait for ever
