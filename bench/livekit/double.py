"""`python -m bench.livekit.double`: a simulated LiveKit that loses or changes its rules if told.

Each line on standard input is a wish: `"drift"` changes every trunk that carries a tag, `"flush"`
loses everything, `"lists"` only asks. Each is answered with the number of listings so far.
"""

import asyncio

from bench.livekit.process import heard, report
from bench.livekit.tasks import Ready, Wish
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit

LISTS = ("ListSIPInboundTrunk", "ListSIPDispatchRule")


async def _main() -> None:
    async with simulated_livekit() as livekit:
        report(Ready(livekit.url))
        while (wish := await asyncio.to_thread(heard, Wish)) is not None:
            if wish.what == "drift":
                _drift(livekit)
            elif wish.what == "flush":
                livekit.flush()
            lists = sum(asked.method in LISTS for asked in livekit.ledger)
            report(Wish(wish.what, lists))


def _drift(livekit: SimulatedLiveKit) -> None:
    for trunk in livekit.sip.inbound.values():
        trunk.ringing_timeout.seconds += 1


asyncio.run(_main())
