"""`python -m bench.livekit.dying`: callers of a server that dies, or that hears of no event.

For each round it is told with which fault calls begin. Where the server is to die, no request for
an agent gets through, and it says when all have been asked for; once it hears that the server is
dead, they get through again.
"""

import asyncio
from contextlib import suppress

from bench.livekit.process import heard, report
from bench.livekit.tasks import Held, Ready, Rescue, Rescued
from cordboard.simulated.livekit import Call, Moment, SimulatedLiveKit, simulated_livekit
from cordboard.simulated.livekit.errors import TwirpError

AGENT = "agent_bench"
CALLER = "+12125550100"
SETTLED_WITHIN_S = 60
LOOKS_EVERY_S = 0.01


class _Rounds:
    """A simulated LiveKit whose requests for agents may be lost with their sender."""

    def __init__(self, livekit: SimulatedLiveKit) -> None:
        self._livekit = livekit
        self._lost = 0
        self._is_losing = False
        livekit.on_request = self._lose

    def _lose(self, method: str, moment: Moment) -> None:
        if self._is_losing and (method, moment) == ("CreateDispatch", Moment.BEFORE_EFFECT):
            self._lost += 1
            raise TwirpError("unavailable", "the request was lost with its sender")

    async def play(self, rescue: Rescue) -> Rescued:
        """Let calls meet a fault, and return how long each rang."""
        url = f"http://127.0.0.1:{rescue.port}/livekit/events"
        self._livekit.webhooks.urls[:] = [] if rescue.is_deaf else [url]
        self._lost, self._is_losing = 0, not rescue.is_deaf
        calls = [await self._livekit.call(number, CALLER) for number in rescue.numbers]
        if not rescue.is_deaf:
            await self._until_all_are_asked_for(len(calls))
            report(Held())
            await asyncio.to_thread(heard, Held)
            self._is_losing = False
        await asyncio.wait([asyncio.create_task(_settled(call)) for call in calls])
        rang_s = [at for at in map(_rang_s, calls) if at is not None]
        for call in calls:
            call.hang_up()
        await asyncio.gather(*(call.until_ended(SETTLED_WITHIN_S) for call in calls))
        return Rescued(rang_s, sum(call.answered_by is not None for call in calls))

    async def _until_all_are_asked_for(self, count: int) -> None:
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while self._lost < count:  # noqa: ASYNC110 - the server asks over HTTP
                await asyncio.sleep(LOOKS_EVERY_S)


async def _settled(call: Call) -> None:
    """Wait until a caller hears an agent or a refusal, for as long as anybody would."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_WITHIN_S):
            await call.until_settled()


def _rang_s(call: Call) -> float | None:
    """Return how long a call rang, from the INVITE to the agent's voice or the refusal."""
    ends = (at_ms / 1000 for at_ms, said in call.ladder if said in {"200", "486"})
    return next(ends, None)


async def _main() -> None:
    async with simulated_livekit() as livekit:
        livekit.register_worker(AGENT)
        report(Ready(livekit.url))
        rounds = _Rounds(livekit)
        while (rescue := await asyncio.to_thread(heard, Rescue)) is not None:
            report(await rounds.play(rescue))


asyncio.run(_main())
