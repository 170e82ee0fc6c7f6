import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from plotly.offline import get_plotlyjs

from autotrade_0dte.analysis.report import write_report
from autotrade_0dte.analysis.summary import read_summary, write_summary

from run_folder import build_run  # isort: skip


class Page(HTMLParser):
    """Collects what a report page shows and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.ids, self.open, self.visible = [], set(), [], ""
        self.rows = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        named = dict(attrs)
        self.loaded += [named[key] for key in ("src", "href") if key in named]
        self.ids.add(named.get("id"))
        self.rows += tag == "tr" and "data-session" in named

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.visible += f" {data}"


def report(folder, **choices):
    build_run(folder, **choices)
    return write_report(folder).read_text(encoding="utf-8")


def data_of(text):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def test_page_loads_nothing_from_anywhere_and_holds_plotly_once(tmp_path):
    text = report(tmp_path)
    assert Page(text).loaded == []
    assert text.count(get_plotlyjs()) == 1
    own = text.replace(get_plotlyjs(), "")
    assert "http" not in own
    assert "@import" not in own
    assert "url(" not in own
    assert "showSendToCloud: false" in own


def test_page_fills_every_place_of_its_template(tmp_path):
    text = report(tmp_path).replace(get_plotlyjs(), "")
    assert "{{" not in text
    page = Page(text)
    assert set(data_of(text)["figures"]) | {"session"} <= page.ids


def test_page_shows_the_figures_of_the_summary(tmp_path):
    page = Page(report(tmp_path))
    summary = read_summary(tmp_path)
    for shown in (
        f"{summary['fees']:,.2f}",
        f"{abs(summary['net_pnl']):,.2f}",
        "CLEAN",
        "2024-01-02 to 2024-01-04",
        "3 sessions",
        summary["config_hash"],
        summary["command"],
        summary["data_fingerprint"],
        "numpy 2.5.5",
    ):
        assert shown in page.visible, shown


def test_synthetic_data_is_announced_and_real_data_is_not(tmp_path):
    for name, synthetic in (("a", True), ("b", False)):
        folder = tmp_path / name
        folder.mkdir()
        page = Page(report(folder, run={"synthetic": synthetic}))
        assert ("SYNTHETIC DATA" in page.visible) == synthetic


def test_unclean_run_gives_its_reasons_before_any_figure(tmp_path):
    page = Page(report(tmp_path, unclean=("DATA_GAP: minutes=48",), open_position=True))
    shown = page.visible
    assert "UNCLEAN" in shown
    assert shown.index("2024-01-02: DATA_GAP: minutes=48") < shown.index("Net P&L")
    assert shown.index("2024-01-04: POSITION_OPEN") < shown.index("Net P&L")
    assert "still open" in shown


def test_very_many_reasons_are_cut_and_counted(tmp_path):
    page = Page(report(tmp_path, unclean=tuple(f"REASON_{n}" for n in range(50))))
    assert "REASON_19" in page.visible
    assert "and 30 more, in summary.json" in page.visible


def test_run_without_trades_says_so(tmp_path):
    text = report(tmp_path, trades_a_session=0)
    assert "No trades." in Page(text).visible
    assert data_of(text)["figures"]["hours"]["layout"]["annotations"][0]["text"] == (
        "No closed trades"
    )


@pytest.mark.parametrize("sessions", [1, 2])
def test_few_sessions_give_a_whole_page(tmp_path, sessions):
    text = report(tmp_path, sessions=sessions)
    page = Page(text)
    assert page.rows == sessions * 4 + sessions  # trades and sessions
    assert len(data_of(text)["paths"]) == sessions
    assert f"only {sessions} session" in page.visible


def test_times_of_trades_are_new_york(tmp_path):
    page = Page(report(tmp_path))
    clocks = re.findall(r"\b(\d\d):\d\d:\d\d\b", page.visible)
    assert clocks
    assert {int(hour) for hour in clocks} <= set(range(9, 17))


def test_contracts_are_named_as_traders_do_with_entry_and_exit_reason(tmp_path):
    shown = Page(report(tmp_path)).visible
    assert re.search(r"SPY \d+ [CP]", shown)
    assert "MOMENTUM_" in shown
    assert "SPREAD_TOO_WIDE" in shown
    assert "MAX_PREMIUM" in shown
    assert "limit=500.00" not in shown


def test_trades_tell_why_they_were_entered(tmp_path):
    text = report(tmp_path)
    table = text[text.index('id="trade-table"') : text.index('id="session-table"')]
    # One trade of four has no plan that could lead to its decision.
    assert len(re.findall("MOMENTUM_(?:UP|DOWN)", table)) == 9


def test_text_from_outside_cannot_become_markup(tmp_path):
    build_run(tmp_path)
    hostile = "</script><script>alert(1)</script>"
    summary = read_summary(tmp_path) | {"name": hostile, "underlying": hostile}
    write_summary(tmp_path, summary)
    (tmp_path / "config.toml").write_text(f'note = "{hostile}"')
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert hostile in Page(text).visible
    assert hostile in data_of(text)["layout"]["yaxis"]["title"]["text"]


def test_configuration_is_shown_when_the_folder_has_it(tmp_path):
    build_run(tmp_path)
    (tmp_path / "config.toml").write_text("[risk]\nmax_premium = 500\n")
    assert "max_premium = 500" in Page(write_report(tmp_path).read_text("utf-8")).visible


def test_year_of_trading_stays_below_eight_megabytes(tmp_path):
    text = report(tmp_path, sessions=250, trades_a_session=8)
    assert len(text.encode()) < 8_000_000
    page = Page(text)
    assert page.rows == 800 + 250
    assert "The 400 worst and the 400 best of 2,000 trades" in page.visible
    paths = data_of(text)["paths"]
    assert len(paths) == 250
    assert max(len(path["t"]) for path in paths) <= 162


def test_page_is_the_same_when_written_again(tmp_path):
    first = report(tmp_path)
    assert write_report(tmp_path).read_text(encoding="utf-8") == first


def test_scenarios_are_drawn_together_with_their_figures_and_verdict(tmp_path):
    build_run(tmp_path)
    summary = read_summary(tmp_path)
    row = {"clean": True, "gross_pnl": 9.0, "fees": 1.0, "trades": 2, "fill_ratio": 0.5}
    row |= {"win_rate": 0.5, "max_drawdown": 3.0, "winning_sessions": 1}
    found = {"base": row | {"net_pnl": 12.34}, "pessimistic": row | {"net_pnl": -56.78}}
    write_summary(tmp_path, {**summary, "fill_verdict": "FRAGILE", "scenarios": found})
    harsh = tmp_path / "scenarios" / "pessimistic"
    harsh.mkdir(parents=True)
    shutil.copy(tmp_path / "equity.parquet", harsh)
    text = write_report(tmp_path).read_text(encoding="utf-8")
    shown = Page(text)
    assert "scenarios" in shown.ids
    for words in (
        "FRAGILE",
        "earns in the base, not in the pessimistic",
        "+$12.34",
        "\N{MINUS SIGN}$56.78",
    ):
        assert words in shown.visible
    lines = data_of(text)["figures"]["scenarios"]["data"]
    assert [line["name"] for line in lines] == ["base", "pessimistic"]
    assert lines[0]["y"] == lines[1]["y"]


def test_run_of_one_scenario_has_no_section_of_them(tmp_path):
    text = report(tmp_path)
    assert "scenarios" not in Page(text).ids
    assert "scenarios" not in data_of(text)["figures"]
