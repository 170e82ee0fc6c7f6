"""What the risk controller said in a run, counted."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from autotrade_0dte.analysis.tables import by_session
from autotrade_0dte.risk.mode import RiskMode

__all__ = ["risk_figures"]


def risk_figures(tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Return the figures of risk for summary.json, from the tables of risk and of orders.

    How long each mode was in force (seconds, to a minute), the strictest one, how often each
    trigger began, how many orders were denied by each code, the largest loss in the worst scenario
    that was seen, and the largest of each stress set; None where it was never known.
    """
    seconds = dict.fromkeys((mode.name for mode in RiskMode), 0.0)
    strictest = RiskMode.NORMAL
    for pictures in by_session(tables["risk_pictures"]).values():
        at_ns = pictures["ts_event"].cast(pa.int64()).to_numpy()
        modes = pictures["mode"].to_numpy()
        strictest = max(strictest, RiskMode(int(modes.max())))
        for mode in RiskMode:
            held = np.diff(at_ns)[modes[:-1] == mode]
            seconds[mode.name] += float(held.sum()) / 1e9
    changes = tables["risk"]
    # A mode of less than a view is in none of the pictures.
    strictest = max([strictest, *(RiskMode[name] for name in changes["mode"].unique().to_pylist())])
    begun = Counter(
        trigger
        for trigger, begins in zip(
            changes["trigger"].to_pylist(), changes["begins"].to_pylist(), strict=True
        )
        if begins
    )
    orders = tables["orders"]
    denied = Counter(
        reason.partition(":")[0]
        for status, reason in zip(
            orders["status"].to_pylist(), orders["reason"].to_pylist(), strict=True
        )
        if status == "DENIED"
    )
    stresses: dict[str, list[float]] = {}
    for name, loss in zip(
        tables["risk_stresses"]["stress"].to_pylist(),
        tables["risk_stresses"]["loss_usd"].to_pylist(),
        strict=True,
    ):
        stresses.setdefault(name, []).append(loss)
    return {
        "strictest": strictest.name,
        "mode_seconds": {name: round(each, 3) for name, each in seconds.items()},
        "begun": dict(sorted(begun.items())),
        "denied": dict(sorted(denied.items())),
        "worst_loss": _largest(tables["risk_pictures"]["worst_loss_usd"].to_numpy()),
        "stress_losses": {name: _largest(losses) for name, losses in sorted(stresses.items())},
    }


def _largest(losses: ArrayLike) -> float | None:
    """Return the largest that is known."""
    values = np.asarray(losses, float)
    known = values[~np.isnan(values)]
    return round(float(known.max()), 6) if len(known) else None
