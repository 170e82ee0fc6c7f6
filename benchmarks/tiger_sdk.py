"""The SDK by itself, as the ceiling: its push client with a callback that only takes the time."""

import json
import os
import sys
import threading
import time
from typing import Any

from benchmarks.tiger_process import ORDER_EVERY_MS, answer_in_thread, cpu_s
from benchmarks.tiger_server import number_of
from tiger_nt.config import tiger_config
from tiger_nt.sdk import sdk_config
from tiger_nt.symbols import is_option, option_terms

_POOL = 20
_SUBSCRIBE_S = 1.0
_LIMIT = 50.0


class Quotes:
    """Takes the time of every quote."""

    def __init__(self, settings: Any, symbols: list[str]) -> None:
        from tigeropen.push.push_client import PushClient

        self.received: list[tuple[int, float, float]] = []
        _, host, port = settings.socket_host_port
        client = PushClient(host, int(port), use_ssl=False, client_config=settings)
        note, now_ns = self.received.append, time.time_ns
        client.quote_bbo_changed = lambda frame: note((now_ns(), frame.bidSize, frame.askSize))
        connected = threading.Event()
        client.connect_callback = lambda _frame: connected.set()
        client.connect(settings.tiger_id, settings.private_key)
        if not connected.wait(5):
            raise RuntimeError("Expected a login within 5 s, was none")
        client.subscribe_quote(symbols)
        time.sleep(_SUBSCRIBE_S)


class Orders:
    """Buys a contract now and then, in a thread of its own, and takes the time before each."""

    def __init__(self, settings: Any, symbol: str) -> None:
        from tigeropen.common.util.contract_utils import option_contract
        from tigeropen.trade.trade_client import TradeClient

        self.decided: list[tuple[str, int]] = []
        self.is_trading = threading.Event()
        self._account = settings.account
        self._contract = option_contract(option_terms(symbol).osi)
        self._client = TradeClient(settings)
        threading.Thread(target=self._run, name="orders", daemon=True).start()

    def _run(self) -> None:
        from tigeropen.common.util.order_utils import limit_order

        while self.is_trading.wait():
            mark, at_ns = f"sdk-{len(self.decided)}", time.time_ns()
            order = limit_order(self._account, self._contract, "BUY", 1, _LIMIT)
            order.user_mark = mark
            self._client.place_order(order)
            self.decided.append((mark, at_ns))
            time.sleep(ORDER_EVERY_MS / 1_000)


def main() -> None:
    """Log in, subscribe, and tell what came in; until stdin closes."""
    where = json.loads(sys.stdin.readline())
    settings: Any = sdk_config(tiger_config(where["environment"]))
    settings.callback_thread_pool_size = _POOL
    symbols: list[str] = where["symbols"]
    quotes = Quotes(settings, [_tiger(symbol) for symbol in symbols])
    orders = Orders(settings, symbols[len(symbols) // 2])
    over = threading.Event()
    spent_s = 0.0

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        nonlocal spent_s
        if command["do"] == "begin":
            quotes.received.clear()
            spent_s = cpu_s()
            if command["trade"]:
                orders.is_trading.set()
            return {}
        orders.is_trading.clear()
        used_s = cpu_s() - spent_s
        frames = [(number_of(bid, ask), at_ns) for at_ns, bid, ask in quotes.received]
        return {"cpu_s": used_s, "received": frames, "decided": orders.decided}

    answer_in_thread(answer, over.set)
    print("{}", flush=True)
    over.wait()


def _tiger(symbol: str) -> str:
    return option_terms(symbol).tiger if is_option(symbol) else symbol


if __name__ == "__main__":
    main()
    os._exit(0)  # the SDK's own disconnect can wait for ever
