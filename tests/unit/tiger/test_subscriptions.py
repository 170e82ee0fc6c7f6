from tiger_nt.subscriptions import QuoteNeed, SubscriptionPlan, plan_subscriptions

SPY = QuoteNeed("SPY", 0, is_underlying=True)
NEAR = QuoteNeed("NEAR", 3, 0.001)
MIDDLE = QuoteNeed("MIDDLE", 2, 0.004)
FAR = QuoteNeed("FAR", 1, 0.03)


def test_everything_is_pushed_while_it_fits():
    assert plan_subscriptions([FAR, MIDDLE, NEAR, SPY], 4) == SubscriptionPlan(
        ("SPY", "NEAR", "MIDDLE", "FAR")
    )


def test_what_does_not_fit_is_polled_nearest_first():
    plan = plan_subscriptions([FAR, MIDDLE, NEAR, SPY], 2)
    assert (plan.push, plan.poll, plan.refused) == (("SPY", "NEAR"), ("MIDDLE", "FAR"), ())


def test_without_polling_the_rest_is_refused():
    plan = plan_subscriptions([FAR, NEAR], 1, polling=False)
    assert (plan.push, plan.poll, plan.refused) == (("NEAR",), (), ("FAR",))


def test_a_held_far_strike_goes_before_a_near_one():
    held = QuoteNeed("HELD", 9, 0.2, is_held=True)
    assert plan_subscriptions([NEAR, held, SPY], 2).push == ("SPY", "HELD")


def test_equal_distance_goes_by_the_order_asked():
    put = QuoteNeed("PUT", 1, 0.001)
    call = QuoteNeed("CALL", 2, 0.001)
    assert plan_subscriptions([call, put], 1).push == ("PUT",)


def test_unknown_distance_comes_last():
    unknown = QuoteNeed("UNKNOWN", 0)
    assert plan_subscriptions([unknown, FAR], 1).push == ("FAR",)


def test_a_subscribed_strike_keeps_its_place_within_the_margin():
    old, new = QuoteNeed("OLD", 1, 0.0020), QuoteNeed("NEW", 2, 0.0015)
    assert plan_subscriptions([old, new], 1, pushed={"OLD"}, margin=0.001).push == ("OLD",)
    assert plan_subscriptions([old, new], 1, pushed={"OLD"}, margin=0.0004).push == ("NEW",)


def test_a_symbol_tiger_refused_is_polled_and_its_place_given_on():
    plan = plan_subscriptions([NEAR, MIDDLE], 1, barred={"NEAR"})
    assert (plan.push, plan.poll) == (("MIDDLE",), ("NEAR",))
