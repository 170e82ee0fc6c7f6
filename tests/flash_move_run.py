"""A short synthetic session with a flash move, generated and backtested by the command line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from autotrade_0dte.cli import main

__all__ = ["Command", "FlashMove", "flash_move_run"]

ROOT = Path(__file__).parents[1]
# Few contracts keep the run short.
SMALL = ("--sessions", "1", "--seed", "7", "--strikes", "12")

type Command = Callable[..., tuple[int, str, str]]
"""Runs ``autotrade`` with words in this process; returns its exit code, output and errors."""


class FlashMove(NamedTuple):
    """The session's catalog, and the folder of its run."""

    catalog: Path
    run: Path


def flash_move_run(folder: Path) -> FlashMove:
    """Make the session and its run in a folder."""
    catalog, runs = folder / "catalog", folder / "runs"
    config = ROOT / "configs" / "demo.toml"
    lines = (
        ("data", "generate", "--catalog", catalog, *SMALL, "--kind", "flash_move"),
        ("backtest", config, "--catalog", catalog, "--runs", runs, "--scenarios", "base"),
    )
    with pytest.MonkeyPatch.context() as patch:
        for words in lines:
            patch.setattr(sys, "argv", ["autotrade", *map(str, words)])
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
    [run] = runs.iterdir()
    return FlashMove(catalog, run)
