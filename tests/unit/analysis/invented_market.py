"""Invented market states, signals and candidates for run folders; the figures mean nothing.

Each session has one episode: from minute 90 the market leaves CALM, at 95 it is shocked, and by 130
it is calm again.
"""

import json
import math
from typing import Any

import numpy as np

from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.selection.ranking import TERMS
from autotrade_0dte.signals.signal import FACTORS

MINUTE = 60_000_000_000
EPISODE = ((90, Level.L1), (92, Level.L2), (95, Level.L3), (99, Level.L2), (115, Level.L1))
CALM_AGAIN = 130
SIGNAL_EVERY = 15
"""Snapshots."""

UNKNOWN_CHANNELS = {Channel.EVENT}


def levels(minutes: int) -> np.ndarray:
    """Return the level of each minute."""
    found = np.zeros(minutes, np.int64)
    for minute, level in EPISODE:
        found[minute:] = level
    found[CALM_AGAIN:] = Level.CALM
    return found


def state_columns(times: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the columns of the market's state at each snapshot."""
    level = levels(len(times))
    changed = np.flatnonzero(np.diff(level, prepend=0))
    since = np.full(len(times), times[0])
    for row in changed:
        since[row:] = times[row]
    columns = {
        "level": level,
        "supported": np.maximum(level - (np.diff(level, append=0) < 0), 0),
        "since": since,
        "onset": np.where(level > 0, times[min(EPISODE[0][0], len(times) - 1)], None),
    }
    for at, channel in enumerate(CHANNELS):
        noise = rng.normal(0, 0.7, len(times))
        scores = noise + level * (3.5 if channel is Channel.JUMP else 2.4 - 0.3 * at)
        values = 0.01 * (1 + 0.2 * scores)
        if channel in UNKNOWN_CHANNELS:
            scores, values = np.full((2, len(times)), math.nan)
        columns |= {f"{channel}_value": values, f"{channel}_score": scores}
    return columns


def signal_rows(
    times: np.ndarray, spot: np.ndarray, level: np.ndarray, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return a signal of each track every few snapshots."""
    rows = []
    for at in range(0, len(times), SIGNAL_EVERY):
        ns, price = int(times[at]), float(spot[at])
        values = np.tanh(rng.normal(0.3 * math.sin(at / 30), 0.4, len(FACTORS)))
        for track in ("regular", "anomaly"):
            score = float(values.mean())
            direction = 0 if abs(score) < 0.1 else 1 if score > 0 else -1
            stands = (level[at] < 2) if track == "regular" else (level[at] >= 2)
            refusal, figures = "", {}
            if not stands:
                refusal, figures = "STATE", {"level": float(level[at])}
            elif abs(score) < 0.25:
                refusal = "WEAK"
                figures = {"strength": abs(score), "min_strength": 0.25}
            rows.append(
                {
                    "ts_event": ns,
                    "track": track,
                    "direction": direction,
                    "score": score,
                    "strength": abs(score),
                    "agreement": 0.5 + abs(score) / 2,
                    "onset": ns - MINUTE if direction else None,
                    "valid_until": ns + MINUTE if direction else None,
                    "priority": 1 if track == "regular" else 2,
                    "refusal": refusal,
                    "level": int(level[at]),
                    "spot": price,
                    **{f"{f}_value": v for f, v in zip(FACTORS, values.tolist(), strict=True)},
                    **{f"{f}_confidence": 0.8 for f in FACTORS},
                    "figures": json.dumps(figures),
                }
            )
    return rows


def candidate_rows(
    decision: dict[str, Any], instrument_of: Any, spot: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return the contracts considered for a decision; `instrument_of` names one by its strike."""
    right = "C" if decision["direction"] > 0 else "P"
    strikes = round(spot) + np.arange(-6, 7)
    rows = []
    for strike in strikes.tolist():
        away = (strike - spot) * (1 if right == "C" else -1)
        delta = 1 / (1 + math.exp(1.2 * away))
        ask = round(max(-away, 0) + 1.4 * math.exp(-((away / 4) ** 2)) + 0.02, 2)
        fall = "" if 0.25 < delta < 0.6 else "SPREAD" if ask < 0.2 else "DELTA_BAND"
        rows.append(
            {
                "ts_event": decision["ts_event"],
                "strategy": decision["strategy"],
                "plan_id": decision["plan_id"],
                "instrument_id": instrument_of(right, strike),
                "short_instrument_id": None,
                "right": right,
                "strike": float(strike),
                "bid": round(ask - 0.02, 2),
                "ask": ask,
                "delta": delta if right == "C" else -delta,
                "score": math.nan if fall else float(rng.uniform(0.3, 0.9)),
                **{term: math.nan if fall else float(rng.uniform(0, 1)) for term in TERMS},
                "debit": math.nan if fall else ask,
                "worst_loss": math.nan if fall else 100 * ask + 2,
                "fall": fall,
            }
        )
    order = sorted((r for r in rows if not r["fall"]), key=lambda row: -row["score"])
    ranks = {id(row): rank for rank, row in enumerate(order, start=1)}
    return [row | {"rank": ranks.get(id(row), 0)} for row in rows]
