"""The push connection's changes as custom data of the engine, so that gaps can be recorded.

An actor of the node hears of them so::

    from nautilus_trader.model import ClientId
    from tiger_nt.link_data import LINK_DATA_TYPE, TigerLink

    self.subscribe_data(LINK_DATA_TYPE, client_id=ClientId("TIGER"))  # the data client's name

    def on_data(self, data):  # CustomData
        link: TigerLink = data.data

The present state comes at once, then every change. KICKED and REFUSED are final: an actor that
listens has to stop the node then; where nobody listens, the data client's error does.
"""

from nautilus_trader.model import CustomData, DataType, register_custom_data_class
from nautilus_trader.model.custom import customdataclass

from tiger_nt.views import LinkEvent

__all__ = ["LINK_DATA_TYPE", "TigerLink", "link_data"]


@customdataclass
class TigerLink:
    """A change of the push connection.

    Parameters
    ----------
    state : str
        UP, DOWN, KICKED (another login has taken its place) or REFUSED, as in `LinkState`.
    reason : str
        Why; with UP after DOWN, why it was lost; empty without one.
    gap_from_ns, gap_to_ns : int
        With UP after DOWN: the stretch of which no data came, ns UTC; else 0.
    """

    state: str = ""
    reason: str = ""
    gap_from_ns: int = 0
    gap_to_ns: int = 0


register_custom_data_class(TigerLink)

LINK_DATA_TYPE = DataType("TigerLink")
"""What to subscribe to, with the data client's id."""


def link_data(event: LinkEvent, now_ns: int) -> CustomData:
    """Return the change as the engine's data; its event is not after `now_ns`."""
    link = TigerLink(  # type: ignore[call-arg]  # the decorator adds both times
        ts_event=min(event.at_ns, now_ns),
        ts_init=now_ns,
        state=event.state.value,
        reason=event.reason,
        gap_from_ns=event.gap_from_ns,
        gap_to_ns=event.at_ns if event.gap_from_ns else 0,
    )
    return CustomData(LINK_DATA_TYPE, link)
