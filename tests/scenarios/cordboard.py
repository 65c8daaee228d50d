"""A Cordboard as a process of its own, used over HTTP while the test's loop goes on."""

import asyncio
import json
import signal
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.scenarios.events import Events
from tests.support.answered import eventually
from tests.support.caller import Answer, Caller
from tests.support.process import Place, Serving
from tests.support.raw_sql import run_sql

CALLS = "/api/calls"
READY = "ready"

Record = dict[str, Any]


class Cordboard:
    """A server with its database and a LiveKit, which may be killed and started again.

    What it was set to at a start stays so at the next, unless that says something else.
    """

    def __init__(self, place: Place, events: Events, pair: dict[str, str] | None = None) -> None:
        """Know where it runs, and the key pair of its first start if that has been."""
        self._place = place
        self._events = events
        self._pair = pair or {}
        self._settings: dict[str, str] = {}
        self._serving: Serving
        self._caller: Caller

    async def start(self, **environment: str) -> None:
        """Start it, pass LiveKit's events on to it, and wait until the catch-all stands."""
        self._settings |= environment
        self._serving = await asyncio.to_thread(self._place.serve, **self._settings)
        self._pair = self._pair or self._serving.first_pair()
        self._caller = self._serving.caller(self._pair)
        self.hear()
        await eventually(self._catch_all)

    @property
    def _events_url(self) -> str:
        return f"http://127.0.0.1:{self._serving.port}/livekit/events"

    def hear(self) -> None:
        """Get LiveKit's events from now on."""
        self._events.targets.append(self._events_url)

    def hear_nothing(self) -> None:
        """Get no event from now on, as a node that LiveKit's events are not led to."""
        if self._events_url in self._events.targets:
            self._events.targets.remove(self._events_url)

    async def _catch_all(self) -> bool | None:
        drift = await self.request("GET", "/api/livekit/drift")
        return True if drift.data["is_catch_all_standing"] else None

    async def restart(self, **environment: str) -> None:
        """Stop it as one should, and start it with other settings."""
        await asyncio.to_thread(self._serving.stop)
        await self.kill()
        await self.start(**environment)

    async def kill(self) -> None:
        """End it without notice."""
        self.hear_nothing()
        self._serving.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(self._serving.end)

    @asynccontextmanager
    async def others(self, count: int, **environment: str) -> AsyncIterator[list["Cordboard"]]:
        """Run so many more like it on the same database for the time of a block.

        Args:
            count: How many.
            environment: In what their settings differ; an empty value is that of the first start.
        """
        settings = {name: value for name, value in (self._settings | environment).items() if value}
        async with AsyncExitStack() as stack:
            more = [Cordboard(self._place, self._events, self._pair) for _ in range(count)]
            for each in more:
                await each.start(**settings)
                stack.push_async_callback(each.kill)
            yield more

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send a request with the first key pair."""
        return await asyncio.to_thread(self._caller.request, method, path, body, headers)

    async def requests_at_once(
        self, method: str, path: str, body: object, count: int
    ) -> list[Answer]:
        """Send a request many times at once, each by a thread and a connection of its own."""
        callers = [self._serving.caller(self._pair) for _ in range(count)]
        together = threading.Barrier(count)

        def ask(caller: Caller) -> Answer:
            together.wait()
            return caller.request(method, path, body)

        with ThreadPoolExecutor(count) as pool:
            loop = asyncio.get_running_loop()
            asked = (loop.run_in_executor(pool, ask, caller) for caller in callers)
            return await asyncio.gather(*asked)

    async def create(self, number: str, **fields: object) -> None:
        """Register a number."""
        await asyncio.to_thread(lambda: self._caller.create(number, **fields))

    async def change(self, number: str, **fields: object) -> None:
        """Change a number."""
        await asyncio.to_thread(lambda: self._caller.patch(number, **fields))

    async def show(self, number: str) -> Record:
        """Return everything about a number."""
        shown: Record = await asyncio.to_thread(self._caller.show, number)
        return shown

    async def delete(self, number: str) -> Record:
        """Delete a number, and return what of it was cleaned up."""
        answer = await asyncio.to_thread(self._caller.delete, number)
        cleanup: Record = answer.data["cleanup_results"]
        return cleanup

    async def create_agent(self, name: str, deployment: str | None = None) -> str:
        """Register an agent whose worker has its name, and return its id."""
        body = {"agent_name": name, "livekit_agent_name": name, "livekit_deployment": deployment}
        answer = await self.request("POST", "/api/agents/create", body)
        agent_id: str = answer.data["agent_id"]
        return agent_id

    async def create_version(self, agent_id: str, deployment: str) -> int:
        """Publish an agent's next version, for another deployment; return its number."""
        await self.request("POST", f"/api/agents/{agent_id}/publish")
        await self.request("PATCH", f"/api/agents/{agent_id}", {"livekit_deployment": deployment})
        answer = await self.request("POST", f"/api/agents/{agent_id}/publish")
        version: int = answer.data["version"]
        return version

    async def until_ready(self, number: str) -> Record:
        """Wait until what stands at LiveKit is what a number asks for now; return the number."""

        async def look() -> Record | None:
            drift = await self.request("GET", "/api/livekit/drift")
            shown = await self.show(number)
            is_ready = shown["livekit_status"] == READY and not drift.data["differences"]
            return shown if is_ready else None

        return await eventually(look)

    async def record(
        self, is_so: Callable[[Record], bool] = lambda _: True, *, from_: str | None = None
    ) -> Record:
        """Return the record of a call, of a certain caller or any, once there is one that is so.

        What is known of a call may come in any order, so its reason may change after its end.
        """
        seen: list[Record] = []

        async def look() -> Record | None:
            listed = (await self.request("GET", f"{CALLS}?limit=100")).data["calls"]
            seen[:] = [
                (await self.request("GET", f"{CALLS}/{call['call_id']}")).data
                for call in listed
                if from_ is None or call["from_number"] == from_
            ]
            return next((record for record in seen if is_so(record)), None)

        try:
            return await eventually(look)
        except TimeoutError as error:
            error.add_note(f"the records are {seen}")
            raise

    async def seem_away(self, for_ms: int) -> None:
        """Let the last sign of any server, while none runs, be so much older."""
        url = self._place.environment()["CORDBOARD_DATABASE_URL"]
        await asyncio.to_thread(run_sql, url, "UPDATE heartbeat SET at_ms = at_ms - $1", for_ms)

    async def not_recorded(self) -> tuple[Record, str]:
        """Return what the log says of a time without a server, and what the doctor does."""

        async def look() -> Record | None:
            return next(iter(self._serving.logged("calls_not_recorded")), None)

        told = await eventually(look)
        examined = await asyncio.to_thread(self._place.run, "doctor", "--json")
        findings = json.loads(examined.out)["findings"]
        (text,) = [it["text"] for it in findings if it["check"] == "call records"]
        return told, text

    async def other_organization(self) -> Caller:
        """Make another organization, and return how it calls."""
        words = ("organization", "create", "Other", "--json")
        ran = await asyncio.to_thread(self._place.run, *words)
        return self._serving.caller(json.loads(ran.out))

    async def unmatched(self, to: str) -> Record:
        """Return the entry of a call to a number for which no agent was found."""

        async def look() -> Record | None:
            answer = await self.request("GET", f"{CALLS}/unmatched")
            found = (call for call in answer.data["calls"] if call["to"] == to)
            return next(found, None)

        return await eventually(look)


def has_ended(*reasons: str) -> Callable[[Record], bool]:
    """Return whether a call is over, for one of these reasons."""
    return lambda record: bool(record["end_timestamp"]) and record["end_reason"] in reasons


def is_answered(record: Record) -> bool:
    """Whether an agent was heard on a call."""
    return bool(record["answered_timestamp"])
