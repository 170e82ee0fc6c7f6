"""The limits of the gate written plainly, from lists of all that happened, for tests to judge by.

Nothing here is shared with the gate but the limits' own names: every figure is summed anew from
positions and orders, and all limits are looked at, not only up to the first that is broken.
"""

import itertools
import math
from dataclasses import dataclass, field

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate_case import GateFacts
from autotrade_0dte.risk.limits import DayTradePolicy, LimitParams
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import RiskPicture
from autotrade_0dte.risk.proposed_order import Contract, GateQuote, Owner, ProposedOrder

S = 1_000_000_000


@dataclass
class Situation:
    """An order and all that surrounds it, as plain lists."""

    order: ProposedOrder
    held: list[tuple[Contract, int, float, Owner]]
    working: list[tuple[ProposedOrder, int]]  # with the time it was sent
    cash: float
    buying_power: float
    quote: GateQuote
    chain: ChainSnapshot | None
    picture: RiskPicture
    now_ns: int
    loss_a_contract: float
    others: dict[str, float] = field(default_factory=dict)
    replaced: tuple[ProposedOrder, int] | None = None
    """An order at work whose rest the order carries on: nothing but its sending counts."""

    def exposure(self) -> Exposure:
        """Return the ledger that these lists make."""
        exposure = Exposure(0.0)
        for number, (contract, quantity, price, owner) in enumerate(self.held):
            exposure.filled(f"F-{number}", contract, quantity, price, owner=owner)
        orders = self.working + ([] if self.replaced is None else [self.replaced])
        for sent, sent_ns in sorted(orders, key=lambda pair: pair[1]):
            exposure.submitted(sent, sent_ns)
        exposure.cash, exposure.buying_power = self.cash, self.buying_power
        return exposure

    def worst_loss(self, _row: int, quantity: int, _price: float, _enough: float) -> float:
        """Return a loss that falls with sales, as that of a second leg does."""
        return 1_000.0 + quantity * self.loss_a_contract

    def held_of(self, name: str) -> int:
        """Return the position in a contract."""
        return sum(quantity for contract, quantity, _, _ in self.held if contract.name == name)

    def at_work(self, name: str, side: int) -> int:
        """Return what orders at work may buy (side 1) or sell (side -1) of a contract."""
        return sum(
            abs(sent.quantity)
            for sent, _ in self.working
            if sent.contract.name == name and sent.quantity * side > 0
        )

    @property
    def contracts(self) -> list[Contract]:
        """All contracts there is anything of, the order's included."""
        found = [contract for contract, *_ in self.held]
        found += [sent.contract for sent, _ in self.working]
        return list(
            {contract.name: contract for contract in [*found, self.order.contract]}.values()
        )


def opposed(s: Situation) -> bool:
    """Return whether another may come to hold the opposite of what the order opens."""
    order = s.order
    name, side = order.contract.name, 1 if order.quantity > 0 else -1

    def party(owner: Owner) -> tuple[str, str]:
        """Return the strategy; an entry's own is made of its plans."""
        is_of_plan = order.is_entry and owner.strategy == order.owner.strategy
        return owner.strategy, owner.plan_id if is_of_plan else ""

    def held(whose: tuple[str, str]) -> int:
        return sum(q for c, q, _, o in s.held if c.name == name and party(o) == whose)

    def at_work(whose: tuple[str, str], direction: int) -> int:
        return sum(
            sent.quantity
            for sent, _ in s.working
            if sent.contract.name == name
            and party(sent.owner) == whose
            and sent.quantity * direction > 0
        )

    mine = party(order.owner)
    if abs(order.quantity) <= -side * held(mine) - abs(at_work(mine, side)):
        return False
    return any(
        (held(other) + at_work(other, -side)) * side < 0
        for other in {party(o) for *_, o in s.held} | {party(w.owner) for w, _ in s.working}
        if other != mine
    )


def reduces(s: Situation, facts: GateFacts) -> bool:
    """Return whether the order closes what is held and leaves no short option alone."""
    name, quantity = s.order.contract.name, s.order.quantity
    if opposed(s):
        return False
    if quantity > 0:
        return quantity + s.at_work(name, 1) <= -s.held_of(name)
    return -quantity + s.at_work(name, -1) <= s.held_of(name) and not naked(s, facts)


def naked(s: Situation, facts: GateFacts) -> bool:
    """Return whether a sale may leave a short option alone, if every sale at work fills."""
    order = s.order
    if order.quantity > 0:
        return False
    own = order.contract
    long = 0
    for contract in s.contracts:
        same = (contract.root, contract.expiry, contract.is_call) == (
            own.root, own.expiry, own.is_call
        )  # fmt: skip
        if contract.name == own.name or (same and facts.short_legs):
            long += s.held_of(contract.name) - s.at_work(contract.name, -1)
    return long + order.quantity < 0


def broken(s: Situation, limits: LimitParams, facts: GateFacts) -> set[str]:
    """Return the codes of all limits that the order breaks, whether it reduces risk or not."""
    found = {
        "OPPOSED": opposed(s),
        "NAKED_SHORT": naked(s, facts),
        "HALTED": s.picture.mode in (RiskMode.HALT_ENTRIES, RiskMode.FLATTEN, RiskMode.KILLED),
    }
    factor = limits.tighten_factor if s.picture.mode != RiskMode.NORMAL else 1.0
    for part in (
        _by_itself(s, limits, facts, factor),
        _by_the_market(s, limits, facts),
        _by_time(s, limits, facts),
        _by_position(s, limits, factor),
        _by_account(s, limits, factor),
        _together(s, limits, facts, factor),
    ):
        found |= part
    return {code for code, is_broken in found.items() if is_broken}


def _whole(limit: int, factor: float) -> int:
    return max(1, math.floor(limit * factor))


def _cost(order: ProposedOrder) -> float:
    return order.quantity * order.price * 100 + order.fee_usd if order.quantity > 0 else 0.0


def _tick(facts: GateFacts, price: float) -> float:
    if not price >= 0:
        return math.nan
    return (facts.product.tick_below_3 if price < 3.0 else facts.product.tick_from_3) / 100


def _by_itself(s: Situation, limits: LimitParams, facts: GateFacts, factor: float) -> dict:
    order, o = s.order, limits.order
    known = 0 < order.price < math.inf
    tick = _tick(facts, order.price)
    cents = round(order.price * 100, 6) if known else math.nan
    return {
        "NO_PRICE_LIMIT": not known,
        "ORDER_CONTRACTS": abs(order.quantity) > _whole(o.max_contracts, factor),
        "ORDER_PREMIUM": not _cost(order) <= o.max_premium_usd * factor + 1e-6,
        "ORDER_NOTIONAL": not abs(order.quantity) * 100 * s.quote.spot
        <= o.max_notional_usd * factor,
        "OFF_TICK": known and cents % round(tick * 100) != 0,
    }


def _by_the_market(s: Situation, limits: LimitParams, facts: GateFacts) -> dict:
    o, quote, order = limits.order, s.quote, s.order
    bid, ask, fair = quote.bid, quote.ask, quote.fair
    is_buy = order.quantity > 0

    def beyond(reference: float) -> bool:
        room = max(o.collar_ticks * _tick(facts, reference), o.collar_fraction * reference)
        worse = order.price - reference if is_buy else reference - order.price
        return not worse <= room + 1e-6

    known = not math.isnan(bid) and ask > 0
    wide = max(o.max_spread_ticks * _tick(facts, ask), o.max_spread_fraction * (bid + ask) / 2)
    times = [(sent, s.now_ns - sent_ns) for sent, sent_ns in s.working]
    same = [
        sent
        for sent, ago in times
        if ago < o.duplicate_window_s * S
        and (sent.quantity, sent.price, sent.contract.name, sent.owner.strategy)
        == (order.quantity, order.price, order.contract.name, order.owner.strategy)
    ]
    sent_ns = [ns for _, ns in s.working] + ([s.replaced[1]] if s.replaced else [])
    within_a_minute = [ns for ns in sent_ns if s.now_ns - ns < 60 * S]
    return {
        "QUOTE_AGE": not quote.age_s <= o.max_age_s,
        "SPREAD": not (known and ask - bid <= wide + 1e-6),
        "COLLAR_QUOTE": beyond(ask if is_buy else bid),
        "COLLAR_FAIR": o.needs_fair_value if math.isnan(fair) else beyond(fair),
        "DUPLICATE": bool(same),
        "ORDER_RATE": len(within_a_minute) >= o.max_orders_a_minute,
    }


def _plan_key(owner: Owner) -> tuple[str, str]:
    return owner.strategy, owner.plan_id


def _lots(s: Situation, owner: Owner) -> dict[str, int]:
    found: dict[str, int] = {}
    for contract, quantity, _, of in s.held:
        if _plan_key(of) == _plan_key(owner):
            found[contract.name] = found.get(contract.name, 0) + quantity
    return {name: quantity for name, quantity in found.items() if quantity}


def _owners(s: Situation) -> list[Owner]:
    """Owners of plans that hold something or have an order at work."""
    alive = [owner for *_, owner in s.held if _lots(s, owner)]
    alive += [sent.owner for sent, _ in s.working]
    return list({_plan_key(owner): owner for owner in alive}.values())


def _by_time(s: Situation, limits: LimitParams, facts: GateFacts) -> dict:
    own_lots = _lots(s, s.order.owner)
    completes = s.order.quantity < 0 and bool(own_lots)
    others = [o for o in _owners(s) if _plan_key(o) != _plan_key(s.order.owner)]
    entering = sum(not _lots(s, owner) for owner in others)
    bought = {_plan_key(owner) for _, quantity, _, owner in s.held if quantity > 0}
    since_open, left = s.now_ns - facts.open_ns, facts.close_ns - s.now_ns
    c, p, e = s.picture.counters, limits.portfolio, limits.expiry
    near = not abs(s.order.contract.strike - s.quote.spot) > e.pin_fraction * s.quote.spot
    return {
        "TOO_EARLY": not completes and since_open < limits.session.no_entry_after_open_s * S,
        "TOO_LATE": not completes and left <= limits.session.last_entry_before_close_s * S,
        "FLATTEN_DEADLINE": facts.flatten_ns is not None and s.now_ns >= facts.flatten_ns,
        "ENTRIES_A_DAY": not own_lots
        and max(c.entries, len(bought)) + entering + 1 > p.max_entries,
        "LOSS_STREAK": not completes
        and c.losses_in_row >= p.max_losses_in_row
        and s.now_ns < c.last_loss_ns + p.loss_pause_s * S,
        "PIN_ZONE": not completes and left <= e.pin_before_close_s * S and near,
        "EXERCISE_NOT_FUNDED": _cannot_exercise(s, limits, facts),
    }


def _cannot_exercise(s: Situation, limits: LimitParams, facts: GateFacts) -> bool:
    e, spot, order = limits.expiry, s.quote.spot, s.order
    if facts.exercise_test_ns is None or s.now_ns < facts.exercise_test_ns - e.exercise_lead_s * S:
        return False
    if facts.flatten_ns is not None and e.flattened_is_exempt:
        return False

    def taken(contract: Contract, quantity: int) -> int:
        off = contract.strike - spot if contract.is_call else spot - contract.strike
        ends_in = not off > e.exercise_band_fraction * spot
        return (quantity if contract.is_call else -quantity) * 100 if ends_in else 0

    shares, funds = 0, _free(s) - _cost(order)
    for contract in s.contracts:
        count = s.held_of(contract.name) + s.at_work(contract.name, 1)
        count += order.quantity if contract.name == order.contract.name else 0
        shares += taken(contract, count)
        funds -= taken(contract, count) * contract.strike
    own = taken(order.contract, order.quantity)
    if own < 0:
        return shares < 0 and not facts.can_short_shares
    return own > 0 and not funds >= 0


def _free(s: Situation) -> float:
    reserved = sum(_cost(sent) for sent, _ in s.working)
    unknown = math.isnan(s.cash) or math.isnan(s.buying_power)
    return math.nan if unknown else min(s.cash, s.buying_power) - reserved


def _premium(s: Situation, **of: str) -> float:
    """Return what the plans of a strategy or track cost, and what the order adds."""
    total = _cost(s.order)
    for owner in _owners(s):
        if any(getattr(owner, name) != value for name, value in of.items()):
            continue
        mine = [(c, q, p) for c, q, p, o in s.held if _plan_key(o) == _plan_key(owner)]
        total += max(0.0, sum(q * p * 100 for _, q, p in mine))
        total += sum(_cost(w) for w, _ in s.working if _plan_key(w.owner) == _plan_key(owner))
    return total


def _by_position(s: Situation, limits: LimitParams, factor: float) -> dict:
    order, p = s.order, limits.position
    name, quantity = order.contract.name, order.quantity
    held = s.held_of(name)
    if quantity > 0:
        series = held + s.at_work(name, 1) + quantity
    else:
        series = -held + s.at_work(name, -1) - quantity

    def most(contract: Contract) -> int:
        up, down = s.at_work(contract.name, 1), s.at_work(contract.name, -1)
        if contract.name == name:
            up, down = up + max(quantity, 0), down + max(-quantity, 0)
        now = s.held_of(contract.name)
        return max(abs(now), abs(now + up), abs(now - down))

    reach = p.cluster_fraction * order.contract.strike + 1e-9
    cluster = sum(most(c) for c in s.contracts if abs(c.strike - order.contract.strike) <= reach)
    others = [o for o in _owners(s) if _plan_key(o) != _plan_key(order.owner)]
    is_new = not _lots(s, order.owner)
    of_strategy = sum(o.strategy == order.owner.strategy for o in others)
    of_track = sum(o.track == order.owner.track for o in others)
    strategy_usd = _premium(s, strategy=order.owner.strategy)
    track_usd = _premium(s, track=order.owner.track)
    is_buy = quantity > 0
    return {
        "SERIES_CONTRACTS": series > _whole(p.max_series_contracts, factor),
        "CLUSTER_CONTRACTS": cluster > _whole(p.max_cluster_contracts, factor),
        "STRATEGY_PLANS": is_new and of_strategy + 1 > p.max_strategy_plans,
        "TRACK_PLANS": is_new and of_track + 1 > p.max_track_plans,
        "STRATEGY_PREMIUM": is_buy
        and not strategy_usd <= p.max_strategy_premium_usd * factor + 1e-6,
        "TRACK_PREMIUM": is_buy and not track_usd <= p.max_track_premium_usd * factor + 1e-6,
    }


def _by_account(s: Situation, limits: LimitParams, factor: float) -> dict:
    order, a, picture = s.order, limits.account, s.picture
    is_buy = order.quantity > 0
    own_lots = _lots(s, order.owner)
    others = [o for o in _owners(s) if _plan_key(o) != _plan_key(order.owner)]
    to_come = len(own_lots) + sum(len(_lots(s, owner)) or 1 for owner in others)
    trades = a.pdt_day_trades_before + picture.counters.day_trades + to_come + 1
    reserved = sum(_cost(sent) for sent, _ in s.working)
    excess = picture.equity - picture.premium_usd - reserved
    capital = limits.portfolio.max_capital_fraction * factor * picture.equity
    return {
        "PREMIUM_EXCEEDS_CASH": is_buy and not round(_cost(order), 2) <= round(_free(s), 2),
        "DAY_TRADES": a.day_trades == DayTradePolicy.LEGACY_PDT
        and order.contract.name not in own_lots
        and not picture.equity >= a.pdt_min_equity_usd
        and trades > a.pdt_max_day_trades,
        "INTRADAY_MARGIN": a.day_trades == DayTradePolicy.INTRADAY_MARGIN
        and is_buy
        and not (picture.equity >= a.margin_min_equity_usd and _cost(order) <= excess + 1e-9),
        "PREMIUM_AT_RISK": is_buy
        and not _premium(s) <= limits.portfolio.max_premium_usd * factor + 1e-6,
        "CAPITAL_USE": is_buy and not _premium(s) <= capital + 1e-6,
    }


def _together(s: Situation, limits: LimitParams, facts: GateFacts, factor: float) -> dict:
    p, betas = limits.portfolio, limits.correlation.betas
    greeks = {name: _extremes(s, name) for name in ("delta", "gamma", "vega", "theta")}
    bounds = {
        "delta": p.max_delta_usd, "gamma": p.max_gamma_usd, "vega": p.max_vega_usd,
        "theta": p.max_theta_usd,
    }  # fmt: skip
    found = {}
    for name, (before, after) in greeks.items():
        worst, was = max(map(abs, after)), max(map(abs, before))
        unknown = any(map(math.isnan, after))
        found[f"NET_{name.upper()}"] = unknown or (
            worst > bounds[name] * factor + 1e-6 and worst > was + 1e-6
        )
    elsewhere = sum(getattr(betas, name) * usd for name, usd in s.others.items())
    before, after = (
        [getattr(betas, facts.product.underlying) * value + elsewhere for value in values]
        for values in greeks["delta"]
    )
    worst, was = max(map(abs, after)), max(map(abs, before))
    most = limits.correlation.max_beta_delta_usd * factor
    found["BETA_DELTA"] = any(map(math.isnan, after)) or (
        worst > most + 1e-6 and worst > was + 1e-6
    )
    loss, without = (s.worst_loss(0, n, 0.0, 0.0) for n in (s.order.quantity, 0))
    most = p.max_worst_loss_fraction * factor * s.picture.equity
    found["SCENARIO_LOSS"] = not loss <= most + 1e-6 and not loss <= without + 1e-6
    return found


def _extremes(s: Situation, greek: str) -> tuple[list[float], list[float]]:
    """Return the sums of a Greek in dollars for each choice of what of the orders fills.

    First without the order, then with it, which may fill or not as well.
    """
    chain = s.chain
    if chain is None:
        return [math.nan], [math.nan]
    hours = (chain.expiry_ns - chain.ts_event) / (3_600 * S)
    unit = {
        "delta": s.quote.spot / 100,
        "gamma": (s.quote.spot / 100) ** 2,
        "vega": 0.01,
        "theta": chain.years * min(1.0, 1.0 / hours),
    }[greek]
    column = getattr(chain, greek)

    def dollars(contract: Contract, quantity: int) -> float:
        return float(column[contract.row]) * unit * 100 * quantity

    base = sum(dollars(contract, quantity) for contract, quantity, _, _ in s.held)
    orders = [sent for sent, _ in s.working]
    without = [
        base + sum(dollars(o.contract, o.quantity) for o in chosen)
        for count in range(len(orders) + 1)
        for chosen in itertools.combinations(orders, count)
    ]
    own = dollars(s.order.contract, s.order.quantity)
    return without, without + [value + own for value in without]
