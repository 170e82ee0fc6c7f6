"""Vendor files as bytes: finding them in folders, unpacking, hashing."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from autotrade_0dte.data.importers.report import DataError, SkippedFile
from autotrade_0dte.data.manifest import SourceFile

__all__ = ["find_files", "hashed", "read_bytes", "zip_members"]


def find_files(
    sources: Iterable[Path], recognize: Callable[[Path], str | None]
) -> tuple[list[Path], list[SkippedFile]]:
    """Return the files to import, sorted by name, and those of folders that are passed over.

    `recognize` returns None for a file of the format, or the reason to skip it. A file that is
    named outright must be recognized; raises DataError otherwise, and when nothing is found.
    """
    found: list[Path] = []
    skipped = []
    asked = list(sources)
    for source in asked:
        if source.is_dir():
            for path in sorted(path for path in source.rglob("*") if path.is_file()):
                reason = recognize(path)
                if reason is None:
                    found.append(path)
                else:
                    skipped.append(SkippedFile(path.name, reason))
        elif not source.exists():
            raise DataError("Expected a file or folder, was nothing", source)
        elif (reason := recognize(source)) is not None:
            raise DataError(f"Expected a file of the format, was another: {reason}", source)
        else:
            found.append(source)
    if not found:
        names = ", ".join(source.name for source in asked) or "no source"
        reason = f"; {skipped[0].name}: {skipped[0].reason}" if skipped else ""
        raise DataError(f"Expected at least 1 file of the format, was 0{reason}", names)
    return sorted(set(found), key=lambda path: (path.name, path)), skipped


def hashed(path: Path) -> SourceFile:
    """Return the file's name and SHA-256."""
    with path.open("rb") as handle:
        return SourceFile(path.name, hashlib.file_digest(handle, "sha256").hexdigest())


def read_bytes(path: Path) -> bytes:
    """Return the content of a plain or gzip file; raise DataError when it is damaged."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as e:
        raise DataError(f"Expected a whole file, was unreadable: {e}", path) from e


def zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of a zip file in order of name; raise DataError when damaged."""
    try:
        with zipfile.ZipFile(BytesIO(path.read_bytes())) as archive:
            for name in sorted(archive.namelist()):
                yield name, archive.read(name)
    # NotImplementedError: a compression that zipfile does not know.
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as e:
        raise DataError(f"Expected a whole zip file, was unreadable: {e}", path) from e
