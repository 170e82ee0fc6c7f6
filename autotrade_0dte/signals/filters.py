"""The filters that keep a signal from being acted on, in their order; the first is named."""

import math
from collections.abc import Callable
from typing import Annotated

import msgspec

from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.composer import Opinion, SignalParams
from autotrade_0dte.signals.signal import SignalRefusal
from autotrade_0dte.signals.standing import Standing

__all__ = ["FilterParams", "Filters"]

_NS = 1_000_000_000
_SESSION_S = 23_400.0

type Figures = dict[str, float] | None
type Filter = Callable[[MarketView, Standing, Opinion], Figures]

Seconds = Annotated[float, msgspec.Meta(ge=0, le=23_400)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class FilterParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the filters. None was fitted to data.

    Parameters
    ----------
    warm_up_s : float, default 900
        No entry in the first seconds after the open, when spreads are widest and no window of the
        indicators is full; nor in the first that a node sees of a session.
    last_entry_before_close_s : float, default 3600
        No entry in the last seconds before the close, when theta eats a long option fastest.
    max_print_age_s : float, default 10
        Oldest last print of the underlying; a liquid one prints every second. Not below the spacing
        of the data.
    max_stale_share : float, default 0.5
        Largest share of the chain's quotes that are older than `ChainParams.stale_after_s`; far
        contracts are always slow, all of them are not.
    max_spread_fraction : float, default 0.10
        Widest median spread near the money as a fraction of the mid; a round trip pays it once.
    cool_down_s : float, default 300
        Pause after a decision to enter, so that one move is not bought twice.
    loss_cool_down_s : float, default 900
        Pause after a losing trade was closed, so that a market that was misread has time to change.
    max_trades : int, default 6
        Entries a session; each pays the broker's order minimums.
    """

    warm_up_s: Seconds = 900.0
    last_entry_before_close_s: Seconds = 3_600.0
    max_print_age_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 10.0
    max_stale_share: Share = 0.5
    max_spread_fraction: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.10
    cool_down_s: Seconds = 300.0
    loss_cool_down_s: Seconds = 900.0
    max_trades: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 6

    def __post_init__(self) -> None:
        if self.warm_up_s + self.last_entry_before_close_s >= _SESSION_S:
            raise ValueError(
                "Expected warm_up_s and last_entry_before_close_s to leave time between them in a "
                f"session of {_SESSION_S:g} s, was {self.warm_up_s:g} and "
                f"{self.last_entry_before_close_s:g}"
            )


class Filters:
    """Decides whether a track may act on an opinion.

    WARM_UP refuses the first while of a session and as long as too few factors are known; the
    others are named after what they refuse. What is unknown is refused.
    """

    __slots__ = ("_close_ns", "_filters", "_open_ns", "_params", "_signal")

    def __init__(
        self, params: FilterParams, signal: SignalParams, *, open_ns: int, close_ns: int
    ) -> None:
        self._params = params
        self._signal = signal
        self._open_ns = open_ns
        self._close_ns = close_ns
        self._filters: tuple[tuple[SignalRefusal, Filter], ...] = (
            (SignalRefusal.WARM_UP, self._warm_up),
            (SignalRefusal.OUTSIDE_WINDOW, self._outside_window),
            (SignalRefusal.STALE_DATA, self._stale_data),
            (SignalRefusal.STATE, self._state),
            (SignalRefusal.WEAK, self._weak),
            (SignalRefusal.NO_AGREEMENT, self._no_agreement),
            (SignalRefusal.WIDE_SPREAD, self._wide_spread),
            (SignalRefusal.COOL_DOWN, self._cool_down),
            (SignalRefusal.LOSS_COOL_DOWN, self._loss_cool_down),
            (SignalRefusal.MAX_TRADES, self._max_trades),
            (SignalRefusal.TRACK_CONFLICT, self._track_conflict),
            (SignalRefusal.EXPIRED, self._expired),
        )

    def judge(
        self, view: MarketView, standing: Standing, opinion: Opinion
    ) -> tuple[SignalRefusal | None, dict[str, float]]:
        """Return the first filter that refuses and what it judged by; None and {} if none does."""
        for refusal, refuses in self._filters:
            figures = refuses(view, standing, opinion)
            if figures is not None:
                return refusal, figures
        return None, {}

    def _warm_up(self, view: MarketView, standing: Standing, opinion: Opinion) -> Figures:
        since_ns = max(self._open_ns, standing.watching_since_ns)
        elapsed_s = (view.chain.ts_event - since_ns) / _NS
        if elapsed_s < self._params.warm_up_s:
            return {"elapsed_s": elapsed_s, "warm_up_s": self._params.warm_up_s}
        if math.isnan(opinion.score):
            return {
                "known_share": opinion.known_share,
                "min_known_share": self._signal.min_known_share,
            }
        return None

    def _outside_window(self, view: MarketView, _standing: Standing, _opinion: Opinion) -> Figures:
        left_s = (self._close_ns - view.chain.ts_event) / _NS
        least_s = self._params.last_entry_before_close_s
        if left_s <= least_s:
            return {"left_s": left_s, "last_entry_before_close_s": least_s}
        return None

    def _stale_data(self, view: MarketView, _standing: Standing, _opinion: Opinion) -> Figures:
        chain = view.chain
        seen_ns = chain.tape.ts_event
        age_s = (chain.ts_event - seen_ns) / _NS if seen_ns else math.nan
        if not age_s <= self._params.max_print_age_s:
            return {"print_age_s": age_s, "max_print_age_s": self._params.max_print_age_s}
        share = chain.analytics.stale_share
        if not share <= self._params.max_stale_share:
            return {"stale_share": share, "max_stale_share": self._params.max_stale_share}
        return None

    def _state(self, view: MarketView, standing: Standing, _opinion: Opinion) -> Figures:
        return None if standing.entries_allowed else {"level": float(view.state.level)}

    def _weak(self, _view: MarketView, _standing: Standing, opinion: Opinion) -> Figures:
        least = self._signal.min_strength
        if opinion.direction == 0 or opinion.strength < least:
            return {"strength": opinion.strength, "min_strength": least}
        return None

    def _no_agreement(self, _view: MarketView, _standing: Standing, opinion: Opinion) -> Figures:
        least = self._signal.min_agreement
        if opinion.agreement < least:
            return {"agreement": opinion.agreement, "min_agreement": least}
        return None

    def _wide_spread(self, view: MarketView, _standing: Standing, _opinion: Opinion) -> Figures:
        spread, most = view.chain.analytics.spread_quality, self._params.max_spread_fraction
        if not spread <= most:
            return {"spread_fraction": spread, "max_spread_fraction": most}
        return None

    def _cool_down(self, view: MarketView, standing: Standing, _opinion: Opinion) -> Figures:
        since_s = _since_s(view, standing.last_entry_ns)
        if since_s < self._params.cool_down_s:
            return {"since_entry_s": since_s, "cool_down_s": self._params.cool_down_s}
        return None

    def _loss_cool_down(self, view: MarketView, standing: Standing, _opinion: Opinion) -> Figures:
        since_s = _since_s(view, standing.last_loss_ns)
        if since_s < self._params.loss_cool_down_s:
            return {"since_loss_s": since_s, "loss_cool_down_s": self._params.loss_cool_down_s}
        return None

    def _max_trades(self, _view: MarketView, standing: Standing, _opinion: Opinion) -> Figures:
        most = self._params.max_trades
        if standing.trades >= most:
            return {"trades": float(standing.trades), "max_trades": float(most)}
        return None

    def _track_conflict(self, _view: MarketView, standing: Standing, opinion: Opinion) -> Figures:
        if opinion.direction == standing.barred_direction:
            return {"barred_direction": float(standing.barred_direction)}
        return None

    def _expired(self, view: MarketView, _standing: Standing, opinion: Opinion) -> Figures:
        age_s = _since_s(view, opinion.onset_ns)
        if age_s > self._signal.validity_s:
            return {"age_s": age_s, "validity_s": self._signal.validity_s}
        return None


def _since_s(view: MarketView, then_ns: int) -> float:
    """Return the seconds since an instant; infinite where it has not been (0)."""
    return (view.chain.ts_event - then_ns) / _NS if then_ns else math.inf
