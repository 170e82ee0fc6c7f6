"""What the operator reads while a node runs, without an engine."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.model import InstrumentId, Money

from autotrade_0dte.execution.decision import Decision, DecisionKind
from autotrade_0dte.execution.quality import Breach, QualityCode, QualityFigures, Recovery
from autotrade_0dte.instruments import USD
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.nodes.console import ConsoleReporter
from autotrade_0dte.risk.mode import RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.picture import RiskPicture

CALL = "SPY260720C00600000.US"
AT_NS = 1_784_554_205_000_000_000
"""2026-07-20, half past nine in New York and five seconds."""


def view(state: MarketState) -> Any:
    chain = SimpleNamespace(spot=600.125, analytics=SimpleNamespace(usable=42))
    return SimpleNamespace(chain=chain, state=state)


def reporter(account: Any = None, positions: tuple[Any, ...] = ()) -> tuple[Any, list[str]]:
    said: list[str] = []

    class Reporter(ConsoleReporter):
        cache = SimpleNamespace(
            account_for_venue=lambda _venue: account, positions_open=lambda: positions
        )

    return Reporter("SPY", said.append, 10.0), said


def test_line_before_the_first_chain_and_account_fills_nothing_in() -> None:
    told, said = reporter()
    told._on_timer(SimpleNamespace(ts_event=AT_NS))
    assert said == ["09:30:05  SPY no chain yet, cash unknown, flat"]


def test_line_tells_spot_quotes_cash_and_positions() -> None:
    held = SimpleNamespace(signed_qty=2.0, instrument_id=InstrumentId.from_str(CALL))
    account = SimpleNamespace(balance_total=lambda _currency: Money(1_234.5, USD))
    told, said = reporter(account, (held,))
    told._on_view(view(MarketState(AT_NS, Level.CALM)))
    told._on_timer(SimpleNamespace(ts_event=AT_NS))
    [line] = said
    assert line.startswith("09:30:05  SPY 600.1")
    assert "CALM, 42 quotes usable, cash 1,234.50, +2 SPY260720C00600000" in line


def test_change_of_the_level_is_told_once() -> None:
    told, said = reporter()
    told._on_view(view(MarketState(AT_NS, Level.L2, before=Level.CALM)))
    told._on_view(view(MarketState(AT_NS + 1, Level.L2, before=Level.L2)))
    assert said == ["[bold]09:30:05  CALM to L2[/]"]


def test_breach_of_the_execution_and_its_end_are_told_with_their_figures() -> None:
    told, said = reporter()
    figures = QualityFigures(0.7, 0.52, 0.1, 10, 7, 20)
    told._on_quality(Breach(QualityCode.SUCCESS_RATE, figures, AT_NS))
    told._on_quality(Recovery(QualityCode.SUCCESS_RATE, figures, AT_NS, AT_NS + 60_000_000_000))
    known = "filled 7 of 10 that should be, slippage 0.52 spreads, rejected 10% of 20"
    assert said == [
        f"[bold]09:30:05[/]  [red]execution SUCCESS_RATE[/], entries tightened: {known}",
        f"[bold]09:31:05[/]  execution SUCCESS_RATE over: {known}",
    ]


def risk_change(**more: Any) -> RiskChange:
    usual = {
        "mode": RiskMode.FLATTEN, "before": RiskMode.NORMAL, "trigger": Trigger.DAILY_LOSS,
        "begins": True, "asks": RiskMode.FLATTEN, "clears_itself": False,
        "figures": {"loss": 0.05123, "limit": 0.05},
    }  # fmt: skip
    return RiskChange(ts_event=AT_NS, **(usual | more))


def test_change_of_the_risk_mode_is_told_with_its_figures_and_how_it_ends() -> None:
    told, said = reporter()
    told._on_risk(risk_change())
    told._on_risk(
        risk_change(
            mode=RiskMode.NORMAL, trigger=Trigger.MANUAL, begins=False, text="[me]: lunch",
            figures={},
        )
    )  # fmt: skip
    assert said == [
        "[bold]09:30:05[/]  [bold red]risk FLATTEN[/]: DAILY_LOSS asks for FLATTEN, until "
        "`autotrade rearm`, loss 0.05123, limit 0.05",
        r"[bold]09:30:05[/]  [green]risk NORMAL[/]: MANUAL over (\[me]: lunch)",
    ]


def test_stress_tells_the_set_that_costs_most_of_those_known() -> None:
    told, said = reporter()

    def loss(stress: str, usd: float) -> Any:
        return SimpleNamespace(stress=stress, loss_usd=usd, equity_fraction=usd / 10_000)

    losses = loss("PIN", 50.0), loss("CRASH", 1_234.0), loss("GAP_UP", math.nan)
    told._on_stress(SimpleNamespace(ts_event=AT_NS, losses=losses))
    told._on_stress(SimpleNamespace(ts_event=AT_NS, losses=losses[2:]))
    assert said == ["[bold]09:30:05[/]  stress: CRASH would cost 1,234, 12.3% of the account"]


def test_line_tells_what_may_be_lost_and_a_mode_that_is_not_normal() -> None:
    told, said = reporter()
    normal = RiskPicture(ts_event=AT_NS, mode=RiskMode.NORMAL, premium_usd=0.0, worst_loss_usd=0.0)
    told._on_picture(normal)
    told._on_timer(SimpleNamespace(ts_event=AT_NS))
    told._on_picture(
        replace(normal, mode=RiskMode.TIGHTEN, premium_usd=400.0, worst_loss_usd=1_234.0)
    )
    told._on_timer(SimpleNamespace(ts_event=AT_NS))
    assert said[0].endswith("flat")
    assert said[1].endswith("flat, may lose 1,234, [yellow]TIGHTEN[/]")


def test_refusal_without_a_contract_tells_its_reason_alone() -> None:
    told, said = reporter()
    kind, unknown = DecisionKind.REFUSE, float("nan")
    refusal = Decision(AT_NS, "T-001", None, kind, "NO_CONTRACT", "", "BUY", 0, unknown, 600.0, {})
    told._on_decision(refusal)
    assert said == ["[bold]09:30:05  REFUSE[/] NO_CONTRACT"]


@pytest.mark.parametrize(("price", "told_price"), [(1.25, "at 1.25"), (float("nan"), "at market")])
def test_decision_is_told_with_its_reason(price: float, told_price: str) -> None:
    told, said = reporter()
    told._on_decision(
        Decision(
            ts_event=AT_NS,
            strategy="Test-001",
            plan_id="P001",
            kind=DecisionKind.EXIT,
            reason="[bold] STOP",
            instrument_id=CALL,
            side="SELL",
            quantity=2,
            price=price,
            spot=600.0,
            figures={},
        )
    )
    assert said == [
        f"[bold]09:30:05  EXIT[/] SELL 2 {CALL} {told_price}, \\[bold] STOP",
    ]
