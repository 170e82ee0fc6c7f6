"""One moment of a run on one screen of a terminal."""

import math
from collections.abc import Sequence
from functools import partial

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis import wording
from autotrade_0dte.analysis.considered import Considered, FallGroup
from autotrade_0dte.analysis.display import (
    UNKNOWN,
    clock,
    count,
    fraction,
    money,
    number,
    signed,
)
from autotrade_0dte.analysis.explain import (
    DecisionAt,
    Explanation,
    Holding,
    NextDecision,
    OrderAt,
    SignalAt,
)
from autotrade_0dte.analysis.market_at import Evidence, MarketAt, Transition
from autotrade_0dte.analysis.worked_terminal import work_text
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.selection.ranking import TERMS, Fall
from autotrade_0dte.signals.signal import SignalRefusal

__all__ = ["LEVEL_STYLES", "plain_console", "print_explanation", "strongest"]

LEVEL_STYLES = {
    Level.CALM: "green",
    Level.L1: "yellow",
    Level.L2: "dark_orange",
    Level.L3: "bold red",
}

_NS = 1_000_000_000
_PIPED_WIDTH = 100
_MOST_FALLS = 7
_MOST_ORDERS = 6
_MOST_HOLDINGS = 5
_SCORE_OF_FULL_BAR = 10.0
_BAR = 12
_HALF_BAR = 6
_ARROW = "\N{RIGHTWARDS ARROW}"


def print_explanation(found: Explanation, console: Console | None = None) -> None:
    """Print what a run saw, thought, held and did at one moment."""
    target = console or plain_console()
    parts: list[RenderableType] = [*_market(found), *_signals(found), *_holdings(found)]
    if not found.decisions:
        parts += [Text(), Text("Decision  none yet in this session", "bold")]
    for decision in found.decisions:
        parts += [Text(), *_decision(decision, found.at_ns)]
    if found.next_decision is not None:
        parts += [Text(), _next(found.next_decision, found.at_ns)]
    title = Text.assemble((f"{found.session} {clock(found.at_ns)}", "bold"), " New York")
    if found.synthetic:
        title.append("  SYNTHETIC DATA", "bold yellow")
    panel = Panel(
        Group(*parts),
        title=title,
        title_align="left",
        subtitle=f"run {found.run_id}",
        subtitle_align="right",
        border_style=LEVEL_STYLES[found.market.level],
    )
    target.print(panel)


def strongest(evidence: Sequence[Evidence], most: int = 3) -> str:
    """Name the channels that speak loudest, with their scores."""
    loud = [e for e in evidence if e.score >= 1][:most]
    return ", ".join(f"{wording.CHANNEL_WORDS[e.channel]} {signed(e.score, 1)}" for e in loud)


def plain_console() -> Console:
    """Return a console that is wide enough for the tables also where it is no terminal."""
    plain = partial(Console, markup=False, emoji=False, highlight=False)
    console = plain()
    return console if console.is_terminal else plain(width=_PIPED_WIDTH)


# -- the market ---------------------------------------------------------------------------------


def _market(found: Explanation) -> list[RenderableType]:
    market = found.market
    head = Text.assemble(
        ("Market  ", "bold"), (wording.level(market.level), LEVEL_STYLES[market.level])
    )
    if market.since_ns is not None:
        head.append(f" since {clock(market.since_ns)}")
    if market.onset_ns is not None and market.onset_ns != market.since_ns:
        head.append(f", not calm since {clock(market.onset_ns)}")
    if market.supported is not market.level:
        head.append(f"; this snapshot alone supports {market.supported.name}")
    facts = (
        f"{found.underlying} {number(market.spot, 2)} · forward {number(market.forward, 2)}"
        f" · ATM volatility {fraction(market.atm_iv, 1)}"
        f" · spread near the money {fraction(market.spread_fraction, 1)}"
    )
    if found.at_ns - market.ts_event >= 2 * _NS:
        facts += f" · as of {clock(market.ts_event)}"
    parts: list[RenderableType] = [head, Text(facts, "dim"), _evidence(market)]
    parts += [
        Text(f"{word} {_transition(transition)}", "dim")
        for word, transition in (("before:", market.last), ("after: ", market.next))
        if transition is not None
    ]
    return parts


def _evidence(market: MarketAt) -> RenderableType:
    table = _table()
    table.add_column("evidence")
    table.add_column("score, 0 is usual")
    table.add_column("", justify="right")
    table.add_column("value", justify="right")
    table.add_column("median so far", justify="right", style="dim")
    known = [e for e in market.evidence if not math.isnan(e.score)]
    for each in known:
        full = min(max(each.score / _SCORE_OF_FULL_BAR, 0.0), 1.0)
        table.add_row(
            wording.CHANNEL_WORDS[each.channel],
            _bar(full, _BAR),
            signed(each.score, 1),
            wording.channel_value(each.channel, each.value),
            wording.channel_value(each.channel, each.typical),
        )
    unknown = [wording.CHANNEL_WORDS[e.channel] for e in market.evidence if e not in known]
    note = Text(f"not known: {', '.join(unknown)}", "dim") if unknown else None
    return Padding(Group(*([table] if known else []), *([note] if note else [])), (0, 0, 0, 2))


def _transition(transition: Transition) -> str:
    text = f"{clock(transition.ts_event)} {transition.before.name} {_ARROW} {transition.level.name}"
    why = strongest(transition.evidence)
    return f"{text}  ({why})" if why else text


# -- signals ------------------------------------------------------------------------------------


def _signals(found: Explanation) -> list[RenderableType]:
    if not found.signals:
        return [Text(), Text("Signals  none recorded so far", "bold")]
    lines: list[RenderableType] = [Text(), Text("Signals", "bold")]
    lines += [Padding(_signal(signal, found.market), (0, 0, 0, 2)) for signal in found.signals]
    table = _table()
    table.add_column("factor")
    for signal in found.signals:
        table.add_column(signal.track, width=2 * _HALF_BAR + 1)
        table.add_column("", justify="right")
        table.add_column("sure", justify="right", style="dim")
    for at, factor in enumerate(found.signals[0].factors):
        cells: list[RenderableType] = [wording.FACTOR_WORDS[factor.factor]]
        for signal in found.signals:
            own = signal.factors[at]
            cells += [_two_sided(own.value), signed(own.value, 2), number(own.confidence, 2)]
        table.add_row(*cells)
    return [*lines, Padding(table, (0, 0, 0, 2))]


def _signal(signal: SignalAt, market: MarketAt) -> Text:
    style = {1: "green", -1: "red"}.get(signal.direction, "")
    line = Text.assemble(
        f"{signal.track}: ",
        (wording.direction(signal.direction), style),
        f", strength {number(signal.strength, 2)}, agreement {number(signal.agreement, 2)}",
    )
    if signal.onset_ns is not None:
        line.append(f", since {clock(signal.onset_ns)}")
    if signal.valid_until_ns is not None:
        line.append(f", valid until {clock(signal.valid_until_ns)}")
    if signal.ts_event < market.ts_event:
        line.append(f" (as of {clock(signal.ts_event)})", "dim")
    if signal.refusal:
        words = wording.REFUSAL_WORDS[SignalRefusal(signal.refusal)]
        line.append(f"\n  refused: {words}", "yellow")
        line.append(f" ({wording.figures(signal.figures)})" if signal.figures else "")
    else:
        line.append("\n  may be acted on", "green")
    return line


# -- what was held --------------------------------------------------------------------------------


def _holdings(found: Explanation) -> list[RenderableType]:
    if not found.holdings:
        return [Text(), Text.assemble(("Held  ", "bold"), "nothing")]
    lines: list[RenderableType] = [Text(), Text("Held", "bold")]
    shown = found.holdings[:_MOST_HOLDINGS]
    lines += [Padding(_holding(holding), (0, 0, 0, 2)) for holding in shown]
    if len(found.holdings) > len(shown):
        lines.append(Text(f"  and {len(found.holdings) - len(shown)} more"))
    return lines


def _holding(holding: Holding) -> Text:
    bought = "bought" if holding.side == "LONG" else "sold"
    line = Text(
        f"{holding.track}: {holding.quantity} x {wording.contract(holding.instrument_id)}"
        f" {bought} {clock(holding.ts_opened)} at {number(holding.average_open, 2)}"
    )
    if holding.ts_closed is None:
        line.append("; never closed")
        return line
    line.append(
        f"; closed {clock(holding.ts_closed)} at {number(holding.average_close, 2)}"
        f" ({holding.exit_reason}), ",
        "dim",
    )
    line.append(money(holding.net_pnl, signed=True), "green" if holding.net_pnl > 0 else "red")
    return line


# -- the decision -------------------------------------------------------------------------------


def _decision(decision: DecisionAt, at_ns: int) -> list[RenderableType]:
    passed = _span(max(0, at_ns - decision.ts_event))
    head = Text.assemble(("Decision  ", "bold"), clock(decision.ts_event))
    head.append(f", {passed} before" if passed else ", at this moment")
    parts: list[RenderableType] = [head, Padding(_decided(decision), (0, 0, 0, 2))]
    if decision.considered is not None:
        parts.append(Padding(_considered(decision.considered), (0, 0, 0, 2)))
    shown = decision.orders[:_MOST_ORDERS]
    for order in shown:
        parts.append(Padding(_order(order), (0, 0, 0, 2)))
        # How the others were worked is told at the decisions that they followed from.
        if order is shown[0] and order.work is not None:
            parts.append(Padding(work_text(order.work), (0, 0, 0, 4)))
    if len(decision.orders) > len(shown):
        parts.append(Text(f"  and {len(decision.orders) - len(shown)} more orders of this plan"))
    return parts


def _next(decision: NextDecision, at_ns: int) -> Text:
    wait = _span(decision.ts_event - at_ns) or "less than a second"
    what = f"{decision.kind} {decision.track} {decision.reason}"
    return Text(f"next: {clock(decision.ts_event)} {what}, {wait} later", "dim")


def _decided(decision: DecisionAt) -> Text:
    style = {"ENTER": "green", "REFUSE": "yellow"}.get(decision.kind, "cyan")
    plan = f" {decision.plan_id}" if decision.plan_id else ""
    line = Text.assemble((decision.kind, style), f" {decision.track}{plan} {decision.reason}")
    if decision.instrument_id:
        at = "at market" if math.isnan(decision.price) else f"limit {number(decision.price, 2)}"
        what = wording.contract(decision.instrument_id)
        line.append(f": {decision.side.lower()} {decision.quantity} x {what}, {at}", "bold")
    level = Level(decision.level)
    line.append(f"\nat {level.name}, spot {number(decision.spot, 2)}")
    if decision.figures:
        line.append(f", {wording.figures(decision.figures)}")
    return line


def _considered(found: Considered) -> RenderableType:
    rights = "calls" if found.right == "C" else "puts"
    head = Text(f"{count(found.offered)} of {found.offered + found.refused} {rights} offered", "")
    if len(found.best) < found.offered:
        head.append(f", the best {len(found.best)}")
    parts: list[RenderableType] = [head]
    if found.best:
        parts.append(_best(found))
    parts += [_fall(group) for group in found.falls[:_MOST_FALLS]]
    if len(found.falls) > _MOST_FALLS:
        rest = sum(group.count for group in found.falls[_MOST_FALLS:])
        parts.append(Text(f"{rest:>3} for other reasons", "dim"))
    return Group(*parts)


def _best(found: Considered) -> Table:
    """Return the best in the order of their ranks; 80 columns hold it."""
    table = _table()
    table.add_column("strike", no_wrap=True)
    # What a single option costs is its ask.
    debit = ("debit",) * any(each.short_instrument_id is not None for each in found.best)
    names = ("score", *(wording.TERM_WORDS[t] for t in TERMS), "bid/ask", "delta", *debit, "worst")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for each in found.best:
        contract = wording.contract(each.instrument_id, each.short_instrument_id)
        table.add_row(
            contract.partition(" ")[2] or contract,
            number(each.score, 2),
            *(number(term, 2) for term in each.terms),
            _quote(each.bid, each.ask),
            number(each.delta, 2),
            *(number(each.debit, 2) for _ in debit),
            UNKNOWN if math.isnan(each.worst_loss) else f"${each.worst_loss:,.0f}",
            style="bold" if each.rank == 1 else "",
        )
    return table


def _fall(group: FallGroup) -> Text:
    nearest = ", ".join(
        f"{each.strike:g} {_quote(each.bid, each.ask)} delta {number(each.delta, 2)}"
        for each in group.nearest
    )
    words = wording.FALL_WORDS[Fall[group.fall]]
    return Text.assemble(f"{group.count:>3} {words}", (f"  nearest {nearest}", "dim"))


def _order(order: OrderAt) -> Text:
    at = "at market" if math.isnan(order.price) else f"at {number(order.price, 2)}"
    line = Text(
        f"{clock(order.ts_init)} {order.side.lower()} {order.quantity} x"
        f" {wording.contract(order.instrument_id)} {at}: {order.status.lower()}"
    )
    if order.reason:
        line.append(f" ({order.reason})", "yellow")
    for fill in order.fills:
        line.append(f"\n  {clock(fill.ts_event)} {fill.quantity} filled at {number(fill.price, 2)}")
        known = not (math.isnan(fill.bid) and math.isnan(fill.ask))
        quote = f", quote {_quote(fill.bid, fill.ask)}" if known else ""
        line.append(f"{quote}, fee {money(fill.fee)}", "dim")
    return line


# -- figures --------------------------------------------------------------------------------------


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")


def _bar(share: float, width: int) -> Text:
    """Draw a share of 0 to 1 as a bar with a resolution of an eighth of a cell."""
    eighths = 0 if math.isnan(share) else round(share * width * 8)
    partial = "\N{ZERO WIDTH SPACE}▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else ""
    style = "red" if share >= 0.6 else "yellow" if share >= 0.3 else "green"
    return Text("█" * (eighths // 8) + partial, style)


def _two_sided(value: float) -> Text:
    """Draw a value of -1 to 1 as a bar from the middle."""
    if math.isnan(value):
        return Text(" " * _HALF_BAR + "│", "dim")
    cells = round(abs(value) * _HALF_BAR)
    left = ("█" * cells if value < 0 else "").rjust(_HALF_BAR)
    right = "█" * cells if value > 0 else ""
    return Text.assemble((left, "red"), ("│", "dim"), (right, "green"))


def _quote(bid: float, ask: float) -> str:
    return f"{number(bid, 2)}/{number(ask, 2)}"


def _span(ns: int) -> str:
    """Write a span of time, empty below a second."""
    minutes, seconds = divmod(ns // _NS, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s" if seconds else ""
