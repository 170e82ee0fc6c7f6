"""Transaction costs as a terminal shows them."""

import io
from typing import Any

import pytest
from rich.console import Console
from worked_tables import NAN, example, mark, parent, worked_tables

from autotrade_0dte.analysis.display import UNKNOWN
from autotrade_0dte.analysis.tca_groups import By, tca_of
from autotrade_0dte.analysis.tca_terminal import print_tca


def shown(tables: Any, width: int = 100, by: tuple[By, ...] = tuple(By)) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_tca(tca_of(tables, by), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def line(text: str, start: str) -> str:
    return next(row for row in text.splitlines() if row.lstrip("│ ").startswith(start))


def test_example_is_shown_part_by_part() -> None:
    text = shown(example())
    for name, dollars in (
        ("Delay", "$2.00"), ("Spread  ", "$3.00"), ("Impact  ", "$2.00"), ("Opportunity", "$7.00"),
        ("Shortfall  ", "$14.00"), ("Fees", "$3.41"), ("Total", "$17.41"),
    ):  # fmt: skip
        assert dollars in line(text, name)
    assert "35.00 %" in line(text, "share of the spread")
    assert "2 of 3 filled" in text
    assert "run r" in text


def test_unknown_is_a_dash_and_never_a_zero() -> None:
    text = shown(worked_tables([parent(filled=1, bid=NAN)], [mark()]))
    assert "0 of 1 order fully known" in line(text, "Shortfall")
    assert UNKNOWN in line(text, "share of the spread")
    assert UNKNOWN in line(text, "WALK")


def test_group_says_of_how_many_orders_its_shortfall_is() -> None:
    known = parent(parent_id="P-1", end_mid=1.12, outcome="GIVEN_UP")
    unknown = parent(parent_id="P-2", bid=NAN, outcome="GIVEN_UP")
    assert "$21.00 (1)" in line(shown(worked_tables([known, unknown])), "WALK")


def test_only_the_groupings_asked_for_are_shown() -> None:
    text = shown(example(), by=(By.PURPOSE,))
    assert "By purpose" in text
    assert "By track" not in text


def test_vetoes_are_listed_by_code() -> None:
    text = shown(worked_tables([parent(vetoes='{"SPREAD":2,"QUOTE_AGE":1}')]))
    assert "QUOTE_AGE 1, SPREAD 2" in text


def test_run_without_orders_says_so() -> None:
    assert "No orders were worked." in shown(worked_tables([]))


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_figure_is_cut_off(width: int) -> None:
    assert "…" not in shown(example(), width)
