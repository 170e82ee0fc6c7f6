"""Checks of the session: when plans may be entered, and how many."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import Case

__all__ = ["after_open", "before_close", "before_flatten", "entries", "loss_streak"]

_NS = 1_000_000_000


def after_open(case: Case) -> Denial | None:
    """Return TOO_EARLY for an entry in the first moments of the session, or before it."""
    passed_s = (case.now_ns - case.facts.open_ns) / _NS
    least_s = case.limits.session.no_entry_after_open_s
    if passed_s >= least_s or case.completes_plan:
        return None
    figures = {"passed_s": passed_s, "no_entry_after_open_s": least_s}
    return Denial(DenyReason.TOO_EARLY, figures)


def before_close(case: Case) -> Denial | None:
    """Return TOO_LATE for an entry shortly before the close, or after it."""
    left_s = (case.facts.close_ns - case.now_ns) / _NS
    least_s = case.limits.session.last_entry_before_close_s
    if left_s > least_s or case.completes_plan:
        return None
    figures = {"left_s": left_s, "last_entry_before_close_s": least_s}
    return Denial(DenyReason.TOO_LATE, figures)


def before_flatten(case: Case) -> Denial | None:
    """Return FLATTEN_DEADLINE for an entry when positions are being closed, a second leg too."""
    flatten_ns = case.facts.flatten_ns
    if flatten_ns is None or case.now_ns < flatten_ns:
        return None
    return Denial(DenyReason.FLATTEN_DEADLINE, {"past_s": (case.now_ns - flatten_ns) / _NS})


def entries(case: Case) -> Denial | None:
    """Return ENTRIES_A_DAY for one plan too many in a session.

    The controller's count has those of a process before this one; the ledger's also has those of
    strategies that tell nobody of their plans.
    """
    if not case.opens_plan:
        return None
    done = max(case.picture.counters.entries, len(case.exposure.entered))
    most = case.limits.portfolio.max_entries
    pending = case.plans.entering
    if done + pending < most:
        return None
    figures = {"entries": done, "pending": pending, "max_entries": most}
    return Denial(DenyReason.ENTRIES_A_DAY, figures)


def loss_streak(case: Case) -> Denial | None:
    """Return LOSS_STREAK for an entry too soon after too many losses in a row."""
    counters, limits = case.picture.counters, case.limits.portfolio
    if counters.losses_in_row < limits.max_losses_in_row or case.completes_plan:
        return None
    passed_s = (case.now_ns - counters.last_loss_ns) / _NS
    if passed_s >= limits.loss_pause_s:
        return None
    figures = {"losses_in_row": counters.losses_in_row, "passed_s": passed_s}
    return Denial(DenyReason.LOSS_STREAK, figures | {"loss_pause_s": limits.loss_pause_s})
