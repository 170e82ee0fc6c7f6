"""The numbered acceptance cases: those of NautilusTrader's adapter specifications, and our own.

``TC-D..`` are the data cases and ``TC-E..`` the execution cases of the specifications in
NautilusTrader's developer guide (spec_data_testing.md, spec_exec_testing.md), under their numbers
and names there. ``TN-..`` are further cases of this adapter. A test names the cases it shows with
``@pytest.mark.case``.
"""

from enum import StrEnum
from typing import NamedTuple

__all__ = ["CASES", "GROUPS", "Answer", "Case"]


class Answer(StrEnum):
    """What the adapter does about a case.

    NOT_APPLICABLE: nothing of the kind exists at Tiger or in this adapter; no test.
    """

    SERVED = "served"
    REFUSED = "refused"
    NOT_APPLICABLE = "not applicable"


class Case(NamedTuple):
    """A case, and why it is refused or not applicable (or a remark)."""

    number: str
    name: str
    answer: Answer = Answer.SERVED
    remark: str = ""


class Group(NamedTuple):
    """Cases under one heading."""

    title: str
    cases: tuple[Case, ...]


_REFUSED, _NOT_APPLICABLE = Answer.REFUSED, Answer.NOT_APPLICABLE
_NO_BOOK = "the push has best bid and ask only"
_NO_HISTORY = "Tiger keeps no history of it"
_NO_FUNDING = "there is none for stocks and options"
_NO_IOC = "the adapter sends DAY and GTC"
_NO_TYPE = "the adapter sends MARKET, LIMIT and STOP_LIMIT"
_NO_BRACKET = "the adapter sends orders that are independent of each other"
_NO_POST_ONLY = "Tiger's orders have no such flag"
_NO_SHORT = "by a cash account, as the simulator's are; the reason is passed on"

GROUPS = (
    Group(
        "Data: instruments",
        (
            Case("TC-D01", "Request instruments"),
            Case("TC-D02", "Subscribe instrument"),
            Case("TC-D03", "Load specific instrument"),
        ),
    ),
    Group(
        "Data: order book",
        (
            Case("TC-D10", "Subscribe book deltas", _REFUSED, _NO_BOOK),
            Case("TC-D11", "Subscribe book at interval", _REFUSED, _NO_BOOK),
            Case("TC-D12", "Subscribe book depth", _REFUSED, _NO_BOOK),
            Case("TC-D13", "Request book snapshot", _REFUSED, _NO_BOOK),
            Case("TC-D14", "Managed book from deltas", _REFUSED, _NO_BOOK),
        ),
    ),
    Group(
        "Data: quotes, trades, bars",
        (
            Case("TC-D20", "Subscribe quotes"),
            Case("TC-D21", "Request historical quotes", _REFUSED, _NO_HISTORY),
            Case("TC-D30", "Subscribe trades"),
            Case("TC-D31", "Request historical trades", _REFUSED, "recorded from the push instead"),
            Case(
                "TC-D40", "Subscribe bars", _REFUSED, "the engine builds INTERNAL bars; see TN-D01"
            ),
            Case("TC-D41", "Request historical bars"),
        ),
    ),
    Group(
        "Data: derivatives",
        (
            Case(
                "TC-D50", "Subscribe mark prices", _REFUSED, "there are none for stocks and options"
            ),
            Case("TC-D51", "Subscribe index prices"),
            Case("TC-D52", "Subscribe funding rates", _REFUSED, _NO_FUNDING),
            Case("TC-D53", "Request historical funding rates", _REFUSED, _NO_FUNDING),
        ),
    ),
    Group(
        "Data: status, Greeks, chains",
        (
            Case("TC-D60", "Subscribe instrument status"),
            Case("TC-D61", "Subscribe instrument close", _REFUSED, "Tiger pushes none"),
            Case("TC-D62", "Subscribe option greeks"),
            Case("TC-D63", "Subscribe option chain"),
        ),
    ),
    Group(
        "Data: lifecycle",
        (
            Case("TC-D70", "Unsubscribe on stop"),
            Case("TC-D71", "Custom subscribe params", _NOT_APPLICABLE, "the adapter has none"),
            Case("TC-D72", "Custom request params", _NOT_APPLICABLE, "the adapter has none"),
            Case("TC-D73", "Retirement cleanup"),
            Case("TC-D74", "DeFi shared pool demand", _NOT_APPLICABLE, "no DeFi"),
            Case("TC-D75", "DeFi bootstrap cancel", _NOT_APPLICABLE, "no DeFi"),
        ),
    ),
    Group(
        "Data: further cases of this adapter",
        (
            Case("TN-D01", "Bars built by the engine from pushed quotes"),
            Case("TN-D02", "Bars of a day", _REFUSED, "bars are of 1 to 60 minutes"),
            Case("TN-D03", "Greeks of a stock", _REFUSED, "only options have them"),
            Case("TN-D04", "Contract of no loaded chain", _REFUSED, "it may not exist"),
            Case(
                "TN-D05",
                "Custom data of an unknown type",
                _REFUSED,
                "there is the connection's state",
            ),
            Case("TN-D06", "More options wanted than may be subscribed: the rest is polled"),
            Case("TN-D07", "An option given back makes room for a polled one"),
            Case("TN-D08", "The connection's state on subscription"),
            Case("TN-D09", "A dropped connection is told with the gap of the data"),
            Case("TN-D10", "Everything is subscribed again after a dropped connection"),
            Case("TN-D11", "Unsubscribed data does not come any more"),
            Case("TN-D12", "Trades of an option"),
            Case("TN-D13", "Status of the market after the close"),
            Case("TN-D14", "An option that is held is quoted unasked"),
            Case("TN-D15", "Past bars of a stock"),
        ),
    ),
    Group(
        "Execution: market orders",
        (
            Case("TC-E01", "Market BUY - submit and fill"),
            Case("TC-E02", "Market SELL - submit and fill", _REFUSED, _NO_SHORT),
            Case("TC-E03", "Market order with IOC TIF", _REFUSED, _NO_IOC),
            Case("TC-E04", "Market order with FOK TIF", _REFUSED, _NO_IOC),
            Case("TC-E05", "Market order with quote qty", _REFUSED, "Tiger counts contracts"),
            Case("TC-E06", "Close position via market"),
        ),
    ),
    Group(
        "Execution: limit orders",
        (
            Case("TC-E10", "Limit BUY GTC"),
            Case("TC-E11", "Limit SELL GTC"),
            Case("TC-E12", "Limit BUY and SELL pair"),
            Case("TC-E13", "Limit IOC aggressive fill", _REFUSED, _NO_IOC),
            Case("TC-E14", "Limit IOC passive no fill", _REFUSED, _NO_IOC),
            Case("TC-E15", "Limit FOK fill", _REFUSED, _NO_IOC),
            Case("TC-E16", "Limit FOK no fill", _REFUSED, _NO_IOC),
            Case("TC-E17", "Limit GTD", _REFUSED, _NO_IOC),
            Case("TC-E18", "Limit GTD expiry", _REFUSED, _NO_IOC),
            Case("TC-E19", "Limit DAY"),
        ),
    ),
    Group(
        "Execution: stop and conditional orders",
        (
            Case("TC-E20", "StopMarket BUY", _REFUSED, _NO_TYPE),
            Case("TC-E21", "StopMarket SELL", _REFUSED, _NO_TYPE),
            Case("TC-E22", "StopLimit BUY"),
            Case("TC-E23", "StopLimit SELL"),
            Case("TC-E24", "MarketIfTouched BUY", _REFUSED, _NO_TYPE),
            Case("TC-E25", "MarketIfTouched SELL", _REFUSED, _NO_TYPE),
            Case("TC-E26", "LimitIfTouched BUY", _REFUSED, _NO_TYPE),
            Case("TC-E27", "LimitIfTouched SELL", _REFUSED, _NO_TYPE),
        ),
    ),
    Group(
        "Execution: order modification",
        (
            Case("TC-E30", "Modify limit BUY price"),
            Case("TC-E31", "Modify limit SELL price"),
            Case("TC-E32", "Cancel-replace limit BUY"),
            Case("TC-E33", "Cancel-replace limit SELL"),
            Case("TC-E34", "Modify stop trigger price"),
            Case("TC-E35", "Cancel-replace stop order"),
            Case(
                "TC-E36", "Modify rejected", _NOT_APPLICABLE, "orders can be modified; see TN-E02"
            ),
        ),
    ),
    Group(
        "Execution: order cancellation",
        (
            Case("TC-E40", "Cancel single limit order"),
            Case("TC-E41", "Cancel all on stop"),
            Case("TC-E42", "Individual cancels on stop"),
            Case(
                "TC-E43",
                "Batch cancel on stop",
                Answer.SERVED,
                "one request an order: Tiger has no batch",
            ),
            Case(
                "TC-E44",
                "Cancel already-canceled",
                Answer.SERVED,
                "the engine itself sends nothing",
            ),
        ),
    ),
    Group(
        "Execution: bracket orders",
        (
            Case("TC-E50", "Bracket BUY", _REFUSED, _NO_BRACKET),
            Case("TC-E51", "Bracket SELL", _REFUSED, _NO_BRACKET),
            Case(
                "TC-E52",
                "Bracket entry fill activates",
                _NOT_APPLICABLE,
                "brackets are refused whole",
            ),
            Case("TC-E53", "Bracket with post-only entry", _REFUSED, _NO_BRACKET),
        ),
    ),
    Group(
        "Execution: order flags",
        (
            Case("TC-E60", "PostOnly accepted", _REFUSED, _NO_POST_ONLY),
            Case(
                "TC-E61",
                "ReduceOnly on close",
                Answer.SERVED,
                "watched by the engine, not by Tiger",
            ),
            Case("TC-E62", "Display quantity", _REFUSED, "Tiger has none for options"),
            Case("TC-E63", "Custom order params", _NOT_APPLICABLE, "the adapter has none"),
        ),
    ),
    Group(
        "Execution: rejection handling",
        (
            Case("TC-E70", "PostOnly rejection", _REFUSED, _NO_POST_ONLY),
            Case("TC-E71", "ReduceOnly rejection"),
            Case("TC-E72", "Unsupported order type"),
            Case("TC-E73", "Unsupported TIF"),
            Case("TC-E74", "Ambiguous submit fail"),
            Case("TC-E75", "Ambiguous cancel fail"),
            Case("TC-E76", "Ambiguous modify fail"),
            Case("TC-E77", "Ambiguous batch fail", _NOT_APPLICABLE, "Tiger has no batch requests"),
            Case("TC-E78", "Per-order batch reject", Answer.SERVED, "of an order list"),
        ),
    ),
    Group(
        "Execution: lifecycle",
        (
            Case("TC-E80", "Open position on start"),
            Case("TC-E81", "Cancel orders on stop"),
            Case("TC-E82", "Close positions on stop"),
            Case("TC-E83", "Unsubscribe on stop"),
            Case("TC-E84", "Reconcile open orders"),
            Case("TC-E85", "Reconcile filled orders"),
            Case("TC-E86", "Reconcile open long"),
            Case("TC-E87", "Reconcile open short", _NOT_APPLICABLE, "cash accounts hold none"),
        ),
    ),
    Group(
        "Execution: options trading",
        (
            Case("TC-E90", "Limit BUY option"),
            Case("TC-E91", "Limit SELL option"),
            Case(
                "TC-E92", "Limit with alt pricing", _NOT_APPLICABLE, "Tiger takes prices in dollars"
            ),
            Case("TC-E94", "Unsupported order type denied"),
            Case("TC-E96", "Conditional order rejected"),
            Case("TC-E99", "FOK limit option", _REFUSED, _NO_IOC),
            Case("TC-E100", "Cancel option order"),
            Case("TC-E101", "Reconcile option position"),
        ),
    ),
    Group(
        "Execution: further cases of this adapter",
        (
            Case("TN-E01", "Modify quantity"),
            Case("TN-E02", "Change that Tiger refuses leaves the order as it was"),
            Case(
                "TN-E03",
                "Changes beyond the second's budget are refused at once; a cancel still goes",
            ),
            Case("TN-E04", "Stop-limit order triggered and filled"),
            Case("TN-E05", "Market-to-limit order", _REFUSED, _NO_TYPE),
            Case("TN-E06", "Trailing stop order", _REFUSED, _NO_TYPE),
            Case("TN-E07", "OCO pair", _REFUSED, _NO_BRACKET),
            Case("TN-E08", "Order list of independent orders"),
            Case(
                "TN-E09", "Order beyond the configured limits", _REFUSED, "by the node's own limits"
            ),
            Case(
                "TN-E10", "Market order without a quote", _REFUSED, "nothing tells what it may cost"
            ),
            Case(
                "TN-E11",
                "Cancel of a filled order",
                Answer.SERVED,
                "the engine itself sends nothing",
            ),
            Case("TN-E12", "Cancel all of one side, and of one option"),
            Case("TN-E13", "Fill in parts"),
            Case("TN-E14", "Partial fill, then cancel"),
            Case("TN-E15", "Buy beyond the cash", _REFUSED, "by Tiger; its reason is passed on"),
            Case(
                "TN-E16", "Sale of more than is held", _REFUSED, "by Tiger; its reason is passed on"
            ),
            Case(
                "TN-E17", "Order outside the session", _REFUSED, "by Tiger; its reason is passed on"
            ),
            Case("TN-E18", "Order filled that was made in Tiger's app"),
            Case("TN-E19", "Order made and cancelled in Tiger's app"),
            Case("TN-E20", "Order of ours cancelled in Tiger's app"),
            Case("TN-E21", "Account's cash follows Tiger's"),
            Case("TN-E22", "Commissions are Tiger's fees"),
            Case("TN-E23", "Query account"),
            Case("TN-E24", "Query order while the push is silent"),
            Case("TN-E25", "Order made in Tiger's app while no node ran is reconciled"),
            Case("TN-E26", "Position that orders of ours do not explain is told at the start"),
            Case("TN-E27", "Order and position taken over can be cancelled and closed"),
            Case("TN-E28", "Node's stop cancels orders at work, also those taken over"),
            Case("TN-E29", "Node told to leave orders at work lists them when it stops"),
            Case("TN-E30", "DAY and GTC orders expire with the session of their contract"),
            Case("TN-E31", "Expired position is settled in cash by Tiger and no mismatch"),
            Case("TN-E32", "Stop-limit GTC", _REFUSED, "sent as DAY only"),
            Case("TN-E33", "Limit at the open", _REFUSED, _NO_IOC),
            Case("TN-E34", "Limit at the close", _REFUSED, _NO_IOC),
        ),
    ),
)

CASES = tuple(case for group in GROUPS for case in group.cases)
