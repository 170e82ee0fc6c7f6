"""What the operator of a running node sees: its decisions, fills, and how the market stands."""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any, Self

from nautilus_trader.common import DataActor, TimeEvent
from rich.markup import escape

from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.execution.decision import DECISION_TOPIC
from autotrade_0dte.execution.quality import QUALITY_TOPIC, Breach
from autotrade_0dte.instruments import VENUE
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.risk.mode import RISK_TOPIC, RiskMode
from autotrade_0dte.risk.picture import PICTURE_TOPIC, UNKNOWN, RiskPicture
from autotrade_0dte.risk.set_stress import STRESS_TOPIC

__all__ = ["ConsoleReporter"]

_TIMER = "console"
_NS = 1_000_000_000
_STYLES = {
    RiskMode.NORMAL: "green",
    RiskMode.TIGHTEN: "yellow",
    RiskMode.HALT_ENTRIES: "red",
    RiskMode.FLATTEN: "bold red",
    RiskMode.KILLED: "bold red",
}


class ConsoleReporter(DataActor):
    """Says decisions, changes of the market's state and of the risk mode, and what executes badly.

    Every `every_s` it says how things stand.

    `say` takes lines with rich markup and must not block: it is called amid the trading.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, underlying: str, say: Callable[[str], None], every_s: float) -> None:
        super().__init__()
        self._underlying = underlying
        self._say = say
        self._every_s = every_s
        self._view: MarketView | None = None
        self._picture: RiskPicture = UNKNOWN

    def on_start(self) -> None:
        self.subscribe_topic(DECISION_TOPIC, self._on_decision)
        self.subscribe_topic(QUALITY_TOPIC, self._on_quality)
        self.subscribe_topic(RISK_TOPIC, self._on_risk)
        self.subscribe_topic(PICTURE_TOPIC, self._on_picture)
        self.subscribe_topic(STRESS_TOPIC, self._on_stress)
        self.subscribe_topic(market_topic(self._underlying), self._on_view)
        self.clock.set_timer(_TIMER, dt.timedelta(seconds=self._every_s), callback=self._on_timer)

    def _on_view(self, view: Any) -> None:
        self._view = view
        state = view.state
        if state.changed:
            self._say(
                f"[bold]{_time(state.ts_event)}  {state.before.name} to {state.level.name}[/]"
            )

    def _on_decision(self, decision: Any) -> None:
        at = _time(decision.ts_event)
        order = ""
        if decision.instrument_id:
            price = "market" if decision.price != decision.price else f"{decision.price:.2f}"
            order = (
                f"{escape(decision.side)} {decision.quantity} {escape(decision.instrument_id)} "
                f"at {price}, "
            )
        self._say(f"[bold]{at}  {escape(decision.kind)}[/] {order}{escape(decision.reason)}")

    def _on_quality(self, change: Any) -> None:
        """Say that entries are held to stricter rules, or no longer; exits never are."""
        f = change.figures
        figures = (
            f"filled {f.filled} of {f.should_fill} that should be, slippage "
            f"{f.mean_slippage:.2f} spreads, rejected {f.reject_rate:.0%} of {f.ended}"
        )
        if isinstance(change, Breach):
            at, said = change.since_ns, f"[red]execution {change.code}[/], entries tightened"
        else:
            at, said = change.ts_event, f"execution {change.code} over"
        self._say(f"[bold]{_time(at)}[/]  {said}: {figures}")

    def _on_picture(self, picture: Any) -> None:
        self._picture = picture

    def _on_risk(self, change: Any) -> None:
        """Say what began or ended and what may be done now; what stays latched says how to end."""
        style = _STYLES[change.mode]
        figures = ", ".join(f"{name} {value:,.4g}" for name, value in change.figures.items())
        said = f"{change.trigger} {'asks for ' + change.asks.name if change.begins else 'over'}"
        if change.begins and not change.clears_itself:
            said += ", until `autotrade rearm`"
        if figures:
            said += f", {figures}"
        if change.text:
            said += f" ({escape(change.text)})"
        self._say(f"[bold]{_time(change.ts_event)}[/]  [{style}]risk {change.mode.name}[/]: {said}")

    def _on_stress(self, result: Any) -> None:
        """Say which stress set would cost most, at each of their set times."""
        known = [loss for loss in result.losses if not math.isnan(loss.loss_usd)]
        if known:
            worst = max(known, key=lambda loss: loss.loss_usd)
            self._say(
                f"[bold]{_time(result.ts_event)}[/]  stress: {worst.stress} would cost "
                f"{worst.loss_usd:,.0f}, {worst.equity_fraction:.1%} of the account"
            )

    def _on_timer(self, event: TimeEvent) -> None:
        held = ", ".join(
            f"{position.signed_qty:+.0f} {position.instrument_id.symbol}"
            for position in self.cache.positions_open()
        )
        account = self.cache.account_for_venue(VENUE)
        cash = "unknown" if account is None else f"{total_cash(self.cache):,.2f}"
        self._say(
            f"{_time(event.ts_event)}  {escape(self._market())}, cash {cash}, "
            f"{escape(held) or 'flat'}{self._risk()}"
        )

    def _risk(self) -> str:
        """Return the risk of what is held and the mode, as far as there is anything to say."""
        picture, said = self._picture, ""
        if picture.premium_usd > 0.0:
            said += f", may lose {picture.worst_loss_usd:,.0f}"
        if picture.mode is not RiskMode.NORMAL:
            said += f", [{_STYLES[picture.mode]}]{picture.mode.name}[/]"
        return said

    def _market(self) -> str:
        if self._view is None:
            return f"{self._underlying} no chain yet"
        chain, level = self._view.chain, self._view.state.level.name
        usable = chain.analytics.usable
        return f"{self._underlying} {chain.spot:,.2f}, {level}, {usable} quotes usable"


def _time(ts_event: int) -> str:
    return f"{dt.datetime.fromtimestamp(ts_event / _NS, NEW_YORK):%H:%M:%S}"
