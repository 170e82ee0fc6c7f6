"""A run's folder and the facts that let the run be made again."""

import datetime as dt
import importlib.metadata
import platform
import subprocess
from pathlib import Path

from autotrade_0dte import __version__
from autotrade_0dte.analysis.summary import RunFacts
from autotrade_0dte.analysis.tables import write_bytes
from autotrade_0dte.config import SystemConfig, config_hash, config_toml
from autotrade_0dte.products import product

__all__ = ["RECORDINGS", "new_run_folder", "run_facts"]

RECORDINGS = "recordings"
"""Folder of a catalog's that the journals of nodes are in."""

_LIBRARIES = (
    "nautilus_trader",
    "numpy",
    "numba",
    "pyarrow",
    "msgspec",
    "exchange-calendars",
    "tigeropen",
)


def new_run_folder(config: SystemConfig, runs: Path) -> Path:
    """Make a folder of a new name, the run's id, with the resolved configuration in it."""
    run_id = f"{config.name}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{config_hash(config)[:8]}"
    folder = _new_folder(runs, run_id)
    resolved = f"# Resolved configuration, hash {config_hash(config)}\n\n{config_toml(config)}"
    write_bytes(folder / "config.toml", resolved.encode())
    return folder


def run_facts(
    config: SystemConfig,
    run_id: str,
    command: str,
    catalog: Path,
    *,
    synthetic: bool,
    data_fingerprint: str,
    elapsed_s: float,
    starting_cash: float | None = None,
    mode: str = "backtest",
) -> RunFacts:
    """Return what identifies a run; `starting_cash` is the configuration's when not given."""
    cash = config.account.starting_cash if starting_cash is None else starting_cash
    return RunFacts(
        run_id=run_id,
        name=config.name,
        strategy=config.strategies,
        underlying=product(config.root).underlying,
        synthetic=synthetic,
        starting_cash=cash,
        config_hash=config_hash(config),
        code_version=_code_version(),
        data_fingerprint=data_fingerprint,
        versions={
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        command=command,
        elapsed_s=elapsed_s,
        catalog=str(catalog),
        mode=mode,
    )


def _new_folder(runs: Path, run_id: str) -> Path:
    for number in range(1, 1_000):
        folder = runs / (run_id if number == 1 else f"{run_id}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"Expected a free run folder, was none at {runs / run_id}")


def _code_version() -> str:
    """Return the package's version, with the commit where the code is a git checkout."""
    here = Path(__file__).parent
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],  # noqa: S607
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return __version__
    return f"{__version__}+{told.stdout.strip()}"
