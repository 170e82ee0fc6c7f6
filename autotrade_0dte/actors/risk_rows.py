"""Rows of the tables of risk: changes of the mode, pictures of the account's risk, stresses."""

import msgspec

from autotrade_0dte.actors.row_buffer import Columns, RowBuffer, columns_of
from autotrade_0dte.risk.mode import RiskChange
from autotrade_0dte.risk.picture import RiskPicture
from autotrade_0dte.risk.stress import StressResult

__all__ = ["RiskRows"]

_SAMPLE_NS = 60_000_000_000
_CHANGES = (
    "ts_event", "mode", "before", "trigger", "begins", "asks", "clears_itself", "figures", "text"
)  # fmt: skip
_FIGURES = (
    "equity", "start_equity", "peak_equity", "worst_loss_usd", "delta_usd", "gamma_usd", "vega_usd",
    "theta_usd", "premium_usd",
)  # fmt: skip
_STRESSES = (
    "ts_event", "stress", "loss_usd", "equity_fraction", "worst_leg", "worst_leg_loss_usd",
    "value_usd", "equity",
)  # fmt: skip
_COUNTERS = ("entries", "losses_in_row", "day_trades")


class RiskRows:
    """Keeps every change and stress, and a picture a minute and at each change of the mode."""

    def __init__(self) -> None:
        self._changes: list[tuple[object, ...]] = []
        self._pictures = RowBuffer(
            ("ts_event", "mode", *_FIGURES, *_COUNTERS),
            integers={"ts_event", "mode", *_COUNTERS},
        )
        self._stresses: list[tuple[object, ...]] = []
        self._next_ns = 0
        self._mode = -1

    def change(self, change: RiskChange) -> None:
        """Keep a change."""
        self._changes.append(
            (
                change.ts_event, change.mode.name, change.before.name, change.trigger.value,
                change.begins, change.asks.name, change.clears_itself,
                msgspec.json.encode(change.figures).decode(), change.text,
            )
        )  # fmt: skip

    def is_picture_due(self, now_ns: int) -> bool:
        """Return whether a minute is over since the last picture that was kept."""
        return now_ns >= self._next_ns

    def picture(self, picture: RiskPicture) -> None:
        """Keep a picture when a minute is over or the mode is another."""
        if not self.is_picture_due(picture.ts_event) and picture.mode == self._mode:
            return
        self._next_ns, self._mode = picture.ts_event + _SAMPLE_NS, picture.mode
        counters = picture.counters
        self._pictures.append(
            (picture.ts_event, picture.mode, *(getattr(counters, name) for name in _COUNTERS)),
            [getattr(picture, name) for name in _FIGURES],
        )

    def stress(self, result: StressResult) -> None:
        """Keep what each stress set costs at an instant."""
        self._stresses += [
            (
                result.ts_event, loss.stress.value, loss.loss_usd, loss.equity_fraction,
                loss.worst_leg, loss.worst_leg_loss_usd, result.value_usd, result.equity,
            )
            for loss in result.losses
        ]  # fmt: skip

    def changes(self) -> Columns:
        """Return the table `risk`."""
        return columns_of(_CHANGES, self._changes)

    def pictures(self) -> Columns:
        """Return the table `risk_pictures`."""
        return self._pictures.columns()

    def stresses(self) -> Columns:
        """Return the table `risk_stresses`."""
        return columns_of(_STRESSES, self._stresses)
