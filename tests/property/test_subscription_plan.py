"""What holds of every division of wanted symbols into subscribed, polled and refused."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tiger_nt.subscriptions import QuoteNeed, plan_subscriptions

DISTANCES = st.floats(0, 0.2) | st.just(float("nan"))
NEEDS = st.lists(
    st.builds(QuoteNeed, st.text("ABCDEF", min_size=1), st.integers(0, 50), DISTANCES,
              st.booleans(), st.booleans()),
    max_size=30, unique_by=lambda need: need.symbol,
)  # fmt: skip
QUOTAS = st.integers(0, 35)
MARGINS = st.floats(0, 0.05)
SYMBOLS = st.sets(st.text("ABCDEF", min_size=1), max_size=10)


@given(NEEDS, QUOTAS, SYMBOLS, SYMBOLS, MARGINS, st.booleans())
def test_each_symbol_has_one_place_and_the_quota_is_kept(
    needs, quota, pushed, barred, margin, polling
):
    plan = plan_subscriptions(
        needs, quota, pushed=pushed, barred=barred, margin=margin, polling=polling
    )
    assert sorted(plan.push + plan.poll + plan.refused) == sorted(n.symbol for n in needs)
    assert len(plan.push) <= quota
    assert not set(plan.push) & barred
    assert not (plan.refused if polling else plan.poll)


@given(NEEDS, QUOTAS, SYMBOLS, MARGINS)
def test_no_place_is_left_empty(needs, quota, pushed, margin):
    plan = plan_subscriptions(needs, quota, pushed=pushed, margin=margin)
    assert len(plan.push) == min(quota, len(needs))


@given(NEEDS, QUOTAS, SYMBOLS, MARGINS)
def test_held_and_underlyings_are_pushed_before_all_others(needs, quota, pushed, margin):
    plan = plan_subscriptions(needs, quota, pushed=pushed, margin=margin)
    first = {need.symbol for need in needs if need.is_underlying or need.is_held}
    if len(first) <= quota:
        assert first <= set(plan.push)
    else:
        assert set(plan.push) <= first


@given(NEEDS.flatmap(lambda needs: st.tuples(st.just(needs), st.permutations(needs))), QUOTAS)
def test_the_order_of_the_input_is_of_no_account(pair, quota):
    needs, shuffled = pair
    assert plan_subscriptions(needs, quota) == plan_subscriptions(shuffled, quota)


@given(NEEDS, QUOTAS, SYMBOLS, MARGINS)
def test_planning_again_changes_nothing(needs, quota, pushed, margin):
    first = plan_subscriptions(needs, quota, pushed=pushed, margin=margin)
    again = plan_subscriptions(needs, quota, pushed=first.push, margin=margin)
    assert set(again.push) == set(first.push)


@given(NEEDS, QUOTAS, st.floats(0.0001, 0.05), st.data())
def test_a_move_below_half_the_margin_changes_nothing(needs, quota, margin, data):
    push = plan_subscriptions(needs, quota, margin=margin).push
    moves = st.floats(-0.49 * margin, 0.49 * margin)
    moved = [
        msgspec.structs.replace(need, distance=abs(need.distance + data.draw(moves)))
        for need in needs
    ]
    assert set(plan_subscriptions(moved, quota, pushed=push, margin=margin).push) == set(push)


@given(NEEDS, st.integers(1, 35), MARGINS, st.data())
def test_one_more_wanted_symbol_displaces_at_most_one(needs, quota, margin, data):
    push = set(plan_subscriptions(needs, quota, margin=margin).push)
    one = QuoteNeed("NEW", 99, data.draw(DISTANCES))
    after = set(plan_subscriptions([*needs, one], quota, pushed=push, margin=margin).push)
    assert len(push - after) <= 1
    assert after - push <= {"NEW"}
