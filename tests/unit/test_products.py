"""Contract facts and price steps of the option roots."""

import pytest

from autotrade_0dte.products import (
    PRODUCTS,
    Settlement,
    UnknownProductError,
    product,
    tick_cents,
)


@pytest.mark.parametrize(
    ("root", "underlying", "settlement"),
    [
        ("SPXW", "SPX", Settlement.CASH),
        ("XSP", "XSP", Settlement.CASH),
        ("SPY", "SPY", Settlement.PHYSICAL),
        ("QQQ", "QQQ", Settlement.PHYSICAL),
        ("IWM", "IWM", Settlement.PHYSICAL),
    ],
)
def test_known_root_settles_as_its_specification_says(
    root: str, underlying: str, settlement: Settlement
) -> None:
    facts = product(root)
    assert (facts.underlying, facts.settlement, facts.multiplier) == (underlying, settlement, 100)


def test_every_product_is_filed_under_its_root() -> None:
    assert all(root == facts.root for root, facts in PRODUCTS.items())


def test_unlisted_root_is_an_equity_option_on_itself() -> None:
    facts = product("GOOG")
    assert (facts.root, facts.underlying, facts.settlement) == ("GOOG", "GOOG", Settlement.PHYSICAL)
    assert facts.last_trade_time == facts.expiry_time


@pytest.mark.parametrize(
    "root",
    ["SPX", "NDX", "NDXP", "RUT", "RUTW", "VIX", "VIXW", "DJX", "OEX", "XEO", "MRUT", "XND"],
)
def test_index_root_without_facts_does_not_pass_for_a_stock_option(root: str) -> None:
    with pytest.raises(UnknownProductError, match=f"known settlement, was {root}: an index"):
        product(root)


@pytest.mark.parametrize(
    ("root", "price_cents", "tick"),
    [
        ("SPXW", 0, 5),
        ("SPXW", 299, 5),
        ("SPXW", 300, 10),
        ("XSP", 299, 1),
        ("XSP", 300, 1),
        ("SPY", 5, 1),
        ("SPY", 1_000, 1),
        ("GOOG", 295, 5),
        ("GOOG", 300, 10),
    ],
)
def test_price_step_changes_at_three_dollars(root: str, price_cents: int, tick: int) -> None:
    assert tick_cents(product(root), price_cents) == tick
