"""The account's part of the push, held back until the engine has its first reports."""

from collections.abc import Callable

from tiger_nt.account_state import AccountState
from tiger_nt.push_listener import PushListener
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import AssetsView, LinkEvent, OrderView, PositionView, TransactionView

__all__ = ["AccountNews"]


class AccountNews(PushListener):
    """Hands orders and executions to the tracker and tells what is new.

    Parameters
    ----------
    tracker : OrderTracker
        Takes orders and executions.
    account : AccountState
        Told that the account's figures have changed.
    tell : callable
        Told of every change of an order.
    on_link : callable
        Told of changes of the connection.
    on_error : callable
        Told of errors in handling news.
    """

    def __init__(
        self,
        tracker: OrderTracker,
        account: AccountState,
        tell: Callable[[list[Change]], None],
        on_link: Callable[[LinkEvent], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._tracker = tracker
        self._account = account
        self._tell = tell
        self._link = on_link
        self._error = on_error
        self._held_back: list[OrderView | TransactionView] | None = []

    @property
    def is_released(self) -> bool:
        """Whether news are passed on."""
        return self._held_back is None

    def release(self) -> None:
        """Pass on what was held back, and everything from now on."""
        held_back, self._held_back = self._held_back, None
        for news in held_back or ():
            self._take(news)

    def on_order(self, order: OrderView) -> None:
        """Take an order's news."""
        self._take(order)

    def on_transaction(self, transaction: TransactionView) -> None:
        """Take an execution."""
        self._take(transaction)
        self._account.on_fill()

    def on_position(self, position: PositionView) -> None:  # noqa: ARG002
        """Take it as a sign that the account's figures have changed."""
        self._account.on_change()

    def on_assets(self, assets: AssetsView) -> None:  # noqa: ARG002
        """Take it as a sign that the account's figures have changed."""
        self._account.on_change()

    def on_link(self, event: LinkEvent) -> None:
        """Pass on a change of the connection."""
        self._link(event)

    def on_fault(self, error: Exception) -> None:
        """Pass on an error."""
        self._error(error)

    def _take(self, news: OrderView | TransactionView) -> None:
        if self._held_back is not None:
            self._held_back.append(news)
        elif isinstance(news, OrderView):
            self._tell(self._tracker.on_view(news))
        else:
            self._tell(self._tracker.on_transaction(news))
