"""Fixtures of chains quoted at Black prices."""

from collections.abc import Callable

import pytest
from quoted_chain import NOW_NS, YEARS, QuotedChain


@pytest.fixture
def now_ns() -> int:
    """Three hours before the expiry of the chains."""
    return NOW_NS


@pytest.fixture
def years() -> float:
    """Calendar years from `now_ns` to the expiry of the chains."""
    return YEARS


@pytest.fixture
def quoted_chain() -> Callable[..., QuotedChain]:
    """Builder of chains, see QuotedChain."""
    return QuotedChain
