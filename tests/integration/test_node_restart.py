"""What a node before this one left at the broker, far from where spot is now."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from patience import PATIENCE_S
from project_simulator import project_simulator
from simulator_process import SimulatorProcess

from tiger_nt.config import tiger_config
from tiger_nt.connection import TigerConnection
from tiger_nt.marks import user_mark
from tiger_nt.views import OrderRequest

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))
DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.toml"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with project_simulator(lively=False, quotes_per_second=200.0) as process:
        yield process


def buy(simulator: SimulatorProcess, symbol: str) -> None:
    """Buy a contract as a node of ours did."""

    async def send() -> None:
        connection = TigerConnection(tiger_config(simulator.environment("paper")))
        await connection.open()
        try:
            await connection.rest.place(
                OrderRequest(
                    user_mark=user_mark("O-20261122-120000-001-001-1"),
                    symbol=symbol,
                    is_buy=True,
                    order_type="MKT",
                    quantity=1,
                )
            )
        finally:
            await connection.close()

    asyncio.run(send())
    account = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
    simulator.wait_for(lambda state: symbol in state["accounts"][account]["positions"], symbol)


def test_position_outside_the_window_around_spot_is_sold_at_the_restart(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    far = str(simulator.control("GET", "/session")["contracts"][0])
    buy(simulator, far)
    config = tmp_path / "unrecorded.toml"
    config.write_text(DEMO.read_text() + "\n[live]\nrecord = false\n")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TIGER")}
    account = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
    with (tmp_path / "printed").open("w") as printed:
        node = subprocess.Popen(
            [AUTOTRADE, "paper", str(config), "--broker", "--minutes", "30",
             "--runs", str(tmp_path / "runs"), "--catalog", str(tmp_path / "catalog"),
             "--state", str(tmp_path / "state")],
            env=kept | simulator.environment("paper"), stdout=printed, stderr=printed,
        )  # fmt: skip
    try:
        simulator.wait_for(lambda state: not state["accounts"][account]["positions"], "no position")
        node.send_signal(signal.SIGINT)
        code = node.wait(PATIENCE_S)
    finally:
        node.kill()
        node.wait()
    [run] = (tmp_path / "runs").iterdir()
    [decision] = pq.read_table(run / "decisions.parquet").to_pylist()
    assert (decision["instrument_id"], decision["reason"]) == (f"{far}.US", "RESTART")
    assert simulator.account()["positions"] == {}
    assert code == 0, (tmp_path / "printed").read_text()
    assert not (tmp_path / "catalog").exists()
