"""Small sessions and vendor files made by hand."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autotrade_0dte.calendar import session
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.session_data import ChainData

DATE = dt.date(2026, 7, 17)
SECOND = 1_000_000_000

CBOE_HEADER = (
    "fetched_at_et,quote_ts,spot,expiry,type,strike,bid,ask,bid_size,ask_size,last_trade_price,"
    "iv,delta,gamma,theta,vega,rho,volume,open_interest"
)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


@pytest.fixture
def make_chain() -> Callable[..., ChainData]:
    """Chain of `contracts` contracts that all quote once in each of `books` minutes."""

    def build(
        date: dt.date = DATE, books: int = 3, contracts: int = 4, bid: int = 100, root: str = "SPY"
    ) -> ChainData:
        rows = np.arange(contracts, dtype=np.int32)
        minutes = np.repeat(np.arange(books), contracts)
        size = np.full(books * contracts, 7)
        bids = bid + np.tile(rows, books).astype(np.int64)
        return ChainData(
            root=root,
            session=date,
            strike_mills=700_000 + 1_000 * (rows.astype(np.int64) // 2),
            is_call=rows % 2 == 0,
            contract=np.tile(rows, books),
            ts_event=session(date).open_ns + minutes * 60 * SECOND,
            bid=bids,
            ask=bids + 2,
            bid_size=size,
            ask_size=size + 1,
            open_interest=np.where(rows == 1, -1, 500 + rows.astype(np.int64)),
        )

    return build


@pytest.fixture
def cboe_row() -> Callable[..., str]:
    """One row of the Cboe delayed format."""

    def build(
        time: str = "09:34:11",
        kind: str = "C",
        strike: float = 705.0,
        bid: float | str = 1.2,
        ask: float | str = 1.25,
        date: str = "2026-07-17",
        expiry: str = "2026-07-17",
        spot: float | str = 705.1,
        interest: float | str = 12.0,
    ) -> str:
        return (
            f"{date} 10:00:00,{date}T{time},{spot},{expiry},{kind},{strike},{bid},{ask},"
            f"5.0,6.0,1.2,0.1,0.5,0.1,-0.1,0.1,0.0,3.0,{interest}"
        )

    return build


@pytest.fixture
def write_cboe(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a file of the Cboe delayed format."""

    def write(rows: list[str], name: str = "SPY_2026-07-17.csv", header: str = CBOE_HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Content of every file below a folder, but for the lock."""

    def read(root: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }

    return read
