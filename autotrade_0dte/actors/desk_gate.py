"""The risk gate at the desk's door: what the engine has, put before it in its own words."""

from copy import deepcopy

from msgspec.structs import replace

from autotrade_0dte.actors.exposure_keeper import ExposureKeeper
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.risk.exposure import Exposure
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
        return self._denial(order, quote, chain, now_ns, self.exposure)

    def package_denial(
        self,
        orders: tuple[ProposedOrder, ProposedOrder],
        quotes: tuple[OrderQuote, OrderQuote],
        chain: ChainSnapshot | None,
        now_ns: int,
    ) -> str | None:
        """Return why a package must not go, or None: its purchase first, then its sale after it.

        The sale is judged as if the purchase had been filled at its worst price: both fill or none.
        """
        denial = self._denial(orders[0], quotes[0], chain, now_ns, self.exposure)
        if denial is not None:
            return denial
        return self._denial(orders[1], quotes[1], chain, now_ns, self._with(orders[0]))

    def package_reduces(self, orders: tuple[ProposedOrder, ProposedOrder]) -> bool:
        """Return whether a package only closes what is held."""
        bought, sold = orders
        return self.reduces(bought) and self._gate.reduces(sold, self._with(bought))

    def _with(self, bought: ProposedOrder) -> Exposure:
        """Return the exposure as it would be with a purchase filled; nothing is kept of it."""
        assumed = deepcopy(self.exposure)
        for order_id in (bought.order_id, bought.replaces):
            assumed.ended(order_id)
        assumed.filled(
            "", bought.contract, bought.quantity, bought.price, bought.fee_usd, bought.owner
        )
        return assumed

    def _denial(
        self,
        order: ProposedOrder,
        quote: OrderQuote,
        chain: ChainSnapshot | None,
        now_ns: int,
        exposure: Exposure,
    ) -> str | None:
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
