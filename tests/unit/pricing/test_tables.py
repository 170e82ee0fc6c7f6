"""The shipped polynomial tables are the ones their generator makes."""

import runpy
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

GENERATOR = Path(__file__).parents[3] / "scripts" / "generate_pricing_tables.py"


@pytest.mark.parametrize(
    ("table", "make_row", "rows"),
    [
        ("mills_ratio", "mills_row", (0, 1, 3, 31, 63)),
        ("first_guess", "guess_row", (0, 1, 7, 100, 511)),
    ],
)
def test_regenerated_sample_equals_the_shipped_table(table, make_row, rows):
    make = runpy.run_path(str(GENERATOR))[make_row]

    with np.load(files("autotrade_0dte.pricing") / "tables.npz") as shipped:
        for row in rows:
            assert shipped[table][row].tolist() == make(row)
