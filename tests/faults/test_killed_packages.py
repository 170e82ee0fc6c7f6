"""A node killed with a package at work of which a part is filled, and the one started after it."""

from pathlib import Path

import msgspec
from faults.paper_node import PaperNode
from faults.test_desk_packages import PACKAGES
from faults.told_strategy import READY, Told
from patience import wait_until
from project_simulator import project_simulator


def test_what_was_bought_of_a_package_is_found_and_the_rest_cancelled(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(PACKAGES)
    with project_simulator(lively=False) as simulator:
        number = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
        with PaperNode(simulator, tmp_path) as node:
            _await(node, READY)
            simulator.fault("partial_fill", value=1)
            told = Told("left", timeout_s=1_800, hold_s=1_800, is_vertical=True)
            node.tell(msgspec.json.encode(told).decode())
            simulator.wait_for(
                lambda state: len(state["accounts"][number]["positions"]) == 2,
                "one contract of each leg",
            )
            node.kill()
        [package] = simulator.account()["orders"]
        assert (package["status"], package["filled"]) == ("Submitted", 1)
        with PaperNode(simulator, tmp_path) as node:
            state = simulator.wait_for(
                lambda state: state["accounts"][number]["orders"][0]["status"] == "Cancelled",
                "the rest cancelled",
            )
            positions = state["accounts"][number]["positions"].values()
            assert sorted(each["quantity"] for each in positions) == [-1, 1]
            _await(node, "quotes usable")  # it trades on
            node.interrupt()
            node.end()
            output = node.output
    assert "2 positions, 2 working orders" in " ".join(output.split())
    for alarm in ("MISMATCH", "UNEXPLAINED", "TWIN", "OVERFILL"):
        assert alarm not in output


def _await(node: PaperNode, line: str) -> None:
    wait_until(lambda: line in node.output, f"{line!r}", lambda: node.output)
