"""One track's signals: factors read, weighed and filtered at every snapshot."""

from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.composer import Composer, SignalParams
from autotrade_0dte.signals.factors import Factors
from autotrade_0dte.signals.filters import FilterParams, Filters
from autotrade_0dte.signals.signal import Signal
from autotrade_0dte.signals.standing import Standing

__all__ = ["SignalSource"]

_NS = 1_000_000_000


class SignalSource:
    """Makes the signals of one track in one session.

    Parameters
    ----------
    params : SignalParams
        How factors become a signal.
    filters : FilterParams
        What keeps it from being acted on.
    indicators : IndicatorParams
        Windows that the views' indicators are measured over.
    track : str
        Whose signals they are.
    open_ns, close_ns : int
        The session's open and close, UTC ns.
    """

    __slots__ = ("_composer", "_factors", "_filters", "_priority", "_track", "_validity_ns")

    def __init__(
        self,
        params: SignalParams,
        filters: FilterParams,
        *,
        indicators: IndicatorParams,
        track: str,
        open_ns: int,
        close_ns: int,
    ) -> None:
        self._factors = Factors(params.factors, indicators, open_ns)
        self._composer = Composer(params)
        self._filters = Filters(filters, params, open_ns=open_ns, close_ns=close_ns)
        self._track = track
        self._validity_ns = round(params.validity_s * _NS)
        self._priority = params.priority

    def update(self, view: MarketView, standing: Standing) -> Signal:
        """Return the signal of the next snapshot; views come in time order."""
        ts_event = view.chain.ts_event
        readings = self._factors.read(view)
        opinion = self._composer.update(ts_event, view.state.level, readings)
        refusal, figures = self._filters.judge(view, standing, opinion)
        return Signal(
            ts_event=ts_event,
            track=self._track,
            direction=opinion.direction,
            score=opinion.score,
            strength=opinion.strength,
            agreement=opinion.agreement,
            onset_ns=opinion.onset_ns,
            valid_until_ns=opinion.onset_ns + self._validity_ns if opinion.direction else 0,
            priority=self._priority,
            refusal=refusal,
            readings=readings,
            figures=figures,
        )
