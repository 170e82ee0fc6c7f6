import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip, round_trips


def fill(quantity: int, price: float, ts: int = 0, fee: float = 0.0, **changes: object) -> Fill:
    fields: dict[str, object] = {
        "ts_event": ts,
        "strategy": "S",
        "instrument_id": "A",
        "quantity": quantity,
        "price": price,
        "fee": fee,
        "multiplier": 100,
        "plan_id": "P",
        "reason": "",
        "kind": FillKind.TRADE,
    }
    return Fill(**(fields | changes))  # type: ignore[arg-type]


def test_partial_fills_make_one_round_trip_with_average_prices() -> None:
    [trip] = round_trips(
        [
            fill(3, 1.00, ts=1, fee=2.0),
            fill(1, 1.40, ts=2, fee=0.5),
            fill(-2, 2.00, ts=3, fee=1.0),
            fill(-2, 1.50, ts=4, fee=1.0, reason="TARGET"),
        ]
    )
    assert trip.average_open == pytest.approx(1.10)
    assert trip.average_close == pytest.approx(1.75)
    assert trip.gross_pnl == pytest.approx(260.0)
    assert (trip.quantity, trip.ts_opened, trip.ts_closed) == (4, 1, 4)
    assert (trip.fees, trip.exit_reason) == (4.5, "TARGET")


def test_short_round_trip_gains_when_bought_back_cheaper() -> None:
    [trip] = round_trips([fill(-2, 3.0), fill(2, 1.0)])
    assert (trip.quantity, trip.gross_pnl) == (-2, 400.0)
    assert (trip.average_open, trip.average_close) == (3.0, 1.0)


def test_reentry_after_flat_is_a_second_round_trip() -> None:
    trips = round_trips([fill(1, 1.0), fill(-1, 2.0), fill(1, 5.0)])
    assert [trip.held for trip in trips] == [0, 1]
    assert trips[1].ts_closed is None
    assert trips[1].average_close != trips[1].average_close


def test_expiry_without_a_reason_is_named_by_its_kind() -> None:
    [trip] = round_trips([fill(1, 1.0), fill(-1, 0.0, kind=FillKind.EXPIRY_WORTHLESS)])
    assert trip.exit_reason == "EXPIRY_WORTHLESS"


def test_fill_through_zero_ends_one_trip_and_begins_another() -> None:
    closed, begun = round_trips([fill(1, 1.0, fee=1.0), fill(-3, 1.5, ts=7, fee=3.0)])
    assert (closed.held, closed.ts_closed, closed.gross_pnl, closed.fees) == (0, 7, 50.0, 2.0)
    assert (begun.held, begun.ts_opened, begun.fees, begun.average_open) == (-2, 7, 2.0, 1.5)


def test_single_contract_goes_through_zero_and_is_short_then() -> None:
    closed, begun = round_trips([fill(1, 1.0), fill(-2, 1.5, ts=7), fill(1, 1.2, ts=8)])
    assert (closed.held, closed.gross_pnl) == (0, pytest.approx(50.0))
    assert (begun.quantity, begun.ts_opened, begun.ts_closed) == (-1, 7, 8)
    assert (begun.average_open, begun.average_close) == (1.5, 1.2)
    assert begun.gross_pnl == pytest.approx(30.0)


def test_instruments_and_strategies_do_not_mix() -> None:
    trips = round_trips([fill(1, 1.0), fill(1, 1.0, instrument_id="B"), fill(1, 1, strategy="T")])
    assert len(trips) == 3


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.integers(0, 10_000), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
def test_pnl_of_all_trips_is_the_cash_flow_of_all_fills(
    steps: list[tuple[int, int, bool]],
) -> None:
    fills, held = [], 0
    for ts, (quantity, cents, buy) in enumerate(steps):
        signed = quantity if buy else -quantity
        held += signed
        fills.append(fill(signed, cents / 100, ts=ts, fee=0.01))
    trips: list[RoundTrip] = round_trips(fills)
    cash = -sum(f.quantity * f.price * f.multiplier for f in fills)
    assert sum(trip.gross_pnl for trip in trips) == pytest.approx(cash, abs=1e-6)
    assert sum(trip.fees for trip in trips) == pytest.approx(0.01 * len(fills))
    assert sum(trip.held for trip in trips) == held
