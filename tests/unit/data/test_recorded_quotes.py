"""Quotes of a contract by time: from the one in force to the end asked for."""

import dataclasses

import numpy as np
import pytest

from autotrade_0dte.data.recorded_quotes import RecordedQuotes

CALL = "SPY260717C00700000.US"


@pytest.fixture
def opened_ns(catalog, make_chain):
    chain = make_chain(books=4, contracts=2)
    steps = np.repeat(np.arange(4), 2)
    later = dataclasses.replace(
        chain, bid=chain.bid + 10 * steps, ask=chain.ask + 10 * steps, ts_init=chain.ts_event + 5
    )
    with catalog.transaction("test") as tx:
        tx.write(later)
    return int(chain.ts_event[0])


MINUTE = 60_000_000_000


@pytest.mark.parametrize(
    ("from_ns", "to_ns", "bids"),
    [
        (0, 3 * MINUTE + 5, [1.00, 1.10, 1.20, 1.30]),
        (MINUTE + 4, MINUTE + 6, [1.00, 1.10]),
        (MINUTE + 5, MINUTE + 6, [1.10]),
        (2 * MINUTE, 2 * MINUTE + 1, [1.10]),
        (-MINUTE, 4, []),
        (9 * MINUTE, 10 * MINUTE, [1.30]),
    ],
)
def test_quotes_count_from_their_receipt_and_the_first_is_in_force(
    catalog, make_chain, opened_ns, from_ns, to_ns, bids
):
    session = make_chain().session
    found = RecordedQuotes(catalog)(session, CALL, opened_ns + from_ns, opened_ns + to_ns)
    assert found == [(bid, pytest.approx(bid + 0.02)) for bid in bids]


def test_contract_that_the_catalog_lacks_has_no_quotes(catalog, make_chain, opened_ns):
    lookup = RecordedQuotes(catalog)
    session = make_chain().session
    assert lookup(session, "SPY260717C00999000.US", 0, opened_ns * 2) == []
