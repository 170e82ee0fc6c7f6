import datetime as dt
import io
import math
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from autotrade_0dte.analysis.forward_returns import HORIZONS_S, Sample, SpotPath
from autotrade_0dte.analysis.intervals import SessionBootstrap, share95, wilson95
from autotrade_0dte.analysis.signal_accuracy import (
    ACCURACY_FILE,
    BinKind,
    read_accuracy,
    signal_accuracy,
    write_accuracy,
)
from autotrade_0dte.analysis.signal_accuracy_display import accuracy_section, print_accuracy
from autotrade_0dte.analysis.tables import TABLES, TableError, write_table

NS = 1_000_000_000
MONDAY = dt.date(2024, 1, 8)
OPEN_NS = 1_704_724_200 * NS
DAY_NS = 86_400 * NS
BLANK = {"string": "", "timestamp[ns, tz=UTC]": None, "date32[day]": MONDAY}


def write(folder, name, rows):
    """Write a table from rows that name only what matters."""
    columns = {
        field.name: [row.get(field.name, BLANK.get(str(field.type), 0)) for row in rows]
        for field in TABLES[name]
    }
    write_table(folder, name, columns)


def state(second, spot, day=0, printed=None):
    start_ns = OPEN_NS + day * DAY_NS
    return {
        "run_id": "r",
        "session": MONDAY + dt.timedelta(days=day),
        "ts_event": start_ns + second * NS,
        "spot": spot,
        "spot_time": start_ns + (second if printed is None else printed) * NS,
        "since": OPEN_NS,
    }


def signal(second, direction, spot, *, onset=None, refusal="", day=0, **more):
    start = second if onset is None else onset
    begin = OPEN_NS + day * DAY_NS + start * NS if direction else None
    found = state(second, spot, day) | {"track": "regular", "strength": 0.5, "level": 0}
    return found | {"direction": direction, "onset": begin, "refusal": refusal} | more


def folder_of(tmp_path, states, signals):
    write(tmp_path, "states", states)
    write(tmp_path, "signals", signals)
    return tmp_path


def rising(seconds=400, day=0, per_second=1e-5):
    return [state(s, 100 * math.exp(per_second * s), day) for s in range(seconds)]


def row_of(accuracy, horizon_s=10.0, sample=Sample.ONSET, kind=BinKind.ALL, number=0):
    (row,) = (
        r
        for r in accuracy.rows
        if (r.horizon_s, r.sample, r.kind, r.bin) == (horizon_s, sample, kind, number)
    )
    return row


# --- forward returns ---


def path(times, spot, printed=None):
    times = OPEN_NS + np.array(times, np.int64) * NS
    printed = times if printed is None else OPEN_NS + np.array(printed, np.int64) * NS
    return SpotPath(times, np.array(spot, np.float64), printed)


def books(times):
    """Return the path of snapshots of a price that comes every 300 s, always higher."""
    return path(times, [100.0 + t // 300 for t in times], [t - t % 300 for t in times])


def returns(found, second, spot=100.0):
    bps = found.returns_bps(np.array([OPEN_NS + second * NS]), np.array([spot]))
    return dict(zip(HORIZONS_S, bps[0].tolist(), strict=True))


def test_return_is_that_to_the_last_price_before_the_horizons_end():
    found = returns(path(range(100), [100.0 + second for second in range(100)]), 5, 105.0)
    assert found[10.0] == pytest.approx(1e4 * math.log(115 / 105))
    assert found[30.0] == pytest.approx(1e4 * math.log(135 / 105))


def test_return_beyond_the_end_of_the_session_is_unknown():
    whole = path(range(101), range(100, 201))
    assert not math.isnan(returns(whole, 90)[10.0])
    assert math.isnan(returns(whole, 91)[10.0])
    assert math.isnan(returns(whole, 90)[30.0])


def test_return_over_less_than_the_datas_spacing_is_unknown_though_snapshots_repeat_prices():
    found = returns(books(range(0, 6_000, 10)), 300, 101.0)
    assert [h for h, bps in found.items() if math.isnan(bps)] == [10.0, 30.0, 60.0]
    assert found[300.0] == pytest.approx(1e4 * math.log(102 / 101))


def test_price_that_is_quoted_again_and_has_not_moved_is_a_return_of_zero():
    assert returns(path(range(100), [100.0] * 100), 5)[10.0] == 0.0


@pytest.mark.parametrize(("second", "known"), [(450, True), (460, False)])
def test_return_from_a_price_older_than_half_the_horizon_is_unknown(second, known):
    found = returns(books(range(0, 6_000, 10)), second, 101.0)
    assert (not math.isnan(found[300.0])) is known
    assert not math.isnan(found[900.0])


def test_return_over_a_stop_of_the_data_is_unknown_though_snapshots_go_on():
    times = list(range(0, 6_000, 10))
    found = path(times, [100.0 + t for t in times], [t if t < 500 else 490 for t in times])
    assert not math.isnan(returns(found, 200)[300.0])
    assert math.isnan(returns(found, 400)[300.0])
    assert math.isnan(returns(found, 3_000)[900.0])


def test_only_snapshots_with_a_new_print_are_moments_to_compare_with():
    found = books(range(0, 6_000, 10)).new_prices()
    assert len(found) == 20
    assert (found[:-1, HORIZONS_S.index(300.0)] > 0).all()


def test_return_whose_price_is_older_than_half_the_horizon_is_unknown():
    spot = np.arange(100.0, 201.0)
    spot[8:60] = np.nan
    found = path(range(101), spot)
    assert not math.isnan(returns(found, 2)[10.0])  # the price of second 7, half way
    assert math.isnan(returns(found, 3)[10.0])


@pytest.mark.parametrize("spot", [[], [100.0], [math.nan] * 50])
def test_session_without_prices_has_no_returns(spot):
    assert all(map(math.isnan, returns(path(range(len(spot)), spot), 0).values()))


def test_signal_without_a_price_has_no_return():
    found = path(range(100), range(100, 200))
    assert math.isnan(returns(found, 5, math.nan)[10.0])


# --- which snapshot stands for a signal ---


def test_direction_counts_once_as_it_begins_and_once_as_it_may_be_acted_on(tmp_path):
    signals = [
        signal(10, 0, 100.0, refusal="WEAK"),
        signal(20, 1, 100.0, refusal="WEAK", strength=0.3),
        signal(30, 1, 100.0, onset=20, strength=0.6),
        signal(40, 1, 100.0, onset=20, strength=0.9),
        signal(50, 0, 100.0, refusal="WEAK"),
        signal(60, 1, 100.0, refusal="COOL_DOWN", strength=0.4),
        signal(70, -1, 100.0, strength=0.7),
        signal(80, -1, 100.0, strength=0.8),
    ]
    found = signal_accuracy(folder_of(tmp_path, rising(), signals))
    onset, free = row_of(found), row_of(found, sample=Sample.ACTIONABLE)
    assert (onset.signals, onset.low, onset.high) == (4, 0.3, 0.8)
    assert (free.signals, free.low, free.high) == (3, 0.6, 0.8)


def test_minute_is_represented_by_its_first_snapshot_if_that_has_a_direction(tmp_path):
    signals = [
        signal(50, 1, 100.0, strength=0.31),
        signal(59, 1, 100.0, onset=50, strength=0.32),
        signal(60, 1, 100.0, onset=50, strength=0.33),
        signal(115, 0, 100.0, refusal="WEAK"),
        signal(121, 0, 100.0, refusal="WEAK"),
        signal(122, 1, 100.0, strength=0.34),
        signal(180, 1, 100.0, onset=122, strength=0.35, refusal="EXPIRED"),
    ]
    row = row_of(signal_accuracy(folder_of(tmp_path, rising(), signals)), sample=Sample.MINUTE)
    assert (row.signals, row.low, row.high) == (3, 0.31, 0.35)


def test_tracks_are_measured_apart(tmp_path):
    signals = [signal(10, 1, 100.0), signal(10, -1, 100.0, track="anomaly")]
    found = signal_accuracy(folder_of(tmp_path, rising(), signals))
    hits = {r.track: r.hit_rate for r in found.rows if r.kind is BinKind.ALL and r.known}
    assert hits == {"regular": 1.0, "anomaly": 0.0}


def test_direction_of_one_track_is_not_cut_by_the_rows_of_another(tmp_path):
    signals = [
        signal(second, 1, 100.0, onset=10, track=track)
        for second in (10, 20, 30)
        for track in ("regular", "anomaly")
    ]
    found = signal_accuracy(folder_of(tmp_path, rising(), signals))
    assert {(r.track, r.signals) for r in found.rows} == {("regular", 1), ("anomaly", 1)}


def test_onset_at_the_same_time_of_two_sessions_counts_twice(tmp_path):
    states = [*rising(day=0), *rising(day=1)]
    signals = [signal(10, 1, 100.0, day=day, onset=0) for day in (0, 1)]
    assert row_of(signal_accuracy(folder_of(tmp_path, states, signals))).signals == 2


# --- figures ---


def test_return_counts_in_the_signals_direction_and_the_base_rate_has_the_same_directions(tmp_path):
    at = {second: 100 * math.exp(1e-5 * second) for second in (100, 200, 390)}
    signals = [signal(100, 1, at[100]), signal(200, -1, at[200]), signal(390, 1, at[390])]
    row = row_of(signal_accuracy(folder_of(tmp_path, rising(), signals)))
    assert (row.signals, row.known, row.hit_rate) == (3, 2, 0.5)  # the last outlives the session
    assert row.base_rate == 0.5
    assert row.mean_bps == pytest.approx(0.0)
    only_up = signal_accuracy(folder_of(tmp_path, rising(), signals[:1]))
    assert row_of(only_up).mean_bps == pytest.approx(1.0)
    assert row_of(only_up).base_rate == 1.0


def test_horizon_without_a_known_return_says_so(tmp_path):
    row = row_of(signal_accuracy(folder_of(tmp_path, rising(), [signal(100, 1, 100.0)])), 900.0)
    assert (row.signals, row.known) == (1, 0)
    figures = [row.hit_rate, row.hit_low, row.hit_high, row.base_rate, row.mean_bps]
    assert all(map(math.isnan, [*figures, row.mean_low_bps, row.mean_high_bps]))


def test_price_that_stays_is_no_hit(tmp_path):
    states = [state(s, 100.0 + (s if s < 50 or s > 150 else 50)) for s in range(400)]
    row = row_of(signal_accuracy(folder_of(tmp_path, states, [signal(100, -1, 150.0)])))
    assert (row.known, row.hit_rate, row.mean_bps) == (1, 0.0, 0.0)
    assert row.base_rate == 0.0  # the price never falls


def test_base_rate_leaves_out_the_time_in_which_the_data_had_stopped(tmp_path):
    states = [*rising(400), *(state(s, 101.0, printed=399) for s in range(400, 4_000))]
    row = row_of(signal_accuracy(folder_of(tmp_path, states, [signal(100, 1, 100.0)])))
    assert (row.hit_rate, row.base_rate) == (1.0, 1.0)


@pytest.mark.parametrize(("count", "bins"), [(19, 1), (40, 2), (199, 9), (250, 10)])
def test_strength_groups_are_deciles_or_fewer_of_equal_size(tmp_path, count, bins):
    signals = [
        signal(s, 1 if s % 2 else -1, 100.0, strength=0.3 + s / 1_000) for s in range(1, count + 1)
    ]
    found = signal_accuracy(folder_of(tmp_path, rising(), signals))
    groups = [
        r
        for r in found.rows
        if (r.kind, r.horizon_s, r.sample) == (BinKind.STRENGTH, 10.0, Sample.ONSET)
    ]
    assert [r.bin for r in groups] == list(range(bins))
    assert sum(r.signals for r in groups) == count
    assert max(r.signals for r in groups) - min(r.signals for r in groups) <= 1
    assert all(one.high < other.low for one, other in pairwise(groups))


def test_levels_are_measured_apart(tmp_path):
    signals = [signal(10, 1, 100.0, level=0), signal(20, -1, 100.0, level=2)]
    found = signal_accuracy(folder_of(tmp_path, rising(), signals))
    assert row_of(found, kind=BinKind.LEVEL, number=0).hit_rate == 1.0
    assert row_of(found, kind=BinKind.LEVEL, number=2).hit_rate == 0.0


# --- intervals ---


def test_wilson_interval_equals_the_published_example():
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I.
    assert wilson95(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson95(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert all(map(math.isnan, wilson95(0, 0)))


def test_wilson_interval_covers_a_coins_rate_19_times_in_20():
    tosses = np.random.default_rng(5).binomial(100, 0.5, 2_000)
    covered = [low <= 0.5 <= high for low, high in (wilson95(int(k), 100) for k in tosses)]
    assert 0.935 <= np.mean(covered) <= 0.965


def test_interval_of_a_share_covers_it_where_signals_of_a_session_share_their_fate():
    rng = np.random.default_rng(7)
    session, trials = np.repeat(np.arange(20), 10), 200
    covered, naive = [], []
    for _ in range(500):
        hits = np.repeat(rng.random(20) < 0.5, 10) ^ (rng.random(trials) < 0.1)
        low, high = share95(hits, session)
        covered.append(low <= 0.5 <= high)
        low, high = wilson95(int(hits.sum()), trials)
        naive.append(low <= 0.5 <= high)
    assert 0.91 <= np.mean(covered) <= 0.98
    assert np.mean(naive) < 0.7


def test_interval_of_a_share_is_wilsons_where_sessions_do_not_matter():
    hits = np.arange(100) % 2 == 0
    assert share95(hits, np.arange(100)) == pytest.approx(wilson95(50, 100), abs=1e-3)
    assert share95(hits, np.repeat(np.arange(10), 10)) == wilson95(50, 100)


def test_sessions_that_all_hit_count_once_each():
    assert share95(np.ones(12, np.bool_), np.repeat(np.arange(4), 3)) == wilson95(4, 4)
    assert share95(np.arange(6) < 3, np.zeros(6, np.int64)) == wilson95(0.5, 1)
    assert all(map(math.isnan, share95(np.ones(0, np.bool_), np.zeros(0, np.int64))))


def test_session_interval_covers_the_mean_where_values_of_a_session_are_alike():
    rng = np.random.default_rng(6)
    session = np.repeat(np.arange(40), 10)
    bootstrap, everything = SessionBootstrap(session), np.ones(400, np.bool_)
    covered, naive = [], []
    for _ in range(200):
        values = np.repeat(rng.normal(size=40), 10) + 0.1 * rng.normal(size=400)
        low, high = bootstrap.mean95(values, everything)
        covered.append(low <= 0.0 <= high)
        naive.append(abs(values.mean()) <= 1.96 * values.std() / 20)
    assert 0.89 <= np.mean(covered) <= 0.98
    assert np.mean(naive) < 0.7


def test_session_interval_is_the_same_each_time_and_needs_ten_sessions():
    values, session = np.arange(20.0), np.repeat(np.arange(10), 2)
    everything = np.ones(20, np.bool_)
    first = SessionBootstrap(session).mean95(values, everything)
    assert first == SessionBootstrap(session).mean95(values, everything)
    assert first[0] < values.mean() < first[1]
    assert all(map(math.isnan, SessionBootstrap(session).mean95(values, session < 9)))


def test_coin_flips_are_told_from_skill_by_their_interval(tmp_path):
    rng = np.random.default_rng(8)
    states, signals = [], []
    for day in range(12):
        spot = 100 * np.exp(np.cumsum(rng.normal(0, 1e-4, 2_000)))
        states += [state(s, float(spot[s]), day) for s in range(2_000)]
        for second in range(50, 1_950, 50):
            ahead = 1 if spot[second + 10] > spot[second] else -1
            coin = 1 if rng.random() < 0.5 else -1
            price = float(spot[second])
            signals.append(signal(second, coin, price, day=day))
            signals.append(signal(second, ahead, price, day=day, track="seer"))
    found = signal_accuracy(folder_of(tmp_path, states, signals))
    rows = {
        (r.track, r.sample): r for r in found.rows if (r.kind, r.horizon_s) == (BinKind.ALL, 10.0)
    }
    coin, seer = rows["regular", Sample.ONSET], rows["seer", Sample.ONSET]
    assert coin.hit_low < coin.base_rate < coin.hit_high
    assert seer.hit_low > seer.base_rate
    assert seer.mean_low_bps > 0.0


# --- kept and shown ---


@pytest.fixture
def measured(tmp_path):
    states = [row for day in range(10) for row in rising(day=day)]
    signals = [
        signal(second, 1, 100 * math.exp(1e-5 * second), day=day)
        for day in range(10)
        for second in range(10, 80, 10)
    ]
    return folder_of(tmp_path, states, signals)


def test_accuracy_is_kept_in_the_run_folder(measured):
    path = write_accuracy(measured)
    assert path == measured / ACCURACY_FILE
    kept, found = read_accuracy(measured), signal_accuracy(measured)
    assert (kept.run_id, kept.sessions, len(kept.rows)) == ("r", 10, len(found.rows))
    assert repr(kept) == repr(found)  # as text, because an unknown figure does not equal itself


@pytest.mark.parametrize("signals", [[], [signal(10, 0, 100.0, refusal="WEAK")]])
def test_run_without_signals_has_an_empty_accuracy(tmp_path, signals):
    folder = folder_of(tmp_path, rising(), signals)
    write_accuracy(folder)
    assert read_accuracy(folder).rows == ()
    assert "No signals were recorded" in accuracy_section(read_accuracy(folder))


def test_run_without_states_has_unknown_returns(tmp_path):
    row = row_of(signal_accuracy(folder_of(tmp_path, [], [signal(10, 1, 100.0)])))
    assert (row.signals, row.known) == (1, 0)


def test_file_of_other_columns_is_refused(tmp_path):
    with pytest.raises(TableError, match="Expected a run folder with signal_accuracy"):
        read_accuracy(tmp_path)
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / ACCURACY_FILE)
    with pytest.raises(TableError, match=r"was \['a'\]"):
        read_accuracy(tmp_path)


@pytest.mark.parametrize("width", [90, 140])
def test_terminal_shows_all_horizons_and_the_groups_at_one(measured, width):
    console = Console(width=width, record=True, file=io.StringIO())
    print_accuracy(signal_accuracy(measured), console)
    console_text = console.export_text()
    lines = console_text.splitlines()
    rows = [line.strip("\N{BOX DRAWINGS LIGHT VERTICAL} ").split() for line in lines]
    assert "Signals after the fact  10 sessions" in lines[0]
    assert ["regular:", "signals", "as", "they", "begin"] in rows
    assert "regular: signals as they may first be acted on" in console_text
    ten_seconds = ["10", "s", "70", "70", "100.0", "%", "72.2", "to", "100.0", "100.0", "%"]
    assert [*ten_seconds, "1.0", "1.0", "to", "1.0"] in rows
    assert sum(row[:3] == ["5", "min,", "CALM"] for row in rows) == len(Sample)
    assert sum(row[:3] == ["5", "min,", "0.50\N{EN DASH}0.50"] for row in rows) == len(Sample)
    assert not any(row[:2] == ["30", "s,"] for row in rows)
    assert not any("\N{HORIZONTAL ELLIPSIS}" in line for line in lines)


def test_report_section_holds_every_group(measured):
    page = accuracy_section(signal_accuracy(measured))
    assert page.startswith('<section class="long"><h2>Signals after the fact</h2>')
    assert page.count("<tr>") == 3 + len(signal_accuracy(measured).rows)
    assert "By level of the market" in page
    assert "<td>CALM</td>" in page
    assert "nan" not in page
