"""`python -m bench.livekit.flushing`: lose everything of a large estate, and watch it come back."""

import asyncio
import itertools
import time

from bench.livekit.process import heard, report
from bench.livekit.tasks import Flush, Flushed, Ready
from cordboard.routing.topology import NOBODY
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit
from cordboard.simulated.livekit.matching import Invite, LookUpError, find_rule, find_trunk

CALLER = "+12125550100"
CARRIER = "127.0.0.1"
BACK_WITHIN_S = 600
CALM_S = 5
"""Until the server has nothing to do and looks at its usual pace."""

LOOKS_EVERY_S = 0.02
LOOKS_AT_ONCE = 10
"""So few that looking does not slow down what is looked at."""


class _Estate:
    """The numbers of a server, and who takes their calls at a simulated LiveKit."""

    def __init__(self, livekit: SimulatedLiveKit, numbers: list[str]) -> None:
        self._livekit, self._numbers = livekit, numbers
        self._turn = itertools.cycle(numbers)
        self._looks = self._silent = 0

    async def run(self) -> Flushed:
        await self._until_rules(1 + len(self._numbers))
        await asyncio.sleep(CALM_S)
        self._livekit.flush()
        began_s = time.perf_counter()
        await self._until_rules(1)
        catch_all_s = time.perf_counter() - began_s
        await self._until_rules(1 + len(self._numbers), looks=True)
        # The last pair stands when its trunk has its number, which comes after its rule.
        while any(self._taker(number) in {None, NOBODY} for number in self._numbers):
            await asyncio.sleep(LOOKS_EVERY_S)
            if time.perf_counter() - began_s > BACK_WITHIN_S:
                break
        rebuilt_s = time.perf_counter() - began_s
        own = sum(self._taker(number) not in {None, NOBODY} for number in self._numbers)
        return Flushed(catch_all_s, rebuilt_s, self._looks, self._silent, own)

    async def _until_rules(self, count: int, *, looks: bool = False) -> None:
        """Wait until there are so many rules."""
        async with asyncio.timeout(BACK_WITHIN_S):
            while len(self._livekit.sip.rules) < count:
                if looks:
                    self._look()
                await asyncio.sleep(LOOKS_EVERY_S)

    def _look(self) -> None:
        for number in itertools.islice(self._turn, LOOKS_AT_ONCE):
            self._looks += 1
            self._silent += self._taker(number) is None

    def _taker(self, number: str) -> str | None:
        """Return the agent that a call to a number sends for; None: the call rings nowhere."""
        invite = Invite(number, CALLER, CARRIER, CARRIER, {})
        try:
            trunk = find_trunk(self._livekit.sip, invite)
            rule = trunk and find_rule(self._livekit.sip, trunk, invite)
        except LookUpError:
            return None
        return rule.room_config.agents[0].agent_name if rule else None


async def _main() -> None:
    async with simulated_livekit() as livekit:
        report(Ready(livekit.url))
        flush = await asyncio.to_thread(heard, Flush)
        if flush is not None:
            report(await _Estate(livekit, flush.numbers).run())


asyncio.run(_main())
