"""`python -m bench.livekit.calling`: create numbers, call each at once, and see who answers."""

import asyncio
import json
import time

import aiohttp

from bench.livekit.process import heard, report
from bench.livekit.tasks import Called, Calls, Ready
from cordboard.simulated.livekit import Call, SimulatedLiveKit, simulated_livekit

AGENT = "agent_bench"
CALLER = "+12125550100"
CREATE = "/api/phone-numbers/create"
ANSWERED_WITHIN_S = 10
READY_WITHIN_S = 60
BACK_WITHIN_S = 120
LOOKS_EVERY_S = 0.01
LATER = 1.25
LOOKS_AT_LEAST_EVERY_S = 1.0
"""Those who wait long ask less often, so that asking is not what they wait for."""


class _Bench:
    """A simulated LiveKit, a server, and what is found."""

    def __init__(
        self, livekit: SimulatedLiveKit, calls: Calls, http: aiohttp.ClientSession
    ) -> None:
        self._livekit, self._calls, self._http = livekit, calls, http
        self._url = f"http://127.0.0.1:{calls.port}"
        self._catch_all = ""
        self._answered = self._by_own_pair = 0
        self._answered_ms: list[float] = []
        self._ready_ms: list[float] = []

    async def run(self) -> Called:
        await self._until_rules(1)
        self._catch_all = next(iter(self._livekit.sip.rules))
        async with asyncio.TaskGroup() as tasks:
            for place in range(self._calls.count):
                tasks.create_task(self._create_and_call(f"+1415{2_000_000 + place}"))
                await asyncio.sleep(self._calls.every_s)
        self._livekit.flush()
        catch_all_s = await self._until_rules(1)
        rebuilt_s = await self._until_rules(1 + self._calls.count) + catch_all_s
        return Called(
            self._answered,
            self._by_own_pair,
            self._answered_ms,
            self._ready_ms,
            catch_all_s,
            rebuilt_s,
        )

    async def _create_and_call(self, number: str) -> None:
        body = {"phone_number": number, "phone_number_type": "custom", "inbound_agent_id": AGENT}
        async with self._http.post(self._url + CREATE, json=body) as answer:
            answer.raise_for_status()
        created_s = time.perf_counter()
        call = await self._livekit.call(to=number, from_=CALLER)
        identity = await call.until_answered(ANSWERED_WITHIN_S)
        self._answered_ms.append((time.perf_counter() - created_s) * 1000)
        self._note(call, identity, number)
        call.hang_up()
        pause_s = LOOKS_EVERY_S
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._is_ready(number):
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * LATER, LOOKS_AT_LEAST_EVERY_S)
        self._ready_ms.append((time.perf_counter() - created_s) * 1000)

    def _note(self, call: Call, identity: str, number: str) -> None:
        """Count a call whose number's agent answered, whichever way it came."""
        job = self._livekit.workers.job_of(identity)
        if job is None or json.loads(job.metadata)["phone_number"] != number:
            return
        if call.rule_id == self._catch_all:
            self._answered += 1
        else:
            self._by_own_pair += 1

    async def _is_ready(self, number: str) -> bool:
        async with self._http.get(f"{self._url}/api/phone-numbers/{number}") as answer:
            return bool((await answer.json())["data"]["livekit_status"] == "ready")

    async def _until_rules(self, count: int) -> float:
        """Wait until there are so many rules; return for how long."""
        began_s = time.perf_counter()
        async with asyncio.timeout(BACK_WITHIN_S):
            while len(self._livekit.sip.rules) < count:  # noqa: ASYNC110 - they are made over HTTP
                await asyncio.sleep(LOOKS_EVERY_S)
        return time.perf_counter() - began_s


async def _main() -> None:
    async with simulated_livekit() as livekit:
        livekit.register_worker(AGENT)
        report(Ready(livekit.url))
        calls = await asyncio.to_thread(heard, Calls)
        if calls is None:
            return
        livekit.webhooks.urls.append(f"http://127.0.0.1:{calls.port}/livekit/events")
        async with aiohttp.ClientSession(headers=calls.headers) as http:
            report(await _Bench(livekit, calls, http).run())


asyncio.run(_main())
