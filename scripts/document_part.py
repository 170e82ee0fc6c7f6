"""The part of a document that a script makes, between two marks."""

from pathlib import Path

__all__ = ["compared_or_written"]


def compared_or_written(document: Path, marks: tuple[str, str], made: str, *, write: bool) -> int:
    """Put `made` between the marks, or only compare; return the exit code, 1 where they differ.

    Raises SystemExit naming the mark that the document does not have.
    """
    text = document.read_text(encoding="utf-8")
    head, found, rest = text.partition(marks[0] + "\n")
    _, ended, after = rest.partition(marks[1])
    if not (found and ended):
        raise SystemExit(f"Expected the line {marks[0]} and its end in {document.name}, was none")
    changed = head + found + "\n" + made + "\n" + ended + after
    if write:
        document.write_text(changed, encoding="utf-8")
        return 0
    return 0 if changed == text else 1
