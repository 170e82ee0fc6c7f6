"""An order as the gate judges it: of which contract, whose, and at what worst price."""

import datetime as dt
import math

import msgspec

__all__ = ["NOBODY", "Contract", "GateQuote", "Owner", "ProposedOrder"]


class Contract(msgspec.Struct, frozen=True, gc=False):
    """One option contract.

    Parameters
    ----------
    name : str
        Engine id.
    root : str
        Option root.
    expiry : datetime.date
        Day of expiry.
    is_call : bool
        Call or put.
    strike : float
        Dollars.
    multiplier : int
        Shares or index units a contract.
    row : int, default -1
        Row of the session's chain; -1 for a contract outside it.
    """

    name: str
    root: str
    expiry: dt.date
    is_call: bool
    strike: float
    multiplier: int
    row: int = -1

    def is_of_series(self, other: "Contract") -> bool:
        """Return whether both have one root, expiry and right, so that one can cover the other."""
        return (
            self.is_call == other.is_call
            and self.root == other.root
            and self.expiry == other.expiry
        )


class Owner(msgspec.Struct, frozen=True, gc=False):
    """Whose an order or a position is; an empty text is unknown.

    Parameters
    ----------
    strategy : str
        Engine id of the strategy.
    track : str
        `market_state.actions.Track`.
    plan_id : str
        The plan within the strategy; unknown ones of a strategy count as one plan.
    """

    strategy: str = ""
    track: str = ""
    plan_id: str = ""


NOBODY = Owner()
"""Of what was found at the broker, or made by hand."""


class ProposedOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that is to be sent, or that is at work.

    Parameters
    ----------
    order_id : str
        Unique; what `Exposure` has of this order itself does not count against it.
    contract : Contract
        What is traded.
    quantity : int
        Contracts, signed: bought above zero.
    price : float
        Worst price it may have, dollars a share: most a buy pays, least a sell takes. NaN for an
        order without a limit.
    fee_usd : float
        Fee of the whole order, dollars.
    owner : Owner
        Whose it is.
    replaces : str
        Id of the order whose rest it carries on: what that one has at work counts no more.
    is_stop : bool
        Whether it waits for a trigger, and may never trade.
    is_entry : bool
        Whether its strategy calls it an entry of its plan; False where it says nothing.
    """

    order_id: str
    contract: Contract
    quantity: int
    price: float
    fee_usd: float = 0.0
    owner: Owner = NOBODY
    replaces: str = ""
    is_stop: bool = False
    is_entry: bool = False

    @property
    def cost_usd(self) -> float:
        """Most that a buy takes from the account, fee included; 0 for a sell; NaN unknown."""
        if self.quantity <= 0:
            return 0.0
        return self.quantity * self.price * self.contract.multiplier + self.fee_usd


class GateQuote(msgspec.Struct, frozen=True, gc=False):
    """The market of the order's contract; dollars, NaN is unknown.

    Parameters
    ----------
    bid, ask : float
        Best prices; 0 or NaN where there is none.
    age_s : float
        Seconds since the quote's event.
    fair : float
        Fair value at the newest price of the underlying.
    spot : float
        Newest price of the underlying.
    """

    bid: float = math.nan
    ask: float = math.nan
    age_s: float = math.nan
    fair: float = math.nan
    spot: float = math.nan
