"""The list of cases is whole, and every case is shown by a test or says why not."""

import importlib
import re
from pathlib import Path

import pytest
from acceptance.cases import CASES, Answer

SPECIFIED = {
    "TC-D": "01 02 03 10 11 12 13 14 20 21 30 31 40 41 50 51 52 53 60 61 62 63 70 71 72 73 74 75",
    "TC-E": "01 02 03 04 05 06 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 30 31 32 33 "
    "34 35 36 40 41 42 43 44 50 51 52 53 60 61 62 63 70 71 72 73 74 75 76 77 78 80 81 82 83 84 85 "
    "86 87 90 91 92 94 96 99 100 101",
}
"""Numbers of the specifications of NautilusTrader 2.0."""


def shown() -> list[str]:
    """Return the numbers that the tests here name, as often as they do."""
    numbers = []
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"acceptance.{file.stem}")
        for test in vars(module).values():
            for mark in getattr(test, "pytestmark", []):
                numbers += mark.args if mark.name == "case" else ()
    return numbers


def test_every_number_of_the_specifications_is_listed_once():
    numbers = [case.number for case in CASES]
    assert len(numbers) == len(set(numbers))
    specified = [f"{prefix}{n}" for prefix, text in SPECIFIED.items() for n in text.split()]
    assert sorted(n for n in numbers if n.startswith("TC-")) == sorted(specified)


def test_our_own_numbers_run_without_gaps():
    for prefix in ("TN-D", "TN-E"):
        own = [case.number for case in CASES if case.number.startswith(prefix)]
        assert own == [f"{prefix}{n:02}" for n in range(1, len(own) + 1)]


def test_every_case_is_shown_by_a_test_unless_it_is_not_applicable():
    wanted = {case.number for case in CASES if case.answer is not Answer.NOT_APPLICABLE}
    assert set(shown()) == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_case_that_is_not_served_says_why(case):
    assert case.answer is Answer.SERVED or re.fullmatch(r"\S.*[^.]", case.remark)
