"""From vendor files to the catalog in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.registry import FORMATS
from autotrade_0dte.data.importers.report import DataError, ImportedDataset, ImportReport, Tally
from autotrade_0dte.data.importers.sources import find_files, hashed
from autotrade_0dte.data.manifest import ImportAccount
from autotrade_0dte.data.session_data import SYMBOL, SessionDataError
from autotrade_0dte.products import UnknownProductError

__all__ = ["Progress", "import_files", "import_journal"]

type Progress = Callable[[str, int], None]
"""Called after each dataset with what it is and the rows read so far."""


def import_files(
    source_format: str,
    sources: Iterable[str | Path],
    catalog: Catalog,
    *,
    symbol: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import vendor files, all or none.

    Parameters
    ----------
    source_format : str
        A name of ``FORMATS``.
    sources : iterable of path
        Files, or folders of which the files that the format recognizes are taken.
    catalog : Catalog
        Where to; equal data that it already holds is left alone.
    symbol : str, optional
        What the files are of, where they do not say; else a restriction to one root.
    replace : bool
        Whether different data may replace what the catalog holds.
    progress : callable, optional
        Called after each dataset.

    Raises
    ------
    DataError
        A file is missing, damaged, of another format, or inconsistent; `symbol` is none; the
        options are of an index whose settlement is not known; or no row is good.
    CatalogConflictError
        The catalog holds different data for a session and `replace` is false.
    CatalogLockedError
        Another process is writing.
    """
    importer = FORMATS.get(source_format)
    if importer is None:
        known = ", ".join(FORMATS)
        raise DataError(f"Expected a format of {known}, was unknown", source_format)
    if importer.needs_symbol and symbol is None:
        raise DataError("Expected the symbol that the files are of, was none", source_format)
    if symbol is not None and not SYMBOL.fullmatch(symbol):
        raise DataError(f"Expected a symbol like SPY or BRK.B, was {symbol!r}", source_format)
    files, skipped = find_files((Path(source) for source in sources), importer.recognize)
    hashes = tuple(hashed(path) for path in files)
    tally = Tally()
    with catalog.transaction(source_format, importer.version, replace=replace) as tx:
        try:
            for item, names in importer.read(files, symbol, tally):
                tx.write(item, names)
                if progress is not None:
                    progress(f"{names[0]}: {type(item).__name__} {item.session}", tally.read)
        except (SessionDataError, UnknownProductError) as e:
            raise DataError(str(e), source_format) from e
        tx.synthetic = tally.synthetic
        tx.account = ImportAccount(
            hashes, tally.read, tally.written, dict(tally.refused), dict(tally.noted)
        )
        written, unchanged = list(tx.written), list(tx.unchanged)
        if not written and not unchanged:
            raise _nothing_to_store(files, symbol, tally)
    return ImportReport(
        format=source_format,
        sources=hashes,
        skipped=tuple(skipped),
        rows_read=tally.read,
        rows_written=tally.written,
        refused=dict(tally.refused),
        noted=dict(tally.noted),
        written=tuple(map(ImportedDataset.of, written)),
        unchanged=tuple(map(ImportedDataset.of, unchanged)),
    )


def import_journal(folder: Path, catalog: Catalog, *, replace: bool = False) -> ImportReport:
    """Import the journals below `folder`, also of a node that was killed; see `import_files`."""
    return import_files("recording", [folder], catalog, replace=replace)


def _nothing_to_store(files: Sequence[Path], symbol: str | None, tally: Tally) -> DataError:
    where = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"
    if tally.written > 0 or tally.read == 0:
        of_symbol = "" if symbol is None else f" of {symbol}"
        return DataError(f"Expected data{of_symbol}, was none in {tally.read:,} rows", where)
    reason, count = tally.refused.most_common(1)[0]
    problem = f"Expected at least 1 good row, was 0 of {tally.read:,}; {count:,} refused: {reason}"
    others = tally.refused.total() - count
    return DataError(problem + (f", {others:,} for other reasons" if others else ""), where)
