"""From vendor files to the catalog in one transaction."""

from collections.abc import Callable, Iterable
from pathlib import Path

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.registry import FORMATS
from autotrade_0dte.data.importers.report import DataError, ImportedDataset, ImportReport, Tally
from autotrade_0dte.data.importers.sources import find_files, hashed
from autotrade_0dte.data.manifest import ImportAccount
from autotrade_0dte.data.session_data import SessionDataError

__all__ = ["Progress", "import_files"]

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
        A file is missing, damaged, of another format, or inconsistent.
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
    files, skipped = find_files((Path(source) for source in sources), importer.recognize)
    hashes = tuple(hashed(path) for path in files)
    tally = Tally()
    with catalog.transaction(source_format, importer.version, replace=replace) as tx:
        try:
            for item, names in importer.read(files, symbol, tally):
                tx.write(item, names)
                if progress is not None:
                    progress(f"{names[0]}: {type(item).__name__} {item.session}", tally.read)
        except SessionDataError as e:
            raise DataError(str(e), source_format) from e
        tx.account = ImportAccount(
            hashes, tally.read, tally.written, dict(tally.refused), dict(tally.noted)
        )
        written, unchanged = list(tx.written), list(tx.unchanged)
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
