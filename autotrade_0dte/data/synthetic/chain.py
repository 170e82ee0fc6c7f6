"""The chain of a synthetic session: all contracts' quotes in order of time."""

import datetime as dt
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.session_data import ChainData
from autotrade_0dte.data.synthetic.quotes import (
    ContractQuotes,
    MarketGrid,
    QuoteParams,
    contract_quotes,
    fair_values,
)
from autotrade_0dte.data.synthetic.smile import SmileParams
from autotrade_0dte.products import product

__all__ = ["quoted_chain", "strikes_around"]


def strikes_around(spot: float, params: QuoteParams) -> NDArray[np.int64]:
    """Return `params.strikes` strikes around `spot` (dollars) on the step, ascending, in mills."""
    step = round(1_000 * params.strike_step_dollars)
    center = round(1_000 * spot / step)
    first = center - params.strikes // 2
    if first < 1:
        raise ValueError(
            f"Expected strikes above 0, was {first * step / 1_000} dollars for the lowest of "
            f"{params.strikes} strikes {params.strike_step_dollars} apart around {spot:.2f}"
        )
    return step * np.arange(first, first + params.strikes, dtype=np.int64)


def quoted_chain(
    root: str,
    *,
    session: dt.date,
    strike_mills: NDArray[np.int64],
    open_interest: NDArray[np.int64],
    grid: MarketGrid,
    params: QuoteParams,
    smile: SmileParams,
    stream: Callable[[int], np.random.Generator],
) -> ChainData:
    """Quote every strike and merge by time.

    `stream` gives the random stream of a strike, so that a strike's luck does not depend on which
    others there are.
    """
    facts = product(root)
    # Lists of columns instead of rows of contracts: each is freed as soon as it is merged.
    columns: dict[str, list[NDArray[np.int64]]] = {name: [] for name in ContractQuotes.__slots__}
    lengths = []
    for mills in strike_mills.tolist():
        rng = stream(mills)
        for fair in fair_values(mills / 1_000, grid, smile, params.rate):
            quotes = contract_quotes(fair, grid, facts, params, rng)
            lengths.append(len(quotes.ts))
            for name, parts in columns.items():
                parts.append(getattr(quotes, name))

    ts = np.concatenate(columns.pop("ts"))
    order = np.argsort(ts, kind="stable")
    contract = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)

    def column(name: str) -> NDArray[np.int64]:
        return np.concatenate(columns.pop(name))[order]

    return ChainData(
        root=root,
        session=session,
        strike_mills=np.repeat(strike_mills, 2),
        is_call=np.tile([True, False], len(strike_mills)),
        contract=contract[order],
        ts_event=ts[order],
        bid=column("bid"),
        ask=column("ask"),
        bid_size=column("bid_size"),
        ask_size=column("ask_size"),
        open_interest=open_interest,
    )
