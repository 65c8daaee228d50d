"""`python -m bench.livekit.ringing`: the events of many calls, and when their agents are sent for.

This is no simulated LiveKit but as little of one as a server needs to follow calls, so that one
core can send and answer for hundreds of calls a second. Every event of a call that a worker
answers is sent, signed, one after the other: 7 for each call.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping

import uvloop
from google.protobuf.message import Message
from livekit import api

from bench.livekit.http import Answerer, Posting
from bench.livekit.process import heard, report
from bench.livekit.tasks import Ready, Ringing, Rung
from cordboard.simulated.livekit.server import KEY, SECRET
from cordboard.simulated.livekit.sip import SIPStore

PATH = "/livekit/events"
CONNECTIONS = 64
AGENT_AFTER_S = 0.05
LASTS_S = 0.6
WARM_UP_CALLS = 100
CATCH_ALL_WITHIN_S = 30
SETTLES_S = 1.0


class _LiveKit:
    """What a server asks for: trunks, rules and dispatches; nobody is ever seen in a room."""

    def __init__(self) -> None:
        self.sip = SIPStore()
        self.dispatched: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.dispatched_at: dict[str, float] = {}
        self.dispatches: Counter[str] = Counter()
        self._ids = itertools.count()
        self._made: dict[str, api.AgentDispatch] = {}

    async def answer(self, path: str, body: bytes) -> bytes:
        """Answer a Twirp request."""
        method = path.rpartition("/")[2]
        now = time.perf_counter()
        if method == "CreateDispatch":
            answer: Message = self._dispatch(api.CreateAgentDispatchRequest.FromString(body), now)
        elif method == "ListDispatch":
            room = api.ListAgentDispatchRequest.FromString(body).room
            made = [self._made[room]] if room in self._made else []
            answer = api.ListAgentDispatchResponse(agent_dispatches=made)
        elif method == "ListSIPInboundTrunk":
            wanted = api.ListSIPInboundTrunkRequest.FromString(body)
            answer = await self.sip.list_inbound_trunk(wanted)
        elif method == "ListSIPDispatchRule":
            rules = api.ListSIPDispatchRuleRequest.FromString(body)
            answer = await self.sip.list_dispatch_rule(rules)
        elif method == "CreateSIPInboundTrunk":
            trunk = api.CreateSIPInboundTrunkRequest.FromString(body)
            answer = await self.sip.create_inbound_trunk(trunk)
        elif method == "UpdateSIPInboundTrunk":
            change = api.UpdateSIPInboundTrunkRequest.FromString(body)
            answer = await self.sip.update_inbound_trunk(change)
        elif method == "CreateSIPDispatchRule":
            rule = api.CreateSIPDispatchRuleRequest.FromString(body)
            answer = await self.sip.create_dispatch_rule(rule)
        else:
            return b""
        return answer.SerializeToString()

    def _dispatch(self, asked: api.CreateAgentDispatchRequest, now: float) -> api.AgentDispatch:
        self.dispatches[asked.room] += 1
        self.dispatched_at.setdefault(asked.room, now)
        made = api.AgentDispatch(
            id=f"AD_{next(self._ids):08}",
            room=asked.room,
            agent_name=asked.agent_name,
            metadata=asked.metadata,
        )
        self._made[asked.room] = made
        self.dispatched[asked.room].set()
        return made


def _event(name: str, room: str, who: dict[str, object] | None = None) -> tuple[bytes, bytes]:
    """Return an event's body, as large as a real one, and the token that signs it."""
    now = int(time.time())
    sid = f"RM_{room}"
    codecs = [{"mime": f"audio/{codec}"} for codec in ("opus", "red", "PCMU", "PCMA")]
    body = {
        "event": name,
        "id": f"EV_{room}_{name}_{(who or {}).get('sid', '')}",
        "createdAt": str(now),
        "room": {
            "sid": sid,
            "name": room,
            "emptyTimeout": 300,
            "creationTime": str(now),
            "creationTimeMs": str(now * 1000),
            "turnPassword": "x" * 44,
            "enabledCodecs": codecs,
        },
    }
    if who is not None:
        body["participant"] = {"joinedAt": str(now), "joinedAtMs": str(now * 1000), **who}
    if name == "track_published":
        body["track"] = {"sid": "TR_bench", "type": "AUDIO", "source": "MICROPHONE"}
    raw = json.dumps(body).encode()
    return raw, _token(raw, now)


def _token(raw: bytes, now: int) -> bytes:
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    claims = {"iss": KEY, "nbf": now, "iat": now, "exp": now + 300, "sha256": digest}
    signed = b".".join(_base64(each) for each in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.digest(SECRET.encode(), signed, "sha256")
    return signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")


def _base64(part: Mapping[str, object]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


class _Call:
    """The events of one call, made before the clock starts."""

    def __init__(self, place: str, number: str, rule_id: str) -> None:
        self.room = f"call_+12125550100_{place}"
        attributes = {
            "sip.callID": f"SCL_{place}",
            "sip.callIDFull": f"{place}@192.0.2.10",
            "sip.callStatus": "ringing",
            "sip.hostname": "192.0.2.10",
            "sip.phoneNumber": "+12125550100",
            "sip.ruleID": rule_id,
            "sip.trunkID": "ST_bench",
            "sip.trunkPhoneNumber": number,
        }
        caller: dict[str, object] = {
            "sid": f"PA_sip_{place}",
            "identity": "sip_+12125550100",
            "state": "ACTIVE",
            "kind": "SIP",
            "attributes": attributes,
        }
        agent: dict[str, object] = {"sid": f"PA_agent_{place}", "identity": "a", "kind": "AGENT"}
        self.begins = [
            _event("room_started", self.room),
            _event("participant_joined", self.room, caller),
        ]
        self.rings = [_event("track_published", self.room, caller)]
        self.answers = [
            _event("participant_joined", self.room, agent),
            _event("track_published", self.room, agent),
        ]
        left = {**caller, "disconnectReason": "CLIENT_INITIATED"}
        self.ends = [
            _event("participant_left", self.room, left),
            _event("room_finished", self.room),
        ]


class _Ringing:
    def __init__(self, livekit: _LiveKit, task: Ringing) -> None:
        self._livekit, self._task = livekit, task
        self._posting = Posting(task.port, PATH, CONNECTIONS)
        self._began: dict[str, float] = {}
        self.behind_s = 0.0

    async def run(self) -> Rung:
        rule_id = await self._catch_all()
        await self._posting.open()
        numbers = itertools.cycle(self._task.numbers)
        await self._send("w", numbers, rule_id, WARM_UP_CALLS)
        self._began.clear()
        cpu, began = time.process_time(), time.perf_counter()
        await self._send("c", numbers, rule_id, self._task.calls)
        own_cpu = (time.process_time() - cpu) / (time.perf_counter() - began)
        await asyncio.sleep(SETTLES_S)
        return self._report(own_cpu)

    def _report(self, own_cpu: float) -> Rung:
        at, dispatches = self._livekit.dispatched_at, self._livekit.dispatches
        took = [(at[room] - began) * 1000 for room, began in self._began.items() if room in at]
        failed = sum(dispatches[room] != 1 for room in self._began)
        return Rung(took, failed, own_cpu, self.behind_s * 1000)

    async def _catch_all(self) -> str:
        async with asyncio.timeout(CATCH_ALL_WITHIN_S):
            while not self._livekit.sip.rules:  # noqa: ASYNC110 - another process has them made
                await asyncio.sleep(0.05)
        return str(next(iter(self._livekit.sip.rules)))

    async def _send(
        self, kind: str, numbers: "itertools.cycle[str]", rule_id: str, count: int
    ) -> None:
        calls = [_Call(f"{kind}{place:06}", next(numbers), rule_id) for place in range(count)]
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for place, call in enumerate(calls):
                due = began + place / self._task.per_second
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                self.behind_s = max(self.behind_s, time.perf_counter() - due)
                tasks.create_task(self._follow(call))

    async def _follow(self, call: _Call) -> None:
        started, joined = call.begins
        await self._posting.post(*started)
        self._began[call.room] = time.perf_counter()
        await self._posting.post(*joined)
        for event in call.rings:
            await self._posting.post(*event)
        async with asyncio.timeout(30):
            await self._livekit.dispatched[call.room].wait()
        await asyncio.sleep(AGENT_AFTER_S)
        for event in call.answers:
            await self._posting.post(*event)
        await asyncio.sleep(LASTS_S)
        for event in call.ends:
            await self._posting.post(*event)


async def _main() -> None:
    livekit = _LiveKit()
    server = await asyncio.get_running_loop().create_server(
        lambda: Answerer(livekit.answer), "127.0.0.1", 0
    )
    report(Ready(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    task = await asyncio.to_thread(heard, Ringing)
    if task is not None:
        report(await _Ringing(livekit, task).run())
    server.close()


uvloop.run(_main())
