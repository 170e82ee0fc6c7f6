"""What the tests of the documents read in them: code blocks, command lines, headings, tables."""

import re
import shlex
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "catalog/README.md")
DOCUMENTS = [ROOT / name for name in NAMES] + sorted((ROOT / "docs").glob("*.md"))


@cache
def text(path: Path) -> str:
    """Return a document."""
    return path.read_text(encoding="utf-8")


def part(path: Path, heading: str) -> str:
    """Return what stands below a heading, up to the next of its depth; the heading must exist."""
    depth = len(heading.partition(" ")[0])
    _, found, below = text(path).partition(f"\n{heading}\n")
    assert found, f"Expected the heading {heading!r} in {path.name}, was none"
    return re.split(rf"^#{{1,{depth}}} ", below, flags=re.MULTILINE)[0]


def blocks(path: Path, language: str) -> list[str]:
    """Return the fenced code blocks of one language."""
    return fenced(text(path), language)


def fenced(content: str, language: str) -> list[str]:
    """Return the fenced code blocks of one language in a part of a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", content, re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Return the anchors that headings have on GitHub."""
    headings = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(path: Path) -> list[list[str]]:
    """Return the command lines of `autotrade` in a document, see `command`."""
    lines = "".join(blocks(path, "sh")).splitlines()
    return [command(line) for line in lines if "autotrade " in line]


def command(line: str) -> list[str]:
    """Return a command line's words from `autotrade` on, without comment and redirection."""
    words = shlex.split(line, comments=True)
    words = words[words.index("autotrade") :]
    return words[: words.index(">")] if ">" in words else words


def rows(path: Path, heading: str) -> set[str]:
    """Return the code words in the first column of the tables below a heading."""
    cells = re.findall(r"^ *\| (`[^|]+) \|", part(path, heading), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
