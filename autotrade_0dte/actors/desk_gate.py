"""The risk gate at the desk's door: what the engine has, put before it in its own words."""

from msgspec.structs import replace

from autotrade_0dte.actors.exposure_keeper import ExposureKeeper
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.risk.gate import RiskGate
from autotrade_0dte.risk.gate_scenario import worst_loss_of
from autotrade_0dte.risk.mode import RiskChange
from autotrade_0dte.risk.picture import UNKNOWN, RiskPicture
from autotrade_0dte.risk.proposed_order import GateQuote, ProposedOrder
from autotrade_0dte.risk.session_grid import GridParams

__all__ = ["DeskGate"]


class DeskGate:
    """Judges the engine's orders by the exposure, the market and the newest picture of the risk.

    Parameters
    ----------
    gate : RiskGate
        The limits of the session.
    keeper : ExposureKeeper
        Keeps what is held and at work.
    grid : GridParams
        Scenarios over the rest of the session.

    Attributes
    ----------
    exposure : Exposure
        The keeper's.
    picture : RiskPicture
        The newest one; its mode is that of the newest change.
    """

    def __init__(self, gate: RiskGate, keeper: ExposureKeeper, grid: GridParams) -> None:
        self.keeper = keeper
        self.picture: RiskPicture = UNKNOWN
        self._gate = gate
        self.exposure = keeper.exposure
        self._grid = grid

    def take_change(self, change: RiskChange) -> None:
        """Take a change of the mode, which the next picture has too."""
        trigger = change.trigger if change.begins else self.picture.trigger
        self.picture = replace(self.picture, mode=change.mode, trigger=trigger)

    def reduces(self, order: ProposedOrder) -> bool:
        """Return whether an order only closes what is held."""
        return self._gate.reduces(order, self.exposure)

    def denial(
        self, order: ProposedOrder, quote: OrderQuote, chain: ChainSnapshot | None, now_ns: int
    ) -> str | None:
        """Return why the order must not go, with its figures, or None."""
        exposure = self.exposure
        denial = self._gate.check(
            order,
            exposure,
            GateQuote(quote.bid, quote.ask, quote.age_s, quote.fair, quote.spot),
            chain,
            self.picture,
            now_ns,
            worst_loss=None if chain is None else worst_loss_of(order, exposure, chain, self._grid),
        )
        return None if denial is None else str(denial)
