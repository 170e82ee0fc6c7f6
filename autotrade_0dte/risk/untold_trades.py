"""Round trips of orders that no plan tells of: made by hand, or by another tool."""

from typing import NamedTuple

__all__ = ["UntoldTrades"]


class _Lot(NamedTuple):
    """Contracts bought and not sold yet, and what all fills brought less what they cost."""

    held: int = 0
    cash_usd: float = 0.0


class UntoldTrades:
    """Follows each contract from the first purchase until nothing of it is left.

    A sale of what was not bought so closes the position of a plan, which tells of it itself.
    """

    __slots__ = ("_lots",)

    def __init__(self) -> None:
        self._lots: dict[str, _Lot] = {}

    def take(self, contract: str, quantity: int, price_usd: float, fee_usd: float) -> float | None:
        """Take a fill; return what the round trip made that it ends, dollars, or None.

        Parameters
        ----------
        contract : str
            What was traded.
        quantity : int
            Contracts, signed: bought above zero.
        price_usd : float
            Dollars a contract.
        fee_usd : float
            What was charged, dollars.
        """
        lot = self._lots.get(contract, _Lot())
        counted = quantity if quantity > 0 else max(quantity, -lot.held)
        if counted == 0:
            return None
        paid_usd = counted * price_usd + fee_usd * counted / quantity
        lot = _Lot(lot.held + counted, lot.cash_usd - paid_usd)
        self._lots[contract] = lot
        if lot.held:
            return None
        del self._lots[contract]
        return lot.cash_usd
