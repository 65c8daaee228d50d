"""A rising count of calls that livekit-sip drops is an alarm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from cordboard.routing.sip_metrics import DroppedCallsWatch, SIPMetricsError, read_dropped_calls
from tests.support.served import served

LINE = 'livekit_sip_calls_terminated{dir="in",node_id="NS_1",reason="flood",to="a"}'


class Gateway:
    """The metrics of a livekit-sip, over HTTP.

    Attributes:
        dropped: What its counter shows.
        status: What it answers with.
        silence: Whether it answers nothing before ``end``.
    """

    def __init__(self) -> None:
        self.url = ""
        self.dropped = 0
        self.status = 200
        self.silence = False
        self.end = asyncio.Event()

    async def answer(self, _: web.Request) -> web.Response:
        if self.silence:
            await self.end.wait()
        return web.Response(text=f"{LINE} {self.dropped}\n", status=self.status)


async def gateways(count: int) -> AsyncIterator[list[Gateway]]:
    made = []
    async with AsyncExitStack() as stack:
        for _ in range(count):
            gateway, app = Gateway(), web.Application()
            app.router.add_get("/metrics", gateway.answer)
            gateway.url = f"{await stack.enter_async_context(served(app, 0))}/metrics"
            stack.callback(gateway.end.set)
            made.append(gateway)
        yield made


@pytest.fixture
async def two() -> AsyncIterator[list[Gateway]]:
    async for made in gateways(2):
        yield made


def counted() -> float:
    return REGISTRY.get_sample_value("cordboard_sip_calls_dropped_total") or 0


async def alarms(watch: DroppedCallsWatch) -> list[tuple[str, int, int]]:
    with capture_logs() as logged:
        await watch.look()
    return [
        (line["url"], line["dropped"], line["since_its_start"])
        for line in logged
        if line["event"] == "sip_calls_dropped"
    ]


async def test_a_rise_is_told_and_counted_and_what_was_before_is_not(two: list[Gateway]) -> None:
    first, second = two
    first.dropped, second.dropped = 7, 1
    watch = DroppedCallsWatch((first.url, second.url))
    before = counted()
    assert await alarms(watch) == []
    assert await alarms(watch) == []
    second.dropped = 4
    assert await alarms(watch) == [(second.url, 3, 4)]
    assert await alarms(watch) == []
    assert counted() - before == 3


async def test_a_gateway_that_was_restarted_counts_from_0(two: list[Gateway]) -> None:
    gateway = two[0]
    gateway.dropped = 100
    watch = DroppedCallsWatch((gateway.url,))
    assert await alarms(watch) == []
    gateway.dropped = 2
    assert await alarms(watch) == [(gateway.url, 2, 2)]


async def test_one_that_cannot_be_read_does_not_hide_another(two: list[Gateway]) -> None:
    first, second = two
    watch = DroppedCallsWatch((first.url, second.url))
    assert await alarms(watch) == []
    first.status, second.dropped = 500, 5
    with capture_logs() as logged, pytest.raises(SIPMetricsError, match="500"):
        await watch.look()
    assert [line["dropped"] for line in logged] == [5]


async def test_one_that_does_not_answer_is_given_up(two: list[Gateway]) -> None:
    two[0].silence = True
    with pytest.raises(SIPMetricsError, match="no metrics within 3 s"):
        await read_dropped_calls(two[0].url)


async def test_nobody_listening_is_told() -> None:
    with pytest.raises(SIPMetricsError, match="gives no metrics"):
        await read_dropped_calls("http://127.0.0.1:1/metrics")


def test_without_urls_there_is_no_work() -> None:
    assert DroppedCallsWatch(()).works == []
