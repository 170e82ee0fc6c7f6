"""Transaction costs of a run on the screen of a terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis import tca_wording as words
from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, money, number
from autotrade_0dte.analysis.explain_terminal import plain_console
from autotrade_0dte.analysis.tca_groups import By, CostGroup, Share, Stage, Tca
from autotrade_0dte.analysis.tca_packages import PackageCost

__all__ = ["print_tca"]

_BAR = 24
_HALF_BAR = 10
_WIDE = 100
_PACKAGES = 10
_FULL = "\N{FULL BLOCK}"


def print_tca(found: Tca, console: Console | None = None) -> None:
    """Print what orders cost: in all, by group, and how long they took."""
    target = console or plain_console()
    parts: list[RenderableType] = [_headline(found)]
    if found.total.parents:
        parts += [Text(), _waterfall(found.total), Text(), _slippage(found.total)]
        parts += [Text(), _markouts(found)]
        for by, groups in found.groups.items():
            parts += [Text(), _groups(by, groups, with_bars=target.width >= _WIDE)]
        if found.packages:
            parts += [Text(), _packages(found.packages)]
        parts += [Text(), _stages(found.latency)]
        if found.vetoes:
            parts += [Text(), _vetoes(found.vetoes)]
        parts += [Text(), Text(words.CAUTION, "dim")]
    title = Text("Transaction costs", "bold")
    subtitle = f"run {found.run_id}" if found.run_id else None
    panel = Panel(
        Group(*parts), title=title, title_align="left", subtitle=subtitle, subtitle_align="right"
    )
    target.print(panel)


def _headline(found: Tca) -> Text:
    total = found.total
    if not total.parents:
        return Text(words.NOTHING, "yellow")
    outcomes = ", ".join(f"{times} {name.lower()}" for name, times in found.outcomes.items())
    text = Text(f"{words.plural(total.parents, 'order')} in ")
    text.append(f"{words.plural(found.sessions, 'session')}: {outcomes.replace('_', ' ')}\n")
    text.append(f"Contracts  {count(total.filled)} of {count(total.contracts)} filled\n")
    text.append("Success    ")
    style = "green" if total.success.value > words.GOAL else "red"
    text.append(_success(total.success), style if total.success.trials else "")
    text.append(f" of the orders that the rules say should fill  {_interval_of(total.success)}")
    return text


def _waterfall(total: CostGroup) -> Group:
    rows = words.waterfall(total)
    most = max(abs(dollars) for _, dollars, _ in rows)
    table = _table()
    table.add_column("Cost", no_wrap=True)
    table.add_column("Dollars", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", style="dim")
    for name, dollars, note in rows:
        is_sum = name in (words.SHORTFALL, words.TOTAL)
        bar = _FULL * round(_BAR * abs(dollars) / most) if most else ""
        color = "red" if dollars > 0 else "green"
        table.add_row(
            Text(name, "bold" if is_sum else ""),
            money(dollars),
            Text(bar, f"dim {color}" if is_sum else color),
            note,
        )
    return _titled(words.WATERFALL, table)


def _slippage(total: CostGroup) -> Group:
    table = _table()
    for heading in ("Measure", "Mean", "95 %", "Orders"):
        table.add_column(heading, justify="left" if heading == "Measure" else "right")
    for name, mean, scale, unit in (
        ("share of the spread", total.slippage, 100, " %"),
        ("share of the premium", total.slippage_premium, 100, " %"),
        ("ticks", total.slippage_ticks, 1, ""),
        ("cents a share", total.slippage_cents, 1, ""),
    ):
        interval = words.interval(mean.low, mean.high, scale)
        table.add_row(name, words.figure(mean.value, scale, unit), interval, count(mean.known))
    return _titled("Slippage from the mid at the decision", table)


def _markouts(found: Tca) -> Group:
    table = _table()
    table.add_column("After", no_wrap=True)
    for heading in ("Effective", "Realised", "Impact", "95 %", "Orders"):
        table.add_column(heading, justify="right", no_wrap=True)
    pairs = zip(found.horizons_s, found.total.realised, found.total.impact, strict=True)
    for seconds, realised, impact in pairs:
        table.add_row(
            words.horizon(seconds),
            number(realised.value + impact.value, 2),
            number(realised.value, 2),
            number(impact.value, 2),
            words.interval(impact.low, impact.high, 1),
            count(realised.known),
        )
    return _titled(words.MARKOUTS, table)


def _groups(by: By, groups: Sequence[CostGroup], *, with_bars: bool) -> Group:
    table = _table(1)
    table.add_column(words.BY_HEADINGS[by], no_wrap=True)
    for heading in words.GROUP_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    known = [g.slippage.value for g in groups if not math.isnan(g.slippage.value)]
    most = max(map(abs, known), default=0.0)
    for group in groups:
        bar = _bar(group.slippage.value, most) if with_bars else Text()
        table.add_row(group.name, *words.group_cells(group), bar)
    return _titled(words.BY_WORDS[by], table)


def _packages(packages: Sequence[PackageCost]) -> Group:
    table = _table(1)
    table.add_column("Package", no_wrap=True)
    for heading in words.PACKAGE_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for package in packages[-_PACKAGES:]:
        (name, cells), *legs = words.package_rows(package)
        table.add_row(name, *cells)
        for leg, leg_cells in legs:
            table.add_row(f"  {leg}", *leg_cells, style="dim")
    shown = min(len(packages), _PACKAGES)
    title = words.PACKAGES
    if shown < len(packages):
        title += f" (the last {shown} of {len(packages):,})"
    return _titled(title, table)


def _stages(stages: Iterable[Stage]) -> Group:
    table = _table()
    table.add_column("Stage", no_wrap=True)
    for heading in ("Median", "90 %", "Orders"):
        table.add_column(heading, justify="right", no_wrap=True)
    for stage in stages:
        table.add_row(
            words.STAGE_WORDS[stage.name],
            number(stage.median_s, 3),
            number(stage.p90_s, 3),
            count(stage.known),
        )
    return _titled("How long orders took (seconds)", table)


def _vetoes(vetoes: Mapping[str, int]) -> Text:
    listed = ", ".join(f"{code} {times}" for code, times in vetoes.items())
    return Text.assemble(("Vetoes  ", "bold"), listed)


def _table(padding: int = 2) -> Table:
    return Table(box=None, padding=(0, padding, 0, 0))


def _titled(title: str, table: Table) -> Group:
    """Put a title above a table; the table's own would be broken to its width."""
    return Group(Text(title, "bold"), table)


def _bar(value: float, most: float) -> Text:
    if math.isnan(value) or not most:
        return Text()
    return Text(_FULL * round(_HALF_BAR * abs(value) / most), "red" if value > 0 else "green")


def _success(share: Share) -> str:
    if not share.trials:
        return UNKNOWN
    return f"{fraction(share.value, 1)} ({share.hits} of {share.trials})"


def _interval_of(share: Share) -> str:
    return f"95 %: {words.interval(share.low, share.high, 100)}" if share.trials else ""
