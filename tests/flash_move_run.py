"""A short synthetic session with a flash move, generated and backtested by the command line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from unmeasured import unmeasured

__all__ = ["Command", "FlashMove", "flash_move_run"]

AUTOTRADE = Path(sys.executable).with_name("autotrade")
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
    for words in lines:
        subprocess.run([AUTOTRADE, *words], env=unmeasured(), capture_output=True, check=True)
    [run] = runs.iterdir()
    return FlashMove(catalog, run)
