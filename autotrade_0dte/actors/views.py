"""Where the market's views are published, and in which order they are taken."""

__all__ = ["DESK_TURN", "RECORDER_TURN", "RISK_TURN", "market_topic"]

RECORDER_TURN = 1_000
"""Priority with which the recorder takes views: above every strategy's, whose signals and decisions
are recorded with the view that they were made in. The bus takes turns at random among subscribers
of one priority, so that each has its own."""

RISK_TURN = 950
"""Priority of the risk controller: what it says of a view is known before anything is decided."""

DESK_TURN = 900
"""Priority of the order desk: it works on the orders there are before a strategy decides anew."""


def market_topic(underlying: str) -> str:
    """Return the bus topic on which the views of the market of `underlying` are published."""
    return f"market.{underlying}"
