"""How a flattening ended, as lines for a terminal."""

from collections.abc import Iterator

from tiger_nt.flatten import Flattened, Verdict

__all__ = ["flattened_lines"]


def flattened_lines(found: Flattened) -> Iterator[str]:
    """Yield a table of the contracts and what else there is to say, the verdict last."""
    if found.rows:
        yield f"{'contract':<22}{'held':>6}{'closed':>8}{'left':>6}"
    for row in found.rows:
        remark = f"  {row.remark}" if row.left and row.remark else ""
        yield f"{row.symbol:<22}{row.at_first:>6}{row.closed:>8}{row.left:>6}{remark}"
    for order in found.orders_left:
        yield f"at work: {order}"
    for order in found.others:
        yield f"left alone: an order of {order.symbol} ({order.sec_type}, id {order.id})"
    if found.stocks:
        yield f"left alone: stock of {', '.join(found.stocks)}"
    calls = ", ".join(f"{count} {method}" for method, count in sorted(found.calls.items()))
    yield f"{found.seconds:.1f} s, calls: {calls or 'none'}"
    yield {
        Verdict.FLAT: "FLAT, verified with the broker: no US option is held or at work",
        Verdict.NOT_FLAT: f"NOT FLAT: {found.why}",
        Verdict.ACCOUNT: f"NOTHING WAS DONE, Tiger refuses this login: {found.why}",
    }[found.verdict]
