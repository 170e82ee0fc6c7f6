"""What the desk tells of its own quality."""

from typing import Any

from autotrade_0dte.actors.desk_log import DeskLog
from autotrade_0dte.execution.call_budget import CallBudget, CallBudgetParams
from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.quality import (
    QUALITY_TOPIC,
    Breach,
    EndedParent,
    QualityParams,
    QualityWatch,
    Recovery,
)

NS = 1_000_000_000


def test_breach_and_recovery_are_published_and_in_the_log() -> None:
    published: list[tuple[str, Any]] = []
    warned: list[str] = []
    log = DeskLog(
        lambda topic, message: published.append((topic, message)),
        warned.append,
        QualityWatch(QualityParams(min_sample=1, cool_down_s=60)),
        CallBudget(CallBudgetParams()),
    )
    log.ended(EndedParent(NS, Outcome.GIVEN_UP, True, float("nan"), False))
    log.on_time(7_300 * NS)
    assert [(topic, type(message)) for topic, message in published] == [
        (QUALITY_TOPIC, Breach),
        (QUALITY_TOPIC, Recovery),
    ]
    assert warned[0].startswith("Breach of SUCCESS_RATE: QualityFigures(success_rate=0.0")
    assert warned[1].startswith("Recovery of SUCCESS_RATE: ")
