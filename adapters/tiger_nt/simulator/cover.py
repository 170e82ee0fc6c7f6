"""Whether what an account has sold short is covered by what it holds."""

from collections.abc import Mapping

from tiger_nt.simulator.accounts import Account
from tiger_nt.symbols import OptionTerms

__all__ = ["is_covered"]

type _Signed = dict[OptionTerms, int]


def is_covered(account: Account, changes: Mapping[OptionTerms, int]) -> bool:
    """Return whether every option sold short would have a long one of at least its worth behind it.

    That is one of the same kind, underlying and expiry with a strike as good or better, as in a
    vertical that was paid for. It has to hold with these signed `changes` of the positions, with
    all sales at work, and with each package at work whether it fills or not.
    """
    sure: _Signed = dict(changes)
    for position in account.positions.values():
        sure[position.terms] = sure.get(position.terms, 0) + position.quantity
    packages: list[_Signed] = []
    for order in account.open_orders():
        if order.legs:
            signs = {leg.terms: 1 if leg.is_buy else -1 for leg in order.legs}
            packages.append({terms: sign * order.remaining for terms, sign in signs.items()})
        elif not order.is_buy:
            sure[order.terms] = sure.get(order.terms, 0) - order.remaining
    named = {terms for signed in (sure, *packages) for terms in signed}
    chains = {(terms.root, terms.expiry, terms.is_call) for terms in named}
    return all(
        _is_chain_covered(
            [t for t in named if (t.root, t.expiry, t.is_call) == chain], sure, packages
        )
        for chain in chains
    )


def _is_chain_covered(chain: list[OptionTerms], sure: _Signed, packages: list[_Signed]) -> bool:
    held, filled = 0, [0] * len(packages)
    # From the strike that is worth most: what is sold must have been met by what is held.
    for terms in sorted(chain, key=lambda t: t.strike_mills if t.is_call else -t.strike_mills):
        held += sure.get(terms, 0)
        filled = [so_far + p.get(terms, 0) for so_far, p in zip(filled, packages, strict=True)]
        if held + sum(min(0, so_far) for so_far in filled) < 0:
            return False
    return True
