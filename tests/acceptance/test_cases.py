"""The list of cases is whole, every case is shown by a test or says why not, and so the document.

What the document says of results is what the other tests here demand.
"""

import re
import sys
from pathlib import Path

import pytest
from acceptance.cases import CASES, Answer
from acceptance.evidence import evidence

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import acceptance_table

SPECIFIED = {
    "TC-D": "01 02 03 10 11 12 13 14 20 21 30 31 40 41 50 51 52 53 60 61 62 63 70 71 72 73 74 75",
    "TC-E": "01 02 03 04 05 06 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 30 31 32 33 "
    "34 35 36 40 41 42 43 44 50 51 52 53 60 61 62 63 70 71 72 73 74 75 76 77 78 80 81 82 83 84 85 "
    "86 87 90 91 92 94 96 99 100 101",
}
"""Numbers of the specifications."""


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
    assert set(evidence()) == wanted


def test_case_that_is_not_served_says_why():
    silent = [case.number for case in CASES if not re.fullmatch(r"\S.*[^.]", case.remark)]
    answers = {case.number: case.answer for case in CASES}
    assert {answers[number] for number in silent} <= {Answer.SERVED}


def test_document_is_what_cases_and_tests_say():
    all_passed = dict.fromkeys(evidence(), "passed")
    written = acceptance_table.DOCUMENT.read_text(encoding="utf-8")
    assert written == acceptance_table.document(all_passed)


@pytest.mark.parametrize(
    ("outcomes", "result"),
    [
        (["passed", "passed"], "passed"),
        (["passed", "failed"], "FAILED"),
        (["passed"], "not run"),
        ([], "not run"),
    ],
)
def test_case_has_passed_if_all_its_tests_have(outcomes, result, monkeypatch):
    tests = [("test_a.py", "test_one"), ("test_b.py", "test_two")]
    monkeypatch.setattr(acceptance_table, "evidence", lambda: {"TC-E01": tests})
    results = acceptance_table.Results()
    for (file, name), outcome in zip(tests, outcomes, strict=False):
        node_id = f"tests/acceptance/{file}::{name}[x]"
        report = pytest.TestReport(node_id, (file, 1, name), {}, outcome, None, "call")
        results.pytest_runtest_logreport(report)
    assert results.by_case() == {"TC-E01": result}
