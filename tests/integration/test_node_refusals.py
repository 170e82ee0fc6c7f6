"""What keeps a node from starting: each is one clear message and exit code 2 or 4."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from simulator_process import SimulatorProcess

from autotrade_0dte.cli import main
from autotrade_0dte.nodes.tiger import SESSION_VARIABLE

DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.toml"
QUIET = ("--rate", "50")


def users(**changes: object) -> str:
    """Return a table of users as TOML, the paper account's with `changes`."""
    fields: dict[str, object] = {"tiger_id": "1", "account": "20000000000000001"} | changes
    text = "\n".join(f"{name} = {_toml(value)}" for name, value in fields.items())
    return f"[[user]]\n{text}\n"


def _toml(value: object) -> str:
    if isinstance(value, list):
        return str(value).replace("'", '"')
    return f'"{value}"' if isinstance(value, str) else str(value)


def at_the_money(simulator: SimulatorProcess) -> str:
    """Return a contract in the middle of the chain."""
    contracts = simulator.control("GET", "/session")["contracts"]
    return str(contracts[len(contracts) // 2])


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(*QUIET) as process:
        yield process


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("autotrade:")]


type Autotrade = Callable[..., Ended]


@pytest.fixture
def autotrade(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Autotrade:
    """Run the command in an empty folder, without Tiger variables but those given."""
    # State is kept below the working directory, where a node of the same set-up may run.
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, environment: Mapping[str, str | None]) -> Ended:
        for name in [name for name in os.environ if name.startswith("TIGER")]:
            monkeypatch.delenv(name)
        for name, text in environment.items():
            if text is not None:
                monkeypatch.setenv(name, text)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["autotrade", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(str(ended.value.code or 0)), *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"TIGEROPEN_PRIVATE_KEY": None}, 2, "was none for TIGEROPEN_PRIVATE_KEY"),
        ({"TIGEROPEN_PRIVATE_KEY": "bm8ga2V5"}, 2, "Expected an RSA private key"),
        ({"TIGEROPEN_TIGER_ID": "999"}, 2, "login"),
        ({"TIGEROPEN_LICENSE": "TBHK"}, 2, "expected licence TBHK"),
        ({"TIGEROPEN_LICENSE": "XX"}, 2, "TIGEROPEN_LICENSE: Expected one of"),
        ({"TIGEROPEN_SOCKET_HOST_PORT": None}, 2, "together or neither"),
        ({SESSION_VARIABLE: "soon"}, 2, "Expected date,open_ns,close_ns"),
        ({SESSION_VARIABLE: "2026-11-22,2,1"}, 2, "Expected date,open_ns,close_ns"),
    ],
    ids=["no key", "no RSA key", "unknown id", "other licence", "no licence of Tiger's",
         "half an address", "unreadable session", "close before open"],
)  # fmt: skip
def test_wrong_login_or_session_is_one_message(
    simulator: SimulatorProcess,
    autotrade: Autotrade,
    changes: dict[str, str | None],
    code: int,
    told: str,
) -> None:
    environment = simulator.environment("paper") | changes
    ended = autotrade("paper", str(DEMO), environment=environment)
    assert (ended.code, len(ended.told)) == (code, 1), ended.err
    assert told in ended.told[0]


def test_market_that_is_closed_is_one_message(
    simulator: SimulatorProcess, autotrade: Autotrade
) -> None:
    environment = simulator.environment("paper")
    date, *_ = environment[SESSION_VARIABLE].split(",")
    over = environment | {SESSION_VARIABLE: f"{date},1,2"}
    ended = autotrade("paper", str(DEMO), environment=over)
    assert (ended.code, len(ended.told)) == (4, 1), ended.err
    assert "before the close" in ended.told[0]


@pytest.mark.parametrize(
    ("changes", "arguments", "told"),
    [
        ({"permissions": ["usQuoteBasic"]}, ("paper",), "usOptionQuote"),
        ({"quote_limit": 5}, ("paper",), "5 of 5 symbols free"),
        ({"cash": 0.0}, ("paper", "--broker"), "cash to trade with"),
        ({}, ("live",), "expected a live account"),
    ],
    ids=["no entitlement", "small quota", "no money", "paper account for real money"],
)
def test_account_that_is_not_in_order_is_one_message(
    tmp_path: Path,
    autotrade: Autotrade,
    changes: dict[str, object],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    file = tmp_path / "users.toml"
    file.write_text(users(**changes))
    with SimulatorProcess(*QUIET, "--users", str(file)) as process:
        command, *options = arguments
        ended = autotrade(command, str(DEMO), *options, environment=process.environment("paper"))
    assert (ended.code, len(ended.told)) == (4, 1), ended.err
    assert told in ended.told[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("doctor", str(DEMO), "--broker", "--live"), "Expected --broker or --live, was both"),
        (("simulator", "--speed", "2"), "without a --catalog to replay"),
        (("simulator", "--catalog", ".", "--seed", "1"), "a synthetic market's, with --catalog"),
        (("simulator", "--catalog", ".", "--start", "noon"), "a New York time such as 10:30"),
        (("simulator", "--catalog", "."), "Expected a session of SPY in ."),
        (("simulator", "--random-faults", "1", "--faults", "f.toml"), "Expected"),
    ],
)
def test_options_that_make_no_sense_are_one_message(
    autotrade: Autotrade, arguments: tuple[str, ...], told: str
) -> None:
    ended = autotrade(*arguments, environment={})
    assert (ended.code, len(ended.told)) == (2, 1), ended.err
    assert told in ended.told[0]


def test_root_without_an_expiry_today_is_refused_with_the_next_ones(
    simulator: SimulatorProcess, autotrade: Autotrade, tmp_path: Path
) -> None:
    other = tmp_path / "qqq.toml"
    other.write_text(DEMO.read_text().replace('root = "SPY"', 'root = "QQQ"'))
    ended = autotrade("doctor", str(other), environment=simulator.environment("paper"))
    assert ended.code == 2
    assert "Expected options of QQQ that expire on" in ended.out
    assert "next expiries: none listed" in ended.out


def test_position_made_by_hand_keeps_a_node_from_starting(
    simulator: SimulatorProcess, autotrade: Autotrade
) -> None:
    contract = at_the_money(simulator)
    simulator.control(
        "POST",
        "/order",
        {
            "account": simulator.environment("paper")["TIGEROPEN_ACCOUNT"],
            "symbol": contract,
            "side": "BUY",
            "quantity": 1,
            "order_type": "MKT",
        },
    )
    ended = autotrade("paper", str(DEMO), "--broker", environment=simulator.environment("paper"))
    assert ended.code == 4
    assert "+1" in ended.err
    assert "own orders: +0" in ended.err


def test_doctor_prints_every_check_and_ends_well(
    simulator: SimulatorProcess, autotrade: Autotrade
) -> None:
    ended = autotrade("doctor", str(DEMO), environment=simulator.environment("paper"))
    assert ended.code == 0, ended.out
    names = ("login", "account", "trading day", "market", "entitlements", "clock", "chain", "quota")
    assert all(name in ended.out for name in names)
