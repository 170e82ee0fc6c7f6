"""Which tests show which cases, read from the marks of the tests."""

import importlib
from collections import defaultdict
from pathlib import Path

__all__ = ["evidence"]


def evidence() -> dict[str, list[tuple[str, str]]]:
    """Return file and name of the tests by the number of the case that they show."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"acceptance.{file.stem}")
        for name, test in vars(module).items():
            for mark in getattr(test, "pytestmark", ()):
                if mark.name == "case":
                    for number in mark.args:
                        found[number].append((file.name, name))
    return dict(found)
