import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from cordboard.runtime.errors import DatabaseUnavailableError
from cordboard.runtime.repeating import Work, repeated


def failures(name: str) -> float:
    return REGISTRY.get_sample_value("cordboard_work_failures_total", {"work": name}) or 0


def failing_twice(error: Exception, done: asyncio.Event) -> Callable[[], Awaitable[None]]:
    turns = 0

    async def run() -> None:
        nonlocal turns
        turns += 1
        if turns <= 2:
            raise error
        done.set()

    return run


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (DatabaseUnavailableError("The database cannot be reached; nothing was done"), "warning"),
        (ZeroDivisionError("by nought"), "error"),
    ],
)
async def test_work_that_fails_is_logged_counted_and_done_again(
    error: Exception, level: str
) -> None:
    name = f"test_{level}"
    done = asyncio.Event()
    with capture_logs() as log:
        async with repeated(Work(name, failing_twice(error, done), 0)):
            await done.wait()
    failed = [line for line in log if line["event"] == "work_failed"]
    assert [(line["work"], line["log_level"]) for line in failed] == [(name, level)]
    assert failures(name) == 2


async def test_a_failure_is_logged_when_it_is_another_one_or_comes_back() -> None:
    away = DatabaseUnavailableError("The database cannot be reached; nothing was done")
    turns = iter([away, away, ZeroDivisionError("by nought"), away, None, away, away])
    done = asyncio.Event()

    async def run() -> None:
        error = next(turns, done)
        if error is done:
            done.set()
        elif isinstance(error, Exception):
            raise error

    with capture_logs() as log:
        async with repeated(Work("test_news", run, 0)):
            await done.wait()
    levels = [line["log_level"] for line in log if line["event"] == "work_failed"]
    assert levels == ["warning", "error", "warning", "warning"]
    assert failures("test_news") == 6


async def test_one_work_that_fails_does_not_hold_up_another() -> None:
    done = asyncio.Event()

    async def fail() -> None:
        raise ZeroDivisionError

    async def succeed() -> None:
        done.set()

    with capture_logs():
        async with repeated(Work("test_failing", fail, 0), Work("test_other", succeed, 0)):
            await done.wait()


async def test_at_the_end_work_under_way_is_cancelled_and_waited_for() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work_for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with repeated(Work("test_endless", work_for_ever, 0)):
        await begun.wait()
    assert ended.is_set()


async def test_what_goes_wrong_in_the_block_comes_out_as_it_is() -> None:
    async def rest() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        async with repeated(Work("test_resting", rest, 0)):
            raise ZeroDivisionError
