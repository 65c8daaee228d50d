"""`python -m bench.livekit.double`: a simulated LiveKit that changes its trunks if told.

Each line on standard input is a wish: `"drift"` changes every trunk, `"mend"` changes them back,
`"lists"` only asks. Each is answered with the number of listings so far.
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
            if wish.what != "lists":
                _drift(livekit, 1 if wish.what == "drift" else -1)
            lists = sum(asked.method in LISTS for asked in livekit.ledger)
            report(Wish(wish.what, lists))


def _drift(livekit: SimulatedLiveKit, by_s: int) -> None:
    for trunk in livekit.sip.inbound.values():
        trunk.ringing_timeout.seconds += by_s


asyncio.run(_main())
