"""`python -m bench.livekit.inviting FOLDER [EVENTS_URL]`: INVITEs at the real livekit-server.

The SIP side is the gateway of `tests/e2e/gateway`: it asks the server over Redis which trunk and
rule take a call, joins the room, and counts as answered when it hears the agent. A number is
there that needs no Cordboard: a trunk of its own, and a rule that names the worker.
"""

import asyncio
import sys
from pathlib import Path

import redis.asyncio as redis
from livekit import api

from bench.livekit.process import heard, report
from bench.livekit.tasks import Invited, InvitedAll, Invites, Ready
from cordboard.simulated.livekit import Behaviour
from tests.e2e.gateway.driver import GatewayDriver, open_driver
from tests.e2e.livekit_server import KEY, SECRET
from tests.e2e.processes import HOST
from tests.e2e.tone_worker import ToneWorker

AGENT = "agent_bench"
PLAIN, CALLER = "+14155550199", "+12125550100"
ANSWERED_WITHIN_S = 15
AT_ONCE = 1_000
_LOCAL = "127.0.0.1/32"


class _Bench:
    """A livekit-server with a worker, and who calls there."""

    def __init__(self, gateway: GatewayDriver, worker: ToneWorker) -> None:
        self._gateway, self._worker = gateway, worker
        self._pairs = 0

    async def make_plain_number(self) -> None:
        """Make a number as one would without Cordboard."""
        async with api.LiveKitAPI(self._gateway.url, KEY, SECRET) as client:
            trunk = api.SIPInboundTrunkInfo(numbers=[PLAIN], allowed_addresses=[_LOCAL])
            made = await client.sip.create_inbound_trunk(
                api.CreateSIPInboundTrunkRequest(trunk=trunk)
            )
            rule = _rule(made.sip_trunk_id, AGENT)
            await client.sip.create_dispatch_rule(
                api.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
            )
        self._pairs = 1

    async def invite(self, invites: Invites) -> InvitedAll:
        """Call the numbers in turns."""
        await self._fill(invites.pairs)
        took: dict[str, list[float]] = {number: [] for number in invites.numbers}
        for turn in range(invites.calls + 1):
            for number in invites.numbers:
                answered_ms = await self._call(number)
                if turn and answered_ms is not None:
                    took[number].append(answered_ms)
        return InvitedAll([Invited(each, invites.calls - len(each)) for each in took.values()])

    async def _call(self, number: str) -> float | None:
        """Return how long a call took to its answer; None when nobody answered, or not alone."""
        jobs = len(self._worker.jobs)
        call = await self._gateway.call(number, CALLER, source=HOST, from_host=HOST)
        try:
            await call.until_answered(ANSWERED_WITHIN_S)
        except TimeoutError:
            return None
        finally:
            await call.stop()
        answered_ms = next(at_ms for at_ms, message in call.ladder if message == "200")
        return answered_ms if len(self._worker.jobs) == jobs + 1 else None

    async def _fill(self, pairs: int) -> None:
        """Write dedicated numbers straight into Redis, as the server keeps them there."""
        client = redis.Redis(host=HOST, port=self._gateway.server.redis_port)
        for begin in range(self._pairs, pairs, AT_ONCE):
            places = range(begin, min(begin + AT_ONCE, pairs))
            await client.hset(
                "sip_inbound_trunk", mapping={_trunk_id(n): _trunk(n) for n in places}
            )
            await client.hset(
                "sip_dispatch_rule", mapping={_rule_id(n): _pair_rule(n) for n in places}
            )
        self._pairs = max(self._pairs, pairs)
        await client.aclose()


def _trunk_id(place: int) -> str:
    return f"ST_bench{place:07}"


def _rule_id(place: int) -> str:
    return f"SDR_bench{place:07}"


def _trunk(place: int) -> bytes:
    trunk = api.SIPInboundTrunkInfo(
        sip_trunk_id=_trunk_id(place),
        name=f"Number {place}",
        numbers=[f"+1212{2_000_000 + place}"],
        allowed_addresses=[_LOCAL],
    )
    return trunk.SerializeToString()


def _pair_rule(place: int) -> bytes:
    rule = _rule(_trunk_id(place), "agent_other")
    rule.sip_dispatch_rule_id = _rule_id(place)
    return rule.SerializeToString()


def _rule(trunk_id: str, agent: str) -> api.SIPDispatchRuleInfo:
    return api.SIPDispatchRuleInfo(
        trunk_ids=[trunk_id],
        rule=api.SIPDispatchRule(
            dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix="call")
        ),
        room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=agent)]),
    )


async def _main(folder: Path, events_urls: list[str]) -> None:
    async with open_driver(folder, events_urls) as gateway:
        tone = Behaviour(joins_after_s=0, audio_after_s=0)
        worker = await gateway.register_worker(AGENT, "", tone)
        bench = _Bench(gateway, worker)
        await bench.make_plain_number()
        report(Ready(gateway.url))
        while (invites := await asyncio.to_thread(heard, Invites)) is not None:
            report(await bench.invite(invites))


asyncio.run(_main(Path(sys.argv[1]), sys.argv[2:]))
