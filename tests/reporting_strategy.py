"""A planned strategy that also says what other parts of a node would tell the risk controller."""

from typing import Any, ClassVar

import msgspec
from planned_strategy import NS, PlannedParams, PlannedStrategy

from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REARM_TOPIC, REPORT_TOPIC, Rearm, RiskReport


class Told(msgspec.Struct, frozen=True):
    """A report at a second after the open of one date; without a trigger, the word to re-arm."""

    date: str
    at_s: int
    trigger: str = ""
    begins: bool = True
    figures: dict[str, float] = msgspec.field(default_factory=dict)


class ReportingParams(PlannedParams, frozen=True, forbid_unknown_fields=True):
    """What is told; another plan is entered from `again_at_s` on, when the first one is over."""

    told: tuple[Told, ...] = ()
    again_at_s: int = 100_000


class ReportingStrategy(PlannedStrategy):
    Params: ClassVar[type[msgspec.Struct]] = ReportingParams
    params: ReportingParams

    def on_start(self) -> None:
        super().on_start()
        date = self.session.instrument_ids[0].removeprefix(self.session.root)[:6]
        for number, told in enumerate(self.params.told):
            if told.date == date:
                at_ns = self.session.open_ns + told.at_s * NS
                self.clock.set_time_alert_ns(
                    f"told-{number}", at_ns, lambda _e, t=told: self._tell(t)
                )

    def decide(self, view: MarketView) -> TradePlan | None:
        again_ns = self.session.open_ns + self.params.again_at_s * NS
        if self.trades != 1 or view.chain.ts_event < again_ns:
            return super().decide(view)
        self.trades = 0
        plan = super().decide(view)
        self.trades = 1
        return None if plan is None else msgspec.structs.replace(plan, plan_id="plan-2")

    def _tell(self, told: Told) -> None:
        now_ns = self.clock.timestamp_ns()
        message: Any = Rearm(ts_event=now_ns, by="me", reason="test")
        if told.trigger:
            message = RiskReport(
                ts_event=now_ns,
                trigger=Trigger(told.trigger),
                begins=told.begins,
                figures=told.figures,
            )
        self.publish_message(REPORT_TOPIC if told.trigger else REARM_TOPIC, message)
