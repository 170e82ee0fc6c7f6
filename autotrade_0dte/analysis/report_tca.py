"""The report's section on how orders were executed and what that cost."""

import html
from collections.abc import Sequence

from autotrade_0dte.analysis import tca_wording as words
from autotrade_0dte.analysis.chart_style import Figure
from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, number
from autotrade_0dte.analysis.tca_figures import (
    half_hour_figure,
    markout_figure,
    waterfall_figure,
)
from autotrade_0dte.analysis.tca_groups import By, CostGroup, Tca
from autotrade_0dte.analysis.tca_packages import PackageCost

__all__ = ["tca_figures", "tca_section"]

_TABLES = (By.TRACK, By.LEVEL, By.PURPOSE, By.ROUTE)


def tca_figures(found: Tca) -> dict[str, Figure]:
    """Return the charts of the section by the element that they are drawn in."""
    if not found.total.parents:
        return {}
    return {
        "tca_waterfall": waterfall_figure(found.total),
        "tca_hours": half_hour_figure(found.groups[By.HALF_HOUR]),
        "tca_markouts": markout_figure(found),
    }


def tca_section(found: Tca) -> str:
    """Return the section as HTML for the page's styles."""
    if not found.total.parents:
        return f'<section><h2>Execution</h2><p class="explain">{words.NOTHING}</p></section>'
    explain = '<p class="explain">'
    return (
        '<section class="long" id="execution"><h2>Execution</h2>'
        f"{explain}{html.escape(words.CAUTION)}</p>"
        f'<div class="pair"><div><h3>{words.WATERFALL}</h3><div id="tca_waterfall"></div></div>'
        f"<div>{_facts(found)}</div></div>"
        f'<div class="pair"><div><h3>Slippage by half hour</h3>{explain}Above 0 is a cost; the'
        " figure at a bar is the number of orders, the dotted line the far side of the spread."
        '</p><div id="tca_hours"></div></div>'
        f"<div><h3>What a fill was worth</h3>{explain}The mid after the fill less its price (for a"
        " sale the reverse), without the underlying's move by delta. It begins half the effective"
        " spread below 0; where it falls from there, the market moved against the orders.</p>"
        '<div id="tca_markouts"></div></div></div>'
        f"{_groups(found)}{_packages(found.packages)}</section>"
    )


def _facts(found: Tca) -> str:
    total, success, slippage = found.total, found.total.success, found.total.slippage
    rate = UNKNOWN
    if success.trials:
        rate = f"{fraction(success.value, 1)} ({success.hits} of {success.trials})"
    outcomes = ", ".join(
        f"{times} {name.lower().replace('_', ' ')}" for name, times in found.outcomes.items()
    )
    rows = [
        ("Orders", outcomes),
        ("Filled of those that should be", rate),
        ("95 % of that (%)", words.interval(success.low, success.high, 100)),
        ("Contracts filled", f"{count(total.filled)} of {count(total.contracts)}"),
        ("Slippage, share of the spread", fraction(slippage.value, 1)),
        ("95 % of that (%)", words.interval(slippage.low, slippage.high, 100)),
        ("Slippage, share of the premium", fraction(total.slippage_premium.value, 2)),
        ("Slippage (ticks)", number(total.slippage_ticks.value, 2)),
        ("Slippage (cents a share)", number(total.slippage_cents.value, 2)),
        ("Prices changed, orders replaced", f"{count(total.reprices)}, {count(total.replaces)}"),
        ("Cancels, refusals by the venue", f"{count(total.cancels)}, {count(total.rejects)}"),
        *(
            (
                f"{words.STAGE_WORDS[stage.name].capitalize()} (s), median and 90 %",
                f"{number(stage.median_s, 3)}, {number(stage.p90_s, 3)}",
            )
            for stage in found.latency
        ),
        ("Vetoes", ", ".join(f"{c} {n}" for c, n in found.vetoes.items()) or "none"),
    ]
    body = "".join(
        f'<tr><td>{html.escape(name)}</td><td class="n long">{html.escape(text)}</td></tr>'
        for name, text in rows
    )
    return f"<table><tbody>{body}</tbody></table>"


def _groups(found: Tca) -> str:
    head = "".join(f'<th class="n">{name}</th>' for name in words.GROUP_HEADINGS)
    body = "".join(_rows(by, found.groups[by]) for by in (*_TABLES, By.HALF_HOUR))
    return (
        f'<div class="scroll below"><table><thead><tr><th></th><th></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _packages(packages: Sequence[PackageCost]) -> str:
    """Return a table of the packages and their legs; nothing where there are none."""
    if not packages:
        return ""
    head = "".join(f'<th class="n">{name}</th>' for name in words.PACKAGE_HEADINGS)
    body = ""
    for package in packages:
        for number_, (name, cells) in enumerate(words.package_rows(package)):
            style = "color: var(--muted)" if number_ else ""
            figures = "".join(f'<td class="n">{cell}</td>' for cell in cells)
            body += f'<tr style="{style}"><td>{html.escape(name)}</td>{figures}</tr>'
    return (
        f'<h3>{words.PACKAGES}</h3><div class="scroll"><table><thead><tr><th></th>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def _rows(by: By, groups: Sequence[CostGroup]) -> str:
    found = ""
    for number_, group in enumerate(groups):
        heading = words.BY_HEADINGS[by] if number_ == 0 else ""
        cells = "".join(f'<td class="n">{cell}</td>' for cell in words.group_cells(group))
        found += f"<tr><td>{heading}</td><td>{html.escape(group.name)}</td>{cells}</tr>"
    return found
