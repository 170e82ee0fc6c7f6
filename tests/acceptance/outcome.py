"""What a scenario's node did, said and had at its end, beside what the simulator had."""

import json
import re
from pathlib import Path
from typing import Any

__all__ = ["Outcome"]

RECORD = re.compile(r"^(?:\S+Z )?\[(\w+)\] ", re.MULTILINE)
ENDED = {"Filled": "FILLED", "Cancelled": "CANCELED", "Inactive": "REJECTED", "Invalid": "EXPIRED"}
NEVER_SENT = {"DENIED", "REJECTED"}


class Outcome:
    """One scenario's outcome, read back from its files."""

    def __init__(self, scenario: str, folder: Path) -> None:
        self.log = (folder / f"{scenario}.log").read_text(errors="replace")
        file = folder / f"{scenario}.json"
        told: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        self.failure = told.get(
            "failure", f"the node ended without an outcome:\n{self.log[-3000:]}"
        )
        self.facts: dict[str, Any] = told.get("facts", {})
        self.testers: dict[str, dict[str, Any]] = told.get("testers", {})
        self.engine: dict[str, Any] = told.get("engine", {})
        self.account: dict[str, Any] = told.get("account", {})

    # -- Orders --------------------------------------------------------------------------------

    def events(self, name: str, tester: str = "TESTER-001") -> list[dict[str, Any]]:
        """Return the events of an order of the script, oldest first."""
        record = self.testers[tester]
        return list(record["events"][record["names"][name]])

    def kinds(self, name: str, tester: str = "TESTER-001") -> list[str]:
        """Return the types of these events."""
        return [event["type"] for event in self.events(name, tester)]

    def reason(self, name: str) -> str:
        """Return the reason in the last event of an order."""
        return str(self.events(name)[-1]["reason"])

    def order(self, name: str, tester: str = "TESTER-001") -> dict[str, Any]:
        """Return the engine's order of that name as it was at the end."""
        wanted = self.testers[tester]["names"][name]
        return next(each for each in self.engine["orders"] if each["client_order_id"] == wanted)

    def at_simulator(self, name: str, tester: str = "TESTER-001") -> dict[str, Any] | None:
        """Return the simulator's order at the end, None for one that it never had."""
        return self.simulated().get(str(self.order(name, tester)["venue_order_id"]))

    def seen(self, name: str) -> dict[str, Any]:
        """Return the simulator's order when the script looked at it."""
        return dict(self.facts["seen"][name])

    def simulated(self) -> dict[str, dict[str, Any]]:
        """Return the simulator's orders by id."""
        return {str(order["id"]): order for order in self.account["orders"]}

    # -- Data ----------------------------------------------------------------------------------

    def heard(
        self, kind: str, symbol: str = "", tester: str = "TESTER-001"
    ) -> list[dict[str, Any]]:
        """Return the data of a kind, of an instrument, that a strategy was given."""
        return [
            each
            for each in self.testers[tester]["data"]
            if each["kind"] == kind and (not symbol or each["id"].partition(".")[0] == symbol)
        ]

    # -- Judgement -----------------------------------------------------------------------------

    def errors(self) -> list[str]:
        """Return the log's records of level ERROR, each with the lines that belong to it."""
        starts = [*RECORD.finditer(self.log)]
        ends = [match.start() for match in starts[1:]] + [len(self.log)]
        return [
            self.log[match.start() : end].strip()
            for match, end in zip(starts, ends, strict=True)
            if match[1] == "ERROR"
        ]

    def unexpected_errors(self, *expected: str) -> list[str]:
        """Return the errors in which none of the expected texts is."""
        return [each for each in self.errors() if not any(text in each for text in expected)]

    def disagreements(self, *, is_settled: bool = False) -> list[str]:
        """Return where engine and simulator differ: orders, fills, fees, positions.

        Positions are left out after the close: the simulator has settled them (`is_settled`).
        """
        simulated = self.simulated()
        found = []
        for order in self.engine["orders"]:
            there = simulated.pop(str(order["venue_order_id"]), None)
            if there is not None:
                found += self._differences(order, there)
            elif order["status"] not in NEVER_SENT:
                found.append(f"only the engine has {order}")
        found += [f"only the simulator has {there}" for there in simulated.values()]
        held = {symbol: each["quantity"] for symbol, each in self.account["positions"].items()}
        net: dict[str, int] = {}
        for position in self.engine["positions"]:
            symbol = position["symbol"]
            net[symbol] = net.get(symbol, 0) + position["quantity"]
        if net != held and not is_settled:
            found.append(f"positions: engine {net}, simulator {held}")
        return found

    def _differences(self, order: dict[str, Any], there: dict[str, Any]) -> list[str]:
        if there["status"] in ENDED:
            status = ENDED[there["status"]]
        else:
            status = "PARTIALLY_FILLED" if there["filled"] else "ACCEPTED"
        fills = sorted(
            (str(each["id"]), each["quantity"], each["price"])
            for each in self.account["transactions"]
            if each["order_id"] == there["id"]
        )
        ours = sorted((each["id"], each["quantity"], each["price"]) for each in order["fills"])
        fields = {
            "status": (order["status"], status),
            "symbol": (order["symbol"], there["symbol"]),
            "side": (order["side"], there["side"]),
            "quantity": (order["quantity"], there["quantity"]),
            "filled": (order["filled"], there["filled"]),
            "price": (order["price"], there["limit_price"]),
            "trigger price": (order["trigger_price"], there["stop_price"]),
            "fills": (ours, fills),
        }
        fees = [each["commission"] for each in order["fills"]]
        if None not in fees:  # unknown until Tiger tells, where the node has no estimate
            fields["fees"] = (round(sum(fees), 2), there["commission"])
        return [
            f"order {there['id']}: {name}: engine {here}, simulator {expected}"
            for name, (here, expected) in fields.items()
            if here != expected
        ]
