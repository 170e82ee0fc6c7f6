"""The simulator on a catalog session, in another process, asked through the real SDK."""

import asyncio
import datetime as dt
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import PATIENCE_S
from simulator_process import ADAPTERS, SimulatorProcess
from small_market import write_session
from terminal_process import TerminalProcess

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.execution.fees import FeeParams, fee_schedule, order_fee
from tiger_nt.config import tiger_config
from tiger_nt.rest import TigerRest
from tiger_nt.views import ContractView, OrderRequest

DATE = dt.date(2026, 7, 30)


def cents(second: int, strike: float, is_call: bool) -> tuple[int, int]:
    """A cent up every second; strikes and rights apart."""
    bid = 100 + second // 10 + int(strike - 595) * 10 + (500 if is_call else 0)
    return bid, bid + 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog")
    write_session(
        Catalog(folder),
        "SPY",
        DATE,
        strikes=[595, 600, 605],
        spot=600.0,
        settlement=601.0,
        quote=cents,
        every_s=10,
    )
    return folder


@pytest.fixture(scope="module")
def replay(folder: Path) -> Iterator[SimulatorProcess]:
    with SimulatorProcess.of_catalog(
        folder, "SPY", dt.time(10), speed=100, is_measured=True
    ) as running:
        yield running


def test_chain_of_the_session_is_listed_with_todays_expiry_and_moving_quotes(
    replay: SimulatorProcess,
):
    session = replay.control("GET", "/session")
    today = dt.date.fromisoformat(session["date"])

    async def ask() -> tuple[list[dt.date], list[ContractView], list[ContractView]]:
        rest = TigerRest(tiger_config(replay.environment("live")))
        await rest.start()
        try:
            listed = await rest.expirations("SPY")
            first = await rest.chain("SPY", today)
            later = first
            while later[0].quote.bid == first[0].quote.bid:
                await asyncio.sleep(0.1)
                later = await rest.chain("SPY", today)
            return listed, first, later
        finally:
            await rest.close()

    listed, first, later = asyncio.run(asyncio.wait_for(ask(), PATIENCE_S))
    assert listed == [today]
    assert {contract.symbol for contract in first} == {
        f"SPY{today:%y%m%d}{right}{strike:05d}000" for strike in (595, 600, 605) for right in "CP"
    }
    by_symbol = {contract.symbol: contract.quote for contract in later}
    for strike in (595, 600):
        here, above = (by_symbol[f"SPY{today:%y%m%d}P{k:05d}000"] for k in (strike, strike + 5))
        assert above.bid == pytest.approx(here.bid + 0.50)
        assert here.ask == pytest.approx(here.bid + 0.03)
    assert later[0].quote.bid > first[0].quote.bid


def test_an_order_is_filled_at_the_sessions_quote_and_pays_the_projects_fees(
    replay: SimulatorProcess,
):
    symbol = replay.control("GET", "/session")["contracts"][0]

    async def buy() -> int:
        rest = TigerRest(tiger_config(replay.environment("paper")))
        await rest.start()
        try:
            wanted = OrderRequest(
                user_mark="M1", symbol=symbol, is_buy=True, order_type="MKT", quantity=3
            )
            return await rest.place(wanted)
        finally:
            await rest.close()

    order_id = asyncio.run(buy())
    replay.wait_for(
        lambda state: any(
            order["id"] == order_id and order["status"] == "Filled"
            for account in state["accounts"].values()
            for order in account["orders"]
        ),
        "the order filled",
    )
    account = replay.account("paper")
    (order,) = account["orders"]
    fills = [(fill["quantity"], fill["price"]) for fill in account["transactions"]]
    schedule = fee_schedule(FeeParams().entity, DATE)
    assert order["user_mark"] == "M1"
    assert order["commission"] == order_fee(schedule, "SPY", False, fills).total
    asks = {cents(second, 595, True)[1] / 100 for second in range(0, 23_400, 10)}
    assert {price for _, price in fills} <= asks


def test_printed_lines_set_the_environment_and_say_what_is_played(folder: Path):
    code = (
        "from pathlib import Path; from autotrade_0dte.nodes.simulator import *; "
        f"run_simulator(ReplayOptions(catalog=Path({str(folder)!r})), account='live', "
        "until_stdin_closes=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ADAPTERS)},
    )
    assert process.stdout is not None
    lines = []
    while not lines or not lines[-1].startswith("export TIGER_NT_SESSION"):
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()[1]
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, error) == (0, "")
    assert "SPY session of 2026-07-30 from 10:00:00 New York" in lines[0]
    exports = [shlex.split(line)[1] for line in lines if line.startswith("export ")]
    config = tiger_config(dict(pair.split("=", 1) for pair in exports))
    assert config.endpoints.is_loopback
    assert not config.credentials.is_paper


def test_command_at_a_terminal_tells_what_goes_on_until_it_is_interrupted() -> None:
    autotrade = str(Path(sys.executable).with_name("autotrade"))
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "160"}
    with TerminalProcess([autotrade, "simulator", "--rate", "50"], environment) as operator:
        operator.read_until("export TIGEROPEN_SERVER_URL=")
        operator.read_until("closes in 2:59:")
        operator.read_until("0 connected  0 orders  0 fills")
        operator.process.send_signal(signal.SIGINT)
        assert operator.end() == 0
