"""What the execution client is told by its node."""

from collections.abc import Callable
from typing import Any, Self

from nautilus_trader.config import ExecutionClientConfig
from nautilus_trader.live import LiveExecutionEngineConfig, SubmissionRecoveryPolicy
from nautilus_trader.model import AccountType

from tiger_nt.alarms import Alarm
from tiger_nt.commissions import FeeFunction
from tiger_nt.connection import TigerConnection
from tiger_nt.inquiry import Patience
from tiger_nt.instruments import Listings
from tiger_nt.order_limits import OrderLimits

__all__ = ["TigerExecutionClientConfig", "engine_config"]


def engine_config(**settings: Any) -> LiveExecutionEngineConfig:
    """Return settings of the execution engine for a node with this client; `settings` are others.

    The client asks Tiger until it knows what became of an order. The engine must not decide
    meanwhile: left to its defaults it takes an order for rejected after half a minute without an
    answer, and one with a cancel or change under way for cancelled, while Tiger works them.
    """
    return LiveExecutionEngineConfig(
        reconciliation=True,
        inflight_check_interval_ms=0,
        submission_recovery_policy=SubmissionRecoveryPolicy.RETAIN_UNRESOLVED,
        **settings,
    )


class TigerExecutionClientConfig(ExecutionClientConfig):
    """Settings of a `TigerExecutionClient`.

    Parameters
    ----------
    connection : TigerConnection
        The login, shared with the data client.
    listings : Listings
        Makes the instruments, and so decides their ids.
    account_type : AccountType
        CASH or MARGIN, as the account is.
    fees : FeeFunction, optional
        Estimate of an order's fees for fills that come before Tiger's own figure.
    max_order_contracts, max_order_notional, max_orders_per_minute
        See `OrderLimits`; orders beyond are denied unless they reduce risk.
    reconcile_interval_s : float, default 60
        Between two comparisons with Tiger; a lost connection causes one at once when it is back.
    cancel_on_stop : bool, default True
        Whether orders of this trader still at work are cancelled when the node stops.
    keep_stops : bool, default False
        Whether stop-limit orders are left at work then: some are for when no node is.
    stop_timeout_s : float, default 5
        How long a stop waits for these cancels to be confirmed.
    patience : Patience, optional
        Waits for outcomes.
    on_alarm : callable, optional
        Told of every `Alarm`, on the event loop's thread; each is logged in any case.
    **kwargs
        Of the engine's own configuration.
    """

    connection: TigerConnection
    listings: Listings
    account_type: AccountType
    fees: FeeFunction | None
    limits: OrderLimits
    reconcile_interval_s: float
    cancel_on_stop: bool
    keep_stops: bool
    stop_timeout_s: float
    patience: Patience
    on_alarm: Callable[[Alarm], None] | None

    def __new__(  # the engine's base class takes its own settings in __new__
        cls,
        connection: TigerConnection,
        listings: Listings,
        account_type: AccountType = AccountType.CASH,
        fees: FeeFunction | None = None,
        max_order_contracts: int = 100,
        max_order_notional: float = 50_000.0,
        max_orders_per_minute: int = 60,
        reconcile_interval_s: float = 60.0,
        cancel_on_stop: bool = True,
        keep_stops: bool = False,
        stop_timeout_s: float = 5.0,
        patience: Patience | None = None,
        on_alarm: Callable[[Alarm], None] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Keep what is ours and pass the rest on."""
        self = super().__new__(cls, **kwargs)
        self.connection = connection
        self.listings = listings
        self.account_type = account_type
        self.fees = fees
        self.limits = OrderLimits(
            max_contracts=max_order_contracts,
            max_notional=max_order_notional,
            max_orders_per_minute=max_orders_per_minute,
        )
        self.reconcile_interval_s = reconcile_interval_s
        self.cancel_on_stop = cancel_on_stop
        self.keep_stops = keep_stops
        self.stop_timeout_s = stop_timeout_s
        self.patience = patience or Patience()
        self.on_alarm = on_alarm
        return self
