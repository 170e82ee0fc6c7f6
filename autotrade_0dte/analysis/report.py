"""report.html: one page that shows a run, opens without a network and prints."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from plotly.offline import get_plotlyjs

from autotrade_0dte.analysis import (
    figures,
    market_figures,
    report_market,
    report_risk,
    report_scenarios,
    report_tca,
    wording,
)
from autotrade_0dte.analysis.chart_style import Figure
from autotrade_0dte.analysis.costs import Costs, costs
from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, money, number, strategy_names
from autotrade_0dte.analysis.entries import Entry, entries, net_by
from autotrade_0dte.analysis.signal_accuracy import (
    ACCURACY_FILE,
    Accuracy,
    read_accuracy,
    signal_accuracy,
)
from autotrade_0dte.analysis.signal_accuracy_display import accuracy_section
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tables import BOOKS, read_table, read_tables, write_bytes
from autotrade_0dte.analysis.tca_groups import tca_of
from autotrade_0dte.analysis.trades import Trade, trades
from autotrade_0dte.market_state.state import CHANNELS, Level

__all__ = ["REPORT_FILE", "write_report"]

REPORT_FILE = "report.html"

_PAGE = Path(__file__).with_name("report_page.html")
_STATE_COLUMNS = (
    *("session", "ts_event", "spot", "atm_iv", "spread_fraction"),
    *market_figures.EVIDENCE_COLUMNS,
)

# Bounds that keep the file of the longest run below 8 MB, of which plotly is 4.8.
_MOST_LISTED = 800
_MOST_DRAWN = 3_000
_MOST_SESSIONS = 300
_MOST_REASONS = 20
_FEWEST_SESSIONS_TO_TRUST = 20


def write_report(run_folder: Path) -> Path:
    """Write report.html into a run folder from its tables and summary.json; return its path.

    The page holds everything it needs. Times are New York wall clock, money is dollars.
    """
    summary = read_summary(run_folder)
    tables = read_tables(run_folder, BOOKS)
    tables["states"] = read_table(run_folder, "states", _STATE_COLUMNS)
    tables["signals"] = read_table(run_folder, "signals", report_market.FACTOR_COLUMNS)
    config = run_folder / "config.toml"
    page = _page(
        summary,
        tables,
        _accuracy(run_folder),
        report_scenarios.scenario_charts(run_folder, summary["starting_cash"]),
        config.read_text() if config.exists() else None,
    )
    return write_bytes(run_folder / REPORT_FILE, page.encode())


def _accuracy(run_folder: Path) -> Accuracy:
    """Return the accuracy of the signals as it was kept, or measure it."""
    kept = (run_folder / ACCURACY_FILE).exists()
    return read_accuracy(run_folder) if kept else signal_accuracy(run_folder)


def _page(
    summary: Mapping[str, Any],
    tables: Mapping[str, pa.Table],
    accuracy: Accuracy,
    scenarios: dict[str, Figure],
    config: str | None,
) -> str:
    every = trades(tables["positions"])
    entered = entries(tables["decisions"], every)
    closed = [trade for trade in every if trade.closed_ns is not None]
    spent = costs(tables["fills"])
    executed = tca_of(tables)
    listed = _best_and_worst(every, _MOST_LISTED)
    rows = summary["per_session"][-_MOST_SESSIONS:]
    sessions = [row["session"] for row in rows]
    drawn = [every[at] for at in _best_and_worst(every, _MOST_DRAWN)]
    paths = figures.session_paths(tables["states"], drawn, sessions)
    markets = market_figures.market_paths(tables["states"], sessions)
    data = {
        "figures": {
            "equity": figures.equity_figure(tables["equity"], summary["starting_cash"]),
            "sessions": figures.session_pnl_figure(summary["per_session"]),
            "hours": figures.entry_hour_figure(closed),
            "exits": _net_figure(every, [trade.exit_reason for trade in every], "exit reason"),
            "tracks": _net_figure(every, [entry.track for entry in entered], "track"),
            "levels": _net_figure(every, [entry.level for entry in entered], "level at entry"),
            "level_time": market_figures.level_time_figure(sessions, tables["states"]),
            "costs": figures.costs_figure(summary["gross_pnl"], summary["net_pnl"], spent),
        }
        | report_tca.tca_figures(executed)
        | scenarios,
        "layout": figures.session_figure_layout(summary["underlying"]),
        "paths": [path | market for path, market in zip(paths, markets, strict=True)],
        "channels": [wording.CHANNEL_WORDS[channel] for channel in CHANNELS],
        "levels": {level.value: market_figures.LEVEL_COLORS[level] for level in Level},
    }
    parts = {
        "title": _text(summary["name"]),
        "subtitle": _subtitle(summary),
        "badge": _badge(summary),
        "warnings": _warnings(summary),
        "cards": _cards(summary, closed),
        "scenarios": report_scenarios.scenario_section(summary),
        "sessions_options": _options(paths, rows),
        "costs_table": _costs_table(summary, spent, closed),
        "trades_caption": _trades_caption(len(every), len(listed)),
        "trades_rows": _trades_rows([(every[at], entered[at]) for at in listed]),
        "level_rows": report_market.level_rows(summary),
        "transition_rows": report_market.transition_rows(summary),
        "signal_rows": report_market.signal_rows(summary),
        "refusal_rows": report_market.refusal_rows(summary),
        "factor_headings": report_market.factor_headings(tables["signals"]),
        "factor_rows": report_market.factor_rows(tables["signals"]),
        "accuracy": accuracy_section(accuracy),
        "execution": report_tca.tca_section(executed),
        "risk": report_risk.risk_section(summary, tables["risk"]),
        "sessions_caption": _sessions_caption(summary["sessions"], len(rows)),
        "session_rows": _session_rows(rows),
        "decisions_table": _decisions_table(tables["decisions"]),
        "orders_table": _orders_table(tables["orders"]),
        "reproduction": _reproduction(summary, config),
        "plotly": get_plotlyjs(),
        # A "</script>" inside a text would end the element; "<" is the same in a JSON string.
        "data": msgspec.json.encode(data).decode().replace("<", "\\u003c"),
    }
    template = _PAGE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _subtitle(summary: Mapping[str, Any]) -> str:
    facts = [
        summary["mode"],
        strategy_names(summary["strategy"]),
        summary["underlying"],
        _period(summary),
        _plural(summary["sessions"], "session"),
        f"starting cash {money(summary['starting_cash'])} each session",
    ]
    return " · ".join(_text(fact) for fact in facts)


def _period(summary: Mapping[str, Any]) -> str:
    first, last = summary["first_session"], summary["last_session"]
    if first is None:
        return "no sessions"
    return str(first) if first == last else f"{first} to {last}"


def _badge(summary: Mapping[str, Any]) -> str:
    name = "clean" if summary["clean"] else "unclean"
    return f'<span class="badge {name}">{name.upper()}</span>'


def _warnings(summary: Mapping[str, Any]) -> str:
    found = ""
    if summary["synthetic"]:
        found += (
            '<div class="banner synthetic"><b>SYNTHETIC DATA</b> The prices were generated. '
            "This run shows that the system runs, not that a strategy earns money.</div>"
        )
    reasons = summary["unclean_reasons"]
    if reasons:
        items = [*reasons[:_MOST_REASONS]]
        if len(reasons) > _MOST_REASONS:
            items.append(f"and {len(reasons) - _MOST_REASONS} more, in summary.json")
        listed = "".join(f"<li>{_text(item)}</li>" for item in items)
        found += (
            f'<div class="banner unclean"><b>UNCLEAN RUN</b> Do not rely on these figures:'
            f"<ul>{listed}</ul></div>"
        )
    return found


def _cards(summary: Mapping[str, Any], closed: Sequence[Trade]) -> str:
    net, sessions = summary["net_pnl"], summary["sessions"]
    mean = net / sessions if sessions else None
    ci = summary["net_pnl_daily_ci95"]
    wins = sum(trade.net_pnl > 0 for trade in closed)
    best, worst = (money(summary[f"{which}_session"], signed=True) for which in ("best", "worst"))
    win, loss = money(summary["average_win"]), money(summary["average_loss"])
    few = [f"only {_plural(sessions, 'session')}"] if sessions < _FEWEST_SESSIONS_TO_TRUST else []
    cards: list[tuple[str, str, list[str], str]] = [
        (
            "Net P&L",
            money(net, signed=True),
            [f"gross {money(summary['gross_pnl'], signed=True)}"],
            _tone(net),
        ),
        (
            "Net P&L a session",
            money(mean, signed=True),
            ["95 % interval", f"{money(ci[0])} to {money(ci[1])}"]
            if ci
            else ["95 % interval", "needs 5 sessions"],
            _tone(mean),
        ),
        ("Fees", money(summary["fees"]), [f"{_of_gross(summary)} of gross P&L"], ""),
        (
            "Max drawdown",
            money(summary["max_drawdown"]),
            [f"{fraction(summary['max_drawdown_fraction'], 2)} of the peak"],
            "",
        ),
        (
            "Win rate",
            fraction(summary["win_rate"], 1),
            [f"{count(wins)} of {_plural(len(closed), 'closed trade')}"],
            "",
        ),
        (
            "Profit factor",
            number(summary["profit_factor"], 2),
            [f"mean win {win}", f"mean loss {loss}"],
            "",
        ),
        (
            "Sharpe, annualized",
            number(summary["sharpe_annualized"], 2),
            [f"daily {number(summary['sharpe_daily'], 3)}", *few],
            "",
        ),
        (
            "Trades",
            count(summary["trades"]),
            [f"expectancy {money(summary['expectancy'], signed=True)}"],
            "",
        ),
        (
            "Winning sessions",
            f"{summary['winning_sessions']} of {sessions}",
            [f"best {best}", f"worst {worst}"],
            "",
        ),
        (
            "Orders denied / rejected",
            f"{count(summary['denied'])} / {count(summary['rejected'])}",
            [f"of {_plural(summary['orders'], 'order')}", _plural(summary["fills"], "fill")],
            "",
        ),
        (
            "Open at end",
            count(summary["open_at_end"]),
            ["positions"],
            "bad" if summary["open_at_end"] else "",
        ),
        (
            "Quotes",
            count(summary["quotes"]),
            [f"{count(summary['events_per_second'])} events/s"],
            "",
        ),
    ]
    return "".join(
        f'<div class="card"><div class="label">{_text(label)}</div>'
        f'<div class="value {tone}">{_text(value)}</div>'
        f'<div class="note">{" ".join(f"<span>{_text(note)}</span>" for note in notes)}</div></div>'
        for label, value, notes, tone in cards
    )


def _options(paths: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    by_date = {row["session"]: row for row in rows}
    found = []
    for at, path in enumerate(paths):
        row = by_date[path["session"]]
        label = f"{row['session']} · {_plural(row['trades'], 'trade')}"
        if row["trades"]:
            label += f" · {money(row['net_pnl'], signed=True)}"
        found.append(f'<option value="{at}">{_text(label)}</option>')
    return "".join(found)


def _costs_table(summary: Mapping[str, Any], spent: Costs, closed: Sequence[Trade]) -> str:
    per_contract = spent.fees / spent.contracts if spent.contracts else None
    per_trade = spent.fees / len(closed) if closed else None
    rows = [
        ("Fees", money(spent.fees)),
        ("Contracts traded", count(spent.contracts)),
        ("Fees a contract (one way)", money(per_contract)),
        ("Fees a closed trade", money(per_trade)),
        ("Fees, share of gross P&L", _of_gross(summary)),
        ("Given away against mid", money(spent.spread)),
        ("Fills with a mid", f"{count(spent.quoted_fills)} of {count(spent.traded_fills)}"),
        ("Oldest quote traded on (s)", number(spent.oldest_quote_s, 1)),
    ]
    return _rows(rows)


def _net_figure(every: Sequence[Trade], names: Sequence[str], title: str) -> Figure:
    return figures.net_figure(net_by(every, [name or "(none given)" for name in names]), title)


def _best_and_worst(every: Sequence[Trade], most: int) -> Sequence[int]:
    """Return which trades to keep, those that made and lost the most when there are too many."""
    if len(every) <= most:
        return range(len(every))
    ranked = sorted(range(len(every)), key=lambda at: every[at].net_pnl)
    return sorted(ranked[: most // 2] + ranked[-most // 2 :])


def _trades_caption(total: int, listed: int) -> str:
    if listed < total:
        return (
            f"The {listed // 2} worst and the {listed // 2} best of {count(total)} trades;"
            " all are in positions.parquet."
        )
    return f"{_plural(total, 'trade')}." if total else "No trades."


def _sessions_caption(total: int, listed: int) -> str:
    return f"The latest {listed} of {total}." if listed < total else ""


def _trades_rows(shown: Sequence[tuple[Trade, Entry]]) -> str:
    found = []
    for trade, entry in shown:
        held = None if trade.closed_ns is None else (trade.closed_ns - trade.opened_ns) / 60e9
        cells = [
            (trade.session, ""),
            (_clock(trade.opened_ns, trade.session), ""),
            (_clock(trade.closed_ns, trade.session), ""),
            (UNKNOWN if held is None else f"{held:,.1f}", "n"),
            (entry.track, ""),
            (" / ".join(wording.contract(name) for name in trade.instruments), ""),
            (trade.side, ""),
            (count(trade.quantity), "n"),
            (number(trade.average_open, 2), "n"),
            (number(trade.average_close, 2), "n"),
            (money(trade.gross_pnl, signed=True), "n"),
            (money(trade.fees), "n"),
            (money(trade.net_pnl, signed=True), f"n {_tone(trade.net_pnl)}"),
            (entry.level, ""),
            (entry.reason or UNKNOWN, ""),
            (trade.exit_reason or ("still open" if held is None else UNKNOWN), ""),
        ]
        found.append(f'<tr data-session="{trade.session}">{_cells(cells)}</tr>')
    return "".join(found)


def _session_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    found = []
    for row in rows:
        reasons = "; ".join(row["unclean_reasons"])
        cells = [
            (row["session"], ""),
            (count(row["trades"]), "n"),
            (money(row["gross_pnl"], signed=True), "n"),
            (money(row["fees"]), "n"),
            (money(row["net_pnl"], signed=True), f"n {_tone(row['net_pnl'])}"),
            (money(row["max_drawdown"]), "n"),
            (count(row["decisions"]), "n"),
            (count(row["orders"]), "n"),
            (count(row["fills"]), "n"),
            (count(row["open_at_end"]), "n"),
            (count(row["quotes"]), "n"),
            (row["settlement_source"] or UNKNOWN, ""),
            (number(row["elapsed_s"], 1), "n"),
            (
                "clean" if row["clean"] else f"UNCLEAN: {reasons}",
                "" if row["clean"] else "long bad",
            ),
        ]
        found.append(f'<tr data-session="{row["session"]}">{_cells(cells)}</tr>')
    return "".join(found)


def _decisions_table(decisions: pa.Table) -> str:
    pairs = zip(decisions["kind"].to_pylist(), decisions["reason"].to_pylist(), strict=True)
    ranked = sorted(Counter(pairs).items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    return _rows((kind, reason, count(times)) for (kind, reason), times in ranked)


def _orders_table(orders: pa.Table) -> str:
    # The code before the colon is stable; the figures behind it differ from order to order.
    codes = [text.partition(":")[0] for text in orders["reason"].to_pylist()]
    ranked = Counter(zip(orders["status"].to_pylist(), codes, strict=True)).most_common()
    return _rows((status, code, count(times)) for (status, code), times in ranked)


def _reproduction(summary: Mapping[str, Any], config: str | None) -> str:
    facts = {
        "run": summary["run_id"],
        "strategy": summary["strategy"],
        "command": summary["command"],
        "config hash": summary["config_hash"],
        "code version": summary["code_version"],
        "data fingerprint": summary["data_fingerprint"],
        "versions": ", ".join(f"{k} {v}" for k, v in summary["versions"].items()),
        "elapsed": f"{number(summary['elapsed_s'], 1)} s",
    }
    box = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts.items())
    if config is not None:
        box += (
            "<dt>configuration</dt><dd><details><summary>config.toml</summary>"
            f"<pre>{_text(config)}</pre></details></dd>"
        )
    return f"<dl>{box}</dl>"


def _clock(ns: int | None, session: str) -> str:
    if ns is None:
        return UNKNOWN
    local = figures.local_ms(np.array([ns]), np.array([session], "datetime64[D]"))
    return str(local.astype("datetime64[ms]").astype("datetime64[s]")[0])[11:]


def _of_gross(summary: Mapping[str, Any]) -> str:
    gross = summary["gross_pnl"]
    return fraction(summary["fees"] / abs(gross) if gross else None, 1)


def _rows(rows: Iterable[Sequence[str]]) -> str:
    """Write table rows whose last column is a figure."""
    return "".join(
        f"<tr>{_cells([*((text, '') for text in row[:-1]), (row[-1], 'n')])}</tr>" for row in rows
    )


def _cells(cells: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<td class="{kind}">{_text(text)}</td>' for text, kind in cells)


def _tone(value: float | None) -> str:
    return "" if not value else "good" if value > 0 else "bad"


def _plural(times: int, noun: str) -> str:
    return f"{times:,} {noun}{'' if times == 1 else 's'}"


def _text(value: object) -> str:
    return html.escape(str(value))
