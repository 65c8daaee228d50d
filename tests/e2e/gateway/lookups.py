"""Ask the real livekit-server, as livekit-sip would, which trunk and rule take a call."""

import uuid

import msgspec
from google.protobuf.duration_pb2 import Duration
from livekit import api

from tests.e2e.gateway import wire
from tests.e2e.gateway.bus import Bus

SERVICE = "IOInfo"
ACCEPT = 1
LOCAL = "127.0.0.1"


class Invite(msgspec.Struct, frozen=True):
    """A call as it comes in: called number, caller, the address it is from, and what it says."""

    to: str
    from_: str = "+15550009999"
    source: str = LOCAL
    from_host: str = LOCAL


class Routed(msgspec.Struct, frozen=True):
    """What the server says about a call.

    Attributes:
        trunk_id: The trunk that took it, or nothing.
        is_accepted: Whether a rule took it; a caller whose call is dropped hears ringing for ever.
        attributes: What livekit-sip's participant is to carry.
        config: The room's configuration, which says what agents are dispatched.
    """

    trunk_id: str
    rule_id: str
    is_accepted: bool
    room: str
    identity: str
    name: str
    metadata: str
    attributes: dict[str, str]
    config: api.RoomConfiguration
    rings_for_s: float
    lasts_for_s: float

    @property
    def agents(self) -> list[str]:
        """The agents that are dispatched."""
        return [agent.agent_name for agent in self.config.agents]


async def look_up(bus: Bus, invite: Invite) -> Routed:
    """Return what becomes of a call.

    Raises:
        BusError: The server fails; livekit-sip answers 503 then.
    """
    call = wire.SIPCall(lk_call_id=f"SCL_{uuid.uuid4().hex[:12]}", source_ip=invite.source)
    call.from_uri.user, call.from_uri.host = invite.from_, invite.from_host
    call.to_uri.user, call.to_uri.host = invite.to, LOCAL
    trunk = await bus.ask(SERVICE, "GetSIPTrunkAuthentication", wire.TrunkRequest(call=call))
    trunk_id = wire.TrunkResponse.FromString(trunk).sip_trunk_id
    request = wire.RulesRequest(call=call, sip_trunk_id=trunk_id, no_pin=True)
    answer = wire.RulesResponse.FromString(
        await bus.ask(SERVICE, "EvaluateSIPDispatchRules", request)
    )
    return Routed(
        trunk_id=trunk_id,
        rule_id=answer.sip_dispatch_rule_id,
        is_accepted=answer.result == ACCEPT,
        room=answer.room_name,
        identity=answer.participant_identity,
        name=answer.participant_name,
        metadata=answer.participant_metadata,
        attributes={pair.key: pair.value for pair in answer.participant_attributes},
        config=api.RoomConfiguration.FromString(answer.room_config),
        rings_for_s=seconds(answer.ringing_timeout),
        lasts_for_s=seconds(answer.max_call_duration),
    )


def seconds(duration: bytes) -> float:
    """Return a duration of the wire in seconds, 0 where none is said."""
    return Duration.FromString(duration).ToTimedelta().total_seconds()
