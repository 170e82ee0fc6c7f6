"""Speed of the way into the catalog and out of it, on one session of made-up quotes.

``quotes_per_s`` goes from parsed columns to Parquet files in the catalog (checks, grouping,
hashes, instruments, manifest); ``csv_rows_per_s`` is the parser alone; ``chunk_ticks_per_s`` is
reading back as time-ordered engine objects. Rates are per processor second, so that other work on
the machine counts little.
"""

import datetime as dt
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

BUDGET_QUOTES_PER_S = 1_000_000
BUDGET_CHUNK_TICKS_PER_S = 700_000

ROWS = 4_700_000
CONTRACTS = 200
CSV_ROWS = 300_000
DATE = dt.date(2026, 7, 31)


def run(rows: int = ROWS) -> dict[str, Any]:
    """Return rates per processor second, wall seconds, and peak memory while reading, in MB."""
    from autotrade_0dte.calendar import session
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.importers.quote_rows import build_chain
    from autotrade_0dte.data.importers.report import RowFilter, Tally

    day = session(DATE)
    quotes = _quotes(day.open_ns, rows)
    result: dict[str, Any] = {"quotes": rows}
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "catalog")
        tally = Tally()
        started = time.process_time(), time.perf_counter()
        chain = build_chain("SPY", day, quotes, RowFilter(rows, tally), tally)
        assert chain is not None
        built = time.process_time()
        with catalog.transaction("benchmark") as tx:
            tx.write(chain)
        took = time.process_time() - started[0]
        result["quotes_per_s"] = round(rows / took)
        result["write_wall_s"] = round(time.perf_counter() - started[1], 2)
        result["check_and_order_share"] = round((built - started[0]) / took, 2)
        del quotes, chain
        result["csv_rows_per_s"] = round(_csv_rate())
        (entry,) = catalog.sessions()
        started = time.process_time(), time.perf_counter()
        read = sum(len(chunk) for chunk in catalog.chunks(entry))
        assert read == rows
        result["chunk_ticks_per_s"] = round(rows / (time.process_time() - started[0]))
        result["read_wall_s"] = round(time.perf_counter() - started[1], 2)
        result["read_peak_mb"] = _peak_mb(catalog.path)
    result["within_budget"] = (
        result["quotes_per_s"] >= BUDGET_QUOTES_PER_S
        and result["chunk_ticks_per_s"] >= BUDGET_CHUNK_TICKS_PER_S
    )
    return result


def _quotes(open_ns: int, rows: int) -> Any:
    from autotrade_0dte.data.importers.quote_rows import QuoteRows

    rng = np.random.default_rng(1)
    seconds = np.sort(rng.integers(0, 23_400, rows))
    contract = np.arange(rows) % CONTRACTS
    bid = rng.integers(0, 2_000, rows) / 100
    size = rng.integers(1, 500, rows).astype(np.float64)
    return QuoteRows(
        open_ns + seconds * 1_000_000_000 + np.arange(rows) % 1_000_000,
        600.0 + contract // 2,
        contract % 2 == 0,
        bid,
        bid + 0.01,
        size,
        size,
    )


def _csv_rate() -> float:
    from autotrade_0dte.data.importers.cboe_delayed import _COLUMNS
    from autotrade_0dte.data.importers.delimited import read_columns
    from autotrade_0dte.data.importers.report import Tally

    row = (
        "2026-07-31 09:49:58,2026-07-31T09:34:11,741.17,2026-07-31,C,705.0,35.9,38.04,36.0,36.0,"
        "43.54,1.2198,0.9969,0.0007,-0.0122,0.002,0.0,0.0,1573.0\n"
    )
    content = (",".join(_COLUMNS) + "\n" + row * CSV_ROWS).encode()
    started = time.process_time()
    assert read_columns(content, _COLUMNS, "benchmark", Tally()).num_rows == CSV_ROWS
    return CSV_ROWS / (time.process_time() - started)


def _peak_mb(catalog: Path) -> int:
    """Read in a process of its own; ru_maxrss would begin with the peak of this one."""
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from autotrade_0dte.data.catalog import Catalog\n"
        "c = Catalog(sys.argv[1])\n"
        "for chunk in c.chunks(c.sessions()[0]): pass\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) // 1024)\n"
    )
    command = [sys.executable, "-c", code, str(catalog)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
