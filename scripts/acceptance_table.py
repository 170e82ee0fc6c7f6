"""Run the acceptance cases and write docs/acceptance.md from the list of cases and the results.

    python scripts/acceptance_table.py

A case has passed if every test that names it has. Exit code 1 if one has not.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "acceptance.md"
TESTS = ROOT / "tests"

sys.path.insert(0, str(TESTS))

from acceptance.cases import CASES, GROUPS, Answer, Case  # noqa: E402
from acceptance.evidence import evidence  # noqa: E402

HEAD = """\
# Acceptance cases of the Tiger adapter

*Made by `python scripts/acceptance_table.py`; do not edit.*

NautilusTrader's developer guide has two specifications that an adapter is tested against, one for
data (`spec_data_testing.md`, numbers TC-D) and one for execution (`spec_exec_testing.md`, numbers
TC-E). The tables list every number of both, and further cases of this adapter (TN-D, TN-E):
{total} cases, of which {served} are served, {refused} are refused with a reason, and
{not_applicable} do not apply.

Each case that applies is shown by tests in [`tests/acceptance`](../tests/acceptance): a live
node with `TigerDataClient` and `TigerExecutionClient` in one process, the unmodified `tigeropen`
SDK in it, and the [simulator](../adapters/tiger_nt/simulator) in another. Beside the case itself
every test demands that the node logged no errors but those its cases are about, and that engine
and simulator agree at the end on every order, fill, fee and position.

The simulator does what is known of Tiger; none of this has been run on a real account.
"""
_COLUMNS = "| number | case | answer | remark | result | shown by |\n|---|---|---|---|---|---|\n"


class Results:
    """A plugin of pytest that keeps what became of each test, all its parameters together."""

    def __init__(self) -> None:
        self.failed: set[tuple[str, str]] = set()
        self.passed: set[tuple[str, str]] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of a test's call, and of what failed before it."""
        file, _, name = report.nodeid.rpartition("::")
        test = Path(file).name, name.partition("[")[0]
        if report.failed:
            self.failed.add(test)
        elif report.when == "call" and report.passed:
            self.passed.add(test)

    def by_case(self) -> dict[str, str]:
        """Return ``passed``, ``FAILED`` or ``not run`` by the number of each case with a test."""
        return {number: self._result(set(tests)) for number, tests in evidence().items()}

    def _result(self, tests: set[tuple[str, str]]) -> str:
        if tests & self.failed:
            return "FAILED"
        return "passed" if tests <= self.passed else "not run"


def document(results: Mapping[str, str]) -> str:
    """Return the whole text of docs/acceptance.md; `results` by the number of the case."""
    count = Counter(case.answer for case in CASES)
    head = HEAD.format(
        total=len(CASES),
        served=count[Answer.SERVED],
        refused=count[Answer.REFUSED],
        not_applicable=count[Answer.NOT_APPLICABLE],
    )
    tests = evidence()
    parts = [head]
    for group in GROUPS:
        rows = "".join(
            _row(case, results.get(case.number, ""), tests.get(case.number, []))
            for case in group.cases
        )
        parts.append(f"## {group.title}\n\n{_COLUMNS}{rows}")
    return "\n".join(parts)


def _row(case: Case, result: str, tests: list[tuple[str, str]]) -> str:
    shown = "<br>".join(f"[`{name}`](../tests/acceptance/{file})" for file, name in tests)
    cells = (case.number, case.name, case.answer.value, case.remark, result, shown)
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    """Run the tests and write the document."""
    results = Results()
    folder = TESTS / "acceptance"
    options = ["-q", "-p", "no:cacheprovider", f"--ignore={folder / 'test_cases.py'}"]
    code = pytest.main([*options, str(folder)], [results])
    DOCUMENT.write_text(document(results.by_case()), encoding="utf-8")
    return int(code != 0)


if __name__ == "__main__":
    sys.exit(main())
