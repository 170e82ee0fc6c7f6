"""The arithmetic of the benchmark at the loopback Tiger, and the README's tables of figures."""

import itertools
import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import benchmarks.__main__ as command
from benchmarks.bench_tiger import delays, quantiles, tiger_table
from benchmarks.tiger_server import NumberedMarket, number_of, sizes_of
from tiger_nt.simulator.market import hours_around

ROW = {"p50": 0.5, "p99": 1.5, "p99.9": 2.5, "max": 3.0, "sent": 3_000, "missing": 0}
QUOTES = {**ROW, "conflated": 7, "cpu_us": 150.4}
FOUND = {"quotes": {"1000": QUOTES}, "order": {**ROW, "sent": 300}, "fill": {**ROW, "sent": 300}}
RESULT = {"load": 0.25, "sdk": FOUND, "node": FOUND | {"readings": 2}}


@given(st.integers(0, 100_000))
def test_number_survives_the_two_sizes_that_stand_for_it(number: int):
    sizes = sizes_of(number)

    assert min(sizes) >= 1
    assert number_of(*map(float, sizes)) == number


def test_every_quote_of_the_played_market_has_the_next_number_and_two_sides():
    market = NumberedMarket(hours_around(time.time_ns(), 60, 43_200), rate=400, seconds=2)

    rows = list(itertools.chain.from_iterable(chunk.rows() for chunk in market.rows()))

    quotes = [row for row in rows if row.has_quote]
    assert [number_of(row.bid_size, row.ask_size) for row in quotes] == list(range(800))
    assert all(row.bid > 0 and row.ask > 0 for row in quotes)
    assert any(row.has_last for row in rows)


def test_delays_are_sorted_milliseconds_of_what_both_ends_know():
    sent_ns = {1: 1_000_000, 2: 2_000_000, 3: 3_000_000}

    found = delays(sent_ns, [(2, 7_000_000), (1, 1_500_000), (99, 9_000_000)])

    assert found == [0.5, 5.0]


def test_quantiles_are_nearest_ranks():
    assert quantiles([float(n) for n in range(1, 1_001)]) == {
        "p50": 500.0,
        "p99": 990.0,
        "p99.9": 999.0,
        "max": 1_000.0,
    }


def test_half_of_an_odd_count_is_the_middle():
    assert quantiles([1.0, 2.0, 9.0])["p50"] == 2.0


def test_quantiles_of_nothing_are_unknown():
    assert all(math.isnan(value) for value in quantiles([]).values())


def test_table_shows_no_thousandth_of_a_few_hundred_orders():
    lines = tiger_table(RESULT)

    quote = next(line for line in lines if "`on_quote`" in line)
    order = next(line for line in lines if "decision" in line)
    assert quote.endswith("| 1,000 | 0.50 | 1.50 | 2.50 | 0 | 7 | 150 |")
    assert order.endswith("| 25 | 0.50 | 1.50 |  | 0 |  |  |")


def test_table_says_how_often_the_orders_of_the_day_were_read_meanwhile():
    assert "The day's orders were read 2 times" in tiger_table(RESULT)[-1]


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "README.md"
    file.write_text(
        "a\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nb\n"
        "<!-- tiger benchmarks: begin -->\nold\n<!-- tiger benchmarks: end -->\nc\n"
    )
    monkeypatch.setattr(command, "README", file)
    return file


def test_writing_replaces_the_table_whose_benchmarks_have_run_and_no_other(readme: Path):
    command._write({"tiger": RESULT, "chain": {}})

    before, _, after = readme.read_text().partition("<!-- tiger benchmarks: begin -->\n")
    assert before == "a\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nb\n"
    assert after.startswith("| what | measured | budget | |\n")
    assert "old" not in after
    assert after.endswith("<!-- tiger benchmarks: end -->\nc\n")


def test_readme_without_the_marker_is_refused(readme: Path):
    readme.write_text("no table\n")

    with pytest.raises(SystemExit, match="tiger benchmarks: begin"):
        command._write({"tiger": RESULT})
