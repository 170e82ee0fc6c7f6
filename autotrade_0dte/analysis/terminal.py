"""A run's summary on one screen of a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, money, number, strategy_names
from autotrade_0dte.analysis.scenarios import VERDICT_WORDS, FillVerdict

__all__ = ["print_summary"]

_MOST_SESSIONS = 6
_MOST_BESIDE_SCENARIOS = 4
_MOST_REASONS = 4


def print_summary(summary: Mapping[str, Any], console: Console | None = None) -> None:
    """Print what summary.json holds; in color on a terminal only."""
    target = console or Console(markup=False, emoji=False, highlight=False)
    clean = summary["clean"]
    state = Text("CLEAN", "bold green") if clean else Text("UNCLEAN", "bold red")
    title = Text.assemble((str(summary["name"]), "bold"), "  ", state)
    parts: list[RenderableType] = [_headline(summary)]
    if not clean:
        parts.append(_reasons(summary["unclean_reasons"]))
    scenarios = summary.get("scenarios", {})
    parts.append(_figures(summary))
    if len(scenarios) > 1:
        parts += [_scenarios(scenarios, FillVerdict(summary["fill_verdict"])), Text()]
    most = _MOST_BESIDE_SCENARIOS if len(scenarios) > 1 else _MOST_SESSIONS
    parts.append(_sessions(summary["per_session"], most))
    target.print(
        Panel(
            Group(*parts),
            title=title,
            title_align="left",
            subtitle=f"run {summary['run_id']}",
            subtitle_align="right",
            border_style="green" if clean else "red",
        )
    )


def _headline(summary: Mapping[str, Any]) -> Text:
    first, last, times = (summary[k] for k in ("first_session", "last_session", "sessions"))
    period = f"{first} to {last}" if first != last else str(first or "no sessions")
    strategy = strategy_names(summary["strategy"])
    line = Text(f"{summary['mode']} · {strategy} · {summary['underlying']} · {period}")
    line.append(f" · {count(times)} session{'' if times == 1 else 's'}")
    if summary["synthetic"]:
        line.append("\nSYNTHETIC DATA: the prices were generated", "bold yellow")
    return line


def _reasons(reasons: Sequence[str]) -> Text:
    shown = [f"! {reason}" for reason in reasons[:_MOST_REASONS]]
    if len(reasons) > _MOST_REASONS:
        shown.append(f"! and {len(reasons) - _MOST_REASONS} more, in summary.json")
    return Text("\n".join(shown), "red")


def _figures(summary: Mapping[str, Any]) -> RenderableType:
    ci = summary["net_pnl_daily_ci95"]
    gross = summary["gross_pnl"]
    share = fraction(summary["fees"] / abs(gross) if gross else None, 1)
    fall = fraction(summary["max_drawdown_fraction"], 2)
    executed, risk = summary["execution"], summary["risk"]
    rows: list[tuple[str, Text | str, str, Text | str]] = [
        ("Net P&L", _gain(summary["net_pnl"]), "Trades", count(summary["trades"])),
        ("Gross P&L", _gain(gross), "Win rate", fraction(summary["win_rate"], 1)),
        (
            "Fees",
            f"{money(summary['fees'])}  {share} of gross",
            "Profit factor",
            number(summary["profit_factor"], 2),
        ),
        (
            "Max drawdown",
            f"{money(summary['max_drawdown'])}  {fall}",
            "Expectancy",
            _gain(summary["expectancy"]),
        ),
        (
            "95 % a session",
            f"{money(ci[0])} to {money(ci[1])}" if ci else UNKNOWN,
            "Sharpe, annual",
            number(summary["sharpe_annualized"], 2),
        ),
        (
            "Denied, rejected",
            f"{count(summary['denied'])}, {count(summary['rejected'])}"
            f" of {count(summary['orders'])} orders",
            "Open at end",
            Text(count(summary["open_at_end"]), "red" if summary["open_at_end"] else ""),
        ),
        (
            "Filled as due",
            f"{count(executed['filled_of_those'])} of {count(executed['should_fill'])} orders",
            "Slip of spread",
            fraction(executed["slippage_of_spread"], 0),
        ),
        (
            "Strictest mode",
            f"{risk['strictest']}, {count(sum(risk['begun'].values()))} triggers",
            "Worst scenario",
            money(risk["worst_loss"]),
        ),
        (
            "Quotes",
            count(summary["quotes"]),
            "Events/s",
            count(summary["events_per_second"]),
        ),
    ]
    grid = Table.grid(padding=(0, 3, 0, 0))
    for column in range(4):
        grid.add_column(style="dim" if column % 2 == 0 else "", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    return Padding(grid, (1, 0))


def _scenarios(scenarios: Mapping[str, Mapping[str, Any]], verdict: FillVerdict) -> RenderableType:
    style = {FillVerdict.ROBUST: "green", FillVerdict.UNKNOWN: "", FillVerdict.NO_TRADES: ""}
    title = Text("Fills: ")
    title.append(verdict, f"bold {style.get(verdict, 'red')}")
    title.append(f", {VERDICT_WORDS[verdict]}")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("Scenario", no_wrap=True)
    for name in ("Net", "Gross", "Fees", "Trades", "Filled", "Wins", "Drawdown"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in scenarios.items():
        table.add_row(
            Text(name, "" if row["clean"] else "red"),
            _gain(row["net_pnl"]),
            money(row["gross_pnl"], signed=True),
            money(row["fees"]),
            count(row["trades"]),
            fraction(row["fill_ratio"], 0),
            fraction(row["win_rate"], 0),
            money(row["max_drawdown"]),
        )
    return Group(title, table)


def _sessions(rows: Sequence[Mapping[str, Any]], most: int) -> RenderableType:
    shown = list(rows)
    title = "Sessions"
    if len(rows) > most:
        half = most // 2
        ranked = sorted(rows, key=lambda row: row["net_pnl"])
        shown = ranked[:half] + ranked[-half:]
        title = f"The {half} worst and the {half} best of {count(len(rows))} sessions"
    table = Table(box=None, padding=(0, 2, 0, 0), title=title, title_justify="left")
    table.add_column("Session", no_wrap=True)
    for name in ("Trades", "Gross", "Fees", "Net", "Drawdown"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Result", no_wrap=True)
    for row in shown:
        table.add_row(
            row["session"],
            count(row["trades"]),
            money(row["gross_pnl"], signed=True),
            money(row["fees"]),
            _gain(row["net_pnl"]),
            money(row["max_drawdown"]),
            Text("clean", "green") if row["clean"] else Text("UNCLEAN", "red"),
        )
    return table


def _gain(dollars: float | None) -> Text:
    style = "" if not dollars else "green" if dollars > 0 else "red"
    return Text(money(dollars, signed=True), style)
