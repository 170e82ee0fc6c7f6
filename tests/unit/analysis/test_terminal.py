import io

import pytest
from rich.console import Console

from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.terminal import print_summary

from run_folder import build_run  # isort: skip


def printed(summary, width=80, *, terminal=False):
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal)
    print_summary(summary, console)
    return out.getvalue()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return read_summary(build_run(tmp_path_factory.mktemp("run")))


def test_no_color_reaches_a_pipe(clean, capsys):
    print_summary(clean)
    out = capsys.readouterr().out
    assert "CLEAN" in out
    assert "\x1b" not in out


def test_terminal_gets_color(clean):
    assert "\x1b[" in printed(clean, terminal=True)


@pytest.mark.parametrize("width", [80, 120])
def test_summary_fits_one_screen_with_nothing_cut_off(clean, width):
    lines = printed(clean, width).splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) == width
    assert not any("\N{HORIZONTAL ELLIPSIS}" in line for line in lines)
    text = " ".join(lines)
    for shown in ("SYNTHETIC DATA", f"{clean['fees']:.2f}", "2024-01-04", clean["run_id"]):
        assert shown in text


def test_summary_tells_how_many_orders_were_filled_that_should_be_and_what_they_paid(clean):
    executed = {"filled_of_those": 18, "should_fill": 19, "slippage_of_spread": 0.58}
    text = printed(clean | {"execution": clean["execution"] | executed})
    assert "18 of 19 orders" in text
    assert "58 %" in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_unclean_run_gives_its_first_reasons(tmp_path):
    reasons = tuple(f"REASON_{n}" for n in range(9))
    text = printed(read_summary(build_run(tmp_path, unclean=reasons)))
    assert "UNCLEAN" in text
    assert "! 2024-01-02: REASON_3" in text
    assert "REASON_4" not in text
    assert "and 5 more" in text


def test_many_sessions_show_the_worst_and_the_best(tmp_path):
    summary = read_summary(build_run(tmp_path, sessions=20))
    text = printed(summary)
    ranked = sorted(summary["per_session"], key=lambda row: row["net_pnl"])
    assert "The 3 worst and the 3 best of 20 sessions" in text
    listed = [line.split()[1] for line in text.splitlines() if "clean" in line]
    assert listed == [row["session"] for row in ranked[:3] + ranked[-3:]]
    assert len(text.splitlines()) <= 24


def test_run_without_trades_shows_dashes(tmp_path):
    summary = read_summary(build_run(tmp_path, trades_a_session=0, run={"synthetic": False}))
    text = printed(summary)
    assert "Win rate" in text
    assert "\N{EN DASH}" in text
    assert "SYNTHETIC" not in text


def with_fills(summary, verdict, *nets):
    row = {"clean": True, "gross_pnl": 9.0, "fees": 1.0, "trades": 2, "fill_ratio": 0.5}
    row |= {"win_rate": 0.5, "max_drawdown": 3.0, "winning_sessions": 1}
    names = ("optimistic", "base", "pessimistic")
    scenarios = {name: row | {"net_pnl": net} for name, net in zip(names, nets, strict=True)}
    return {**summary, "fill_verdict": verdict, "scenarios": scenarios}


@pytest.mark.parametrize("width", [80, 120])
def test_scenarios_stand_side_by_side_with_their_verdict(clean, width):
    text = printed(with_fills(clean, "OPTIMISTIC_ONLY", 31.0, -32.0, -33.0), width)
    assert "Fills: OPTIMISTIC_ONLY, a profit with optimistic fills alone is no profit" in text
    for shown in (
        "optimistic",
        "+$31.00",
        "base",
        "\N{MINUS SIGN}$32.00",
        "pessimistic",
        "\N{MINUS SIGN}$33.00",
    ):
        assert shown in text
    assert len(text.splitlines()) <= 30
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_one_scenario_needs_no_comparison(clean):
    base = {"base": with_fills(clean, "UNKNOWN", 1.0, 2.0, 3.0)["scenarios"]["base"]}
    assert "Fills:" not in printed({**clean, "fill_verdict": "UNKNOWN", "scenarios": base})
