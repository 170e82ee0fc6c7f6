import math
import threading

from patience import PATIENCE_S

from tiger_nt.inbox import Inbox
from tiger_nt.views import AssetsView, PositionView, QuoteView, TickView


def quote(symbol: str, bid: float) -> QuoteView:
    return QuoteView(symbol, bid, bid + 0.1, 1, 1, 0, 0)


def tick(sn: int) -> TickView:
    return TickView("SPY", 1.0, 1, sn, 0, 0)


def position(quantity: int) -> PositionView:
    return PositionView(symbol="SPY", sec_type="STK", quantity=quantity, average_cost=math.nan)


def ignore() -> None:
    pass


def test_all_account_news_comes_in_the_first_batch_however_many_quotes_came_before() -> None:
    inbox = Inbox(ignore)
    for i in range(500):
        inbox.put_quote(quote("SPY", i))
    inbox.put_account(position(1))
    inbox.put_account(position(2))
    batch = inbox.take(10)
    assert batch.account == [position(1), position(2)]
    assert [view.bid for view in batch.quotes] == list(range(10))
    assert batch.more


def test_quotes_stay_whole_and_in_order_while_no_more_wait_than_may() -> None:
    inbox = Inbox(ignore, lag=4)
    given = [quote("SPY", i) for i in range(4)]
    for view in given:
        inbox.put_quote(view)
    assert inbox.take(10).quotes == given
    assert inbox.conflated == 0


def test_lagging_consumer_gets_each_symbols_newest_in_order_of_arrival() -> None:
    inbox = Inbox(ignore, lag=4)
    for symbol, bid in [("SPY", 1), ("QQQ", 1), ("SPY", 2), ("IWM", 1), ("QQQ", 2)]:
        inbox.put_quote(quote(symbol, bid))
    assert inbox.take(10).quotes == [quote("SPY", 2), quote("IWM", 1), quote("QQQ", 2)]
    assert inbox.conflated == 2


def test_ticks_and_account_news_are_never_conflated() -> None:
    inbox = Inbox(ignore, lag=1)
    for i in range(50):
        inbox.put_ticks([tick(i)])
        inbox.put_account(position(i))
    batch = inbox.take(100)
    assert [view.sn for view in batch.ticks] == list(range(50))
    assert batch.account == [position(i) for i in range(50)]


def test_more_symbols_than_may_wait_are_all_kept_once() -> None:
    inbox = Inbox(ignore, lag=2)
    for bid in range(20):
        for symbol in "ABCDEFG":
            inbox.put_quote(quote(symbol, bid))
    views = inbox.take(100).quotes
    assert {view.symbol for view in views} == set("ABCDEFG")
    assert {view.symbol: view.bid for view in views} == dict.fromkeys("ABCDEFG", 19)
    assert len(views) <= 2 * 7


def test_lag_counts_from_the_symbols_there_are_and_anew_once_caught_up() -> None:
    inbox = Inbox(ignore, lag=2)
    for bid in (1, 2):
        for symbol in "ABCDEFG":
            inbox.put_quote(quote(symbol, bid))
    assert (len(inbox), inbox.conflated) == (14, 0)
    inbox.take(20)
    for bid in (3, 4, 5):
        inbox.put_quote(quote("A", bid))
    assert inbox.take(20).quotes == [quote("A", 5)]


def test_consumer_is_woken_once_until_it_has_taken_everything() -> None:
    wakes = []
    inbox = Inbox(lambda: wakes.append(1))
    for i in range(5):
        inbox.put_quote(quote("SPY", i))
        inbox.put_ticks([tick(i)])
    assert len(wakes) == 1
    while inbox.take(2).more:
        inbox.put_account(position(1))
    assert len(wakes) == 1
    inbox.put_account(position(1))
    assert len(wakes) == 2


def test_other_views_of_the_account_pass_too() -> None:
    inbox = Inbox(ignore)
    assets = AssetsView(
        net_liquidation=1.0,
        cash=1.0,
        cash_available=1.0,
        buying_power=1.0,
        init_margin=0.0,
        maintenance_margin=0.0,
    )
    inbox.put_account(assets)
    assert len(inbox) == 1
    assert inbox.take(1).account == [assets]


def test_nothing_is_lost_or_left_behind_between_two_threads() -> None:
    count = 20_000
    woken = threading.Event()
    inbox = Inbox(woken.set, lag=2 * count)

    def produce() -> None:
        for i in range(count):
            inbox.put_quote(quote("SPY", i))
            if i % 10 == 0:
                inbox.put_account(position(i))

    producer = threading.Thread(target=produce)
    producer.start()
    bids: list[float] = []
    positions: list[float] = []
    while len(bids) < count or len(positions) < count // 10:
        assert woken.wait(PATIENCE_S), "the producer has put something without waking the consumer"
        woken.clear()
        more = True
        while more:
            batch = inbox.take(64)
            bids += [view.bid for view in batch.quotes]
            positions += [view.quantity for view in batch.account]  # type: ignore[union-attr]
            more = batch.more
    producer.join()
    assert bids == list(range(count))
    assert positions == list(range(0, count, 10))
