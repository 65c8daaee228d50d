"""Calls between a simulated LiveKit, which runs in a thread of its own, and server processes."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from cordboard.simulated.livekit import Call, EndReason, SimulatedLiveKit, Worker, simulated_livekit
from tests.support.process import SECRET_KEY, Place, Serving

T = TypeVar("T")

FROM = "+12125550100"
CARRIER = "192.0.2.10"
PATIENCE_S = 60
EVENTS = "/livekit/events"


class Exchange:
    """A simulated LiveKit, and the environment of the servers that answer its calls."""

    def __init__(self, lk: SimulatedLiveKit, loop: asyncio.AbstractEventLoop) -> None:
        self.lk = lk
        self._loop = loop

    def run(self, fn: Callable[[], Awaitable[T]]) -> T:
        """Run something where the simulated LiveKit runs, and wait for its result."""

        async def started_there() -> T:
            return await fn()

        future = asyncio.run_coroutine_threadsafe(started_there(), self._loop)
        return future.result(PATIENCE_S)

    def place(self, folder: Path, database_url: str) -> Place:
        """Return where servers run that answer this LiveKit's calls."""
        return Place(
            folder,
            CORDBOARD_DATABASE_URL=database_url,
            CORDBOARD_SECRET_KEY=SECRET_KEY,
            CORDBOARD_LIVEKIT_URL=self.lk.url,
            CORDBOARD_LIVEKIT_API_KEY=self.lk.api_key,
            CORDBOARD_LIVEKIT_API_SECRET=self.lk.api_secret,
            CORDBOARD_LIVEKIT_TOPOLOGY="shared",
            CORDBOARD_SIP_SOURCE_CIDRS="192.0.2.0/24",
        )

    def send_events_to(self, *servers: Serving) -> None:
        """Send events to these servers, each event to all of them, and to nobody else."""
        self.lk.webhooks.urls[:] = [f"http://127.0.0.1:{each.port}{EVENTS}" for each in servers]

    def register_worker(self, agent_name: str) -> Worker:
        """Let a worker take the jobs of a name."""

        async def register() -> Worker:
            return self.lk.register_worker(agent_name)

        return self.run(register)

    def calls(self, to: str, count: int = 1) -> list[Call]:
        """Call a number so many times, all at once, from a carrier's address."""

        async def place() -> list[Call]:
            return [await self.lk.call(to, FROM, source=CARRIER) for _ in range(count)]

        return self.run(place)

    def until_answered(self, calls: list[Call]) -> None:
        """Wait until every caller hears an agent."""

        async def wait() -> None:
            await asyncio.gather(*(call.until_answered(PATIENCE_S) for call in calls))

        self.run(wait)

    def until_settled(self, calls: list[Call]) -> None:
        """Wait until every caller has a final response."""

        async def wait() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*(call.until_settled() for call in calls))

        self.run(wait)

    def hang_up(self, calls: list[Call]) -> None:
        """Let every caller say goodbye, and wait until it is over."""

        async def wait() -> None:
            for call in calls:
                call.hang_up()
            await asyncio.gather(*(call.until_ended(PATIENCE_S) for call in calls))

        self.run(wait)

    @property
    def has_catch_all(self) -> bool:
        """Whether a trunk takes every number, and a rule its calls."""
        trunks, rules = list(self.lk.sip.inbound.values()), list(self.lk.sip.rules.values())
        return any(
            not trunk.numbers and trunk.sip_trunk_id in rule.trunk_ids
            for trunk in trunks
            for rule in rules
        )

    def sent(self, method: str) -> int:
        """Return how often LiveKit was asked for something."""
        return sum(asked.method == method for asked in list(self.lk.ledger))


def is_answered_or_ended(call: Call) -> bool:
    """Whether a caller who is still on the line got an agent or a final refusal."""
    if call.answered_by is not None:
        return call.messages[:4] == ["INVITE", "100", "180", "200"]
    return call.ended is not None and call.ended.reason is EndReason.ROOM_CLOSED


@contextmanager
def exchange() -> Iterator[Exchange]:
    """Run a simulated LiveKit in a thread of its own for the time of a block."""
    started = threading.Event()
    stops: list[Callable[[], object]] = []
    found: list[Exchange] = []

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with simulated_livekit() as lk:
            found.append(Exchange(lk, loop))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="simulated-livekit")
    thread.start()
    started.wait()
    try:
        yield found[0]
    finally:
        stops[0]()
        thread.join()
