import asyncio

import pytest

from tiger_nt.errors import TigerDeniedError, TigerLimitError, TigerRequestError
from tiger_nt.polling import Poller, PollPace


class Log:
    def __init__(self):
        self.lines = []

    def warning(self, text):
        self.lines.append(("warning", text))

    def info(self, text):
        self.lines.append(("info", text))


class Asked:
    """Answers with the symbols asked for, or raises the next of `errors`."""

    def __init__(self, *errors):
        self.batches = []
        self.errors = list(errors)

    async def __call__(self, symbols):
        self.batches.append(symbols)
        if self.errors and (error := self.errors.pop(0)):
            raise error
        return symbols


async def poll(asked, symbols, calls, batch=2, log=None):
    got = []
    poller = Poller(asked, got.extend, batch, PollPace(0.0, 0.0), "quotes", log or Log())
    task = asyncio.create_task(poller.run())
    await asyncio.sleep(0)
    assert asked.batches == []
    poller.set_symbols(symbols)
    while len(asked.batches) < calls and not task.done():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled():
        raise task.exception()
    return got


def test_symbols_take_turns_in_batches():
    asked = Asked()
    asyncio.run(poll(asked, ["A", "B", "C"], 4))
    assert asked.batches[:4] == [["A", "B"], ["C", "A"], ["B", "C"], ["A", "B"]]


def test_a_batch_never_holds_a_symbol_twice():
    asked = Asked()
    asyncio.run(poll(asked, ["A"], 2, batch=30))
    assert asked.batches[:2] == [["A"], ["A"]]


def test_failures_are_told_once_until_they_have_passed():
    log = Log()
    asked = Asked(TigerRequestError("timeout"), TigerLimitError("m", 0.0, "120 a minute"), None)
    got = asyncio.run(poll(asked, ["A"], 4, log=log))
    assert [level for level, _ in log.lines] == ["warning", "info"]
    assert "timeout" in log.lines[0][1]
    assert got


def test_refusal_that_asking_again_does_not_cure_is_raised():
    asked = Asked(TigerDeniedError("option_brief", 4, "permission denied"))
    with pytest.raises(TigerDeniedError, match="permission denied"):
        asyncio.run(poll(asked, ["A"], 5))


def test_error_of_the_receiver_is_raised():
    async def scenario():
        def broken(views):
            raise ZeroDivisionError

        poller = Poller(Asked(), broken, 2, PollPace(0.0, 0.0), "quotes", Log())
        poller.set_symbols(["A"])
        await poller.run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scenario())


def test_pace_doubles_with_each_refusal_up_to_its_cap_and_recovers():
    pace = PollPace(1.0, 6.0)
    assert [pace.refused() for _ in range(4)] == [2.0, 4.0, 6.0, 6.0]
    waits = [pace.answered() for _ in range(30)]
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] == 1.0


def test_pace_waits_as_long_as_tiger_asks():
    assert PollPace(1.0, 6.0).refused(40.0) == 40.0


def test_after_a_limit_nothing_is_asked_before_tigers_time():
    async def scenario():
        asked = Asked(TigerLimitError("option_brief", 30.0, "120 a minute"))
        poller = Poller(asked, lambda views: None, 2, PollPace(0.0, 0.0), "quotes", Log())
        poller.set_symbols(["A"])
        task = asyncio.create_task(poller.run())
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        return asked.batches

    assert asyncio.run(scenario()) == [["A"]]
