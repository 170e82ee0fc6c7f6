"""Call limits that do not stand in the way of a test in a hurry, the same at both ends."""

MANY = 100_000
_METHODS = (
    "active_orders",
    "cancel_order",
    "modify_order",
    "order_transactions",
    "orders",
    "place_order",
    "positions",
    "prime_assets",
)
UNLIMITED = dict.fromkeys(_METHODS, MANY)
"""Calls a minute by method."""


def users_table() -> str:
    """Return the simulator's live user with these limits, as TOML."""
    limits = "\n".join(f"{method} = {calls}" for method, calls in UNLIMITED.items())
    return (
        '[[user]]\ntiger_id = "20150002"\naccount = "50000001"\n\n'
        f"[user.calls_per_minute]\n{limits}\n"
    )
