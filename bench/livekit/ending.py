"""`python -m bench.livekit.ending FOLDER EVENTS_URL`: what callers hear where a part is missing."""

import asyncio
import sys
from pathlib import Path

from bench.livekit.process import heard, report
from bench.livekit.tasks import Case, Ladders, Ready
from cordboard.simulated.livekit import Behaviour
from tests.e2e.gateway.driver import GatewayDriver, open_driver
from tests.e2e.processes import HOST

WORKERS = {
    "agent_bench": Behaviour(joins_after_s=0, audio_after_s=0),
    "agent_silent": Behaviour(joins_after_s=0, audio_after_s=None),
    "agent_leaving": Behaviour(joins_after_s=0, audio_after_s=0, leaves_after_s=1),
}
ENDS_WITHIN_S = 30
CALLER = "+12125550100"


async def _call(gateway: GatewayDriver, case: Case) -> list[tuple[float, str]]:
    """Call a number, and return what the caller was told and when, in milliseconds."""
    call = await gateway.call(case.number, CALLER, source=HOST, from_host=HOST)
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await call.until_settled()
            if case.hangs_up:
                call.hang_up()
            await call.until_ended()
    finally:
        await call.stop()
    return call.ladder


async def _main(folder: Path, events_urls: list[str]) -> None:
    async with open_driver(folder, events_urls) as gateway:
        for name, behaviour in WORKERS.items():
            await gateway.register_worker(name, "", behaviour)
        report(Ready(gateway.url))
        while (case := await asyncio.to_thread(heard, Case)) is not None:
            calls = (_call(gateway, case) for _ in range(case.at_once))
            report(Ladders(await asyncio.gather(*calls)))


asyncio.run(_main(Path(sys.argv[1]), sys.argv[2:]))
