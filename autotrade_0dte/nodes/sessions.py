"""Many sessions, each an independent run in a process of its own, joined into one run folder."""

import hashlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autotrade_0dte.analysis.scenarios import scenario_figures, scenario_folder, with_scenarios
from autotrade_0dte.analysis.signal_accuracy import write_accuracy
from autotrade_0dte.analysis.summary import (
    SessionFacts,
    summarize,
    tables_to_summarize,
    write_summary,
)
from autotrade_0dte.analysis.tables import BOOKS, TABLES, join_sessions
from autotrade_0dte.config import SystemConfig, check_profile_fits
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.spacing import check_windows
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.nodes.backtest import LOG_FILE, SessionJob, run_session
from autotrade_0dte.nodes.run_folder import new_run_folder, run_facts

__all__ = ["SessionFaultError", "job_names", "run_backtest"]

_LIBRARIES = ("nautilus_trader", "numpy", "numba", "pyarrow", "msgspec", "exchange-calendars")
_PROGRESS_EVERY_S = 0.2
_KEPT = (*BOOKS, "steps")


class SessionFaultError(RuntimeError):
    """A session's process failed; its traceback is the cause, its folder is left as it was."""


def run_backtest(
    config: SystemConfig,
    catalog: Path,
    entries: Sequence[SessionEntry],
    runs: Path,
    *,
    workers: int,
    command: str,
    progress: Callable[[Sequence[float]], None],
    scenarios: Sequence[FillScenario] | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Run the sessions, write the run folder, and return it with its summary.

    Each session runs under each of the `scenarios`, those of the configuration when not given.
    The result does not depend on `workers`. `progress` is called with the share of data run of
    each of the jobs that `job_names` names.

    Raises
    ------
    ConfigError
        A window is shorter than the spacing of a session's data, or the profile knows a session.
    SessionFaultError
        A session could not be run to its end; no summary is written then.
    """
    started = time.perf_counter()
    for entry in entries:
        check_windows(config, Catalog(catalog), entry)
        check_profile_fits(config, entry.date)
    folder = new_run_folder(config, runs)
    run_id = folder.name
    beliefs = tuple(scenarios or config.simulation.scenarios)
    jobs = [
        SessionJob(
            run_id,
            config,
            catalog,
            entry,
            entry.hours,
            folder / "sessions" / _job_name(entry, scenario),
            scenario,
        )
        for entry, scenario in _work(entries, beliefs)
    ]
    facts = _run_jobs(jobs, workers, progress)
    for scenario in beliefs:
        _join(scenario_folder(folder, scenario), [j for j in jobs if j.scenario is scenario])
    digest = hashlib.sha256("".join(entry.fingerprint for entry in entries).encode())
    run = run_facts(
        config,
        run_id,
        command,
        catalog,
        synthetic=any(entry.synthetic for entry in entries),
        data_fingerprint=digest.hexdigest()[:16],
        elapsed_s=time.perf_counter() - started,
    )
    told = {
        scenario: [f for job, f in zip(jobs, facts, strict=True) if job.scenario is scenario]
        for scenario in beliefs
    }
    books = tables_to_summarize(folder)
    summary = with_scenarios(
        summarize(run, told.pop(FillScenario.BASE), books),
        books,
        {
            scenario: scenario_figures(run, own, scenario_folder(folder, scenario))
            for scenario, own in told.items()
        },
    )
    write_summary(folder, summary)
    write_accuracy(folder)
    shutil.rmtree(folder / "sessions")
    return folder, summary


def job_names(entries: Sequence[SessionEntry], scenarios: Sequence[FillScenario]) -> list[str]:
    """Name the jobs of a backtest in the order that `run_backtest` tells their progress."""
    return [_job_name(entry, scenario) for entry, scenario in _work(entries, scenarios)]


def _job_name(entry: SessionEntry, scenario: FillScenario) -> str:
    return f"{entry.date}" if scenario is FillScenario.BASE else f"{entry.date}-{scenario}"


def _work(
    entries: Sequence[SessionEntry], scenarios: Sequence[FillScenario]
) -> list[tuple[SessionEntry, FillScenario]]:
    return [(entry, scenario) for entry in entries for scenario in scenarios]


def _join(folder: Path, jobs: Sequence[SessionJob]) -> None:
    """Join the tables and logs of one scenario; all but the base keep books and orders' steps."""
    folder.mkdir(parents=True, exist_ok=True)
    is_base = all(job.scenario is FillScenario.BASE for job in jobs)
    join_sessions(folder, [job.folder for job in jobs], TABLES if is_base else _KEPT)
    with (folder / LOG_FILE).open("wb") as log:
        for job in jobs:
            log.write((job.folder / LOG_FILE).read_bytes())


def _run_jobs(
    jobs: Sequence[SessionJob], workers: int, progress: Callable[[Sequence[float]], None]
) -> list[SessionFacts]:
    # The engine's logger belongs to the process, so every session gets a fresh one, forked from a
    # server that has imported everything once and has never run an engine (a fork of one that
    # has hangs).
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autotrade_0dte.nodes.preloaded"])
    shares = context.Array("d", len(jobs))
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)),
        mp_context=context,
        initializer=_share_progress,
        initargs=(shares,),
        max_tasks_per_child=1,
    )
    with pool, _ended_on_interrupt():
        futures: list[Future[SessionFacts]] = [
            pool.submit(_run_job, job, number) for number, job in enumerate(jobs)
        ]
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=_PROGRESS_EVERY_S)
            progress(shares[:])
            if any(f.done() and f.exception() is not None for f in futures):
                pool.shutdown(cancel_futures=True)
                break
    results = []
    for job, future in zip(jobs, futures, strict=True):
        if future.cancelled():
            continue
        fault = future.exception()
        if fault is not None:
            raise SessionFaultError(
                f"Expected session {job.entry.date} to run to its end, was stopped by "
                f"{type(fault).__name__}: {fault} "
                f"({job.scenario} fills, log: {job.folder / LOG_FILE})"
            ) from fault
        results.append(future.result())
    return results


@contextmanager
def _ended_on_interrupt() -> Iterator[None]:
    # Also when the signal came to this process alone, nobody waits for the sessions' end.
    try:
        yield
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.terminate()
        raise


_shares: Any = None


def _share_progress(shares: Any) -> None:
    global _shares  # noqa: PLW0603 - shared memory reaches a process only when it starts
    _shares = shares


def _run_job(job: SessionJob, number: int) -> SessionFacts:
    job.folder.mkdir(parents=True)
    _silence(job.folder / "engine.txt")
    return run_session(job, lambda share: _shares.__setitem__(number, share))


def _silence(path: Path) -> None:
    """Send what the engine writes past Python to a file; it would tear the progress bar."""
    target = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
