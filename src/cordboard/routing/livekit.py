"""The adapter to one LiveKit, over its client library (livekit-api 1.2).

Every call has a deadline and none is retried here: creates are not idempotent, so what to do after
an unknown outcome is the caller's decision. During a key rotation several API keys are tried in
turn; a refused key has done nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import aiohttp
import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from livekit import api

from cordboard.routing import livekit_shapes as shapes
from cordboard.routing.events import is_keepable
from cordboard.routing.livekit_errors import (
    DialFailedError,
    LiveKitConflictError,
    LiveKitError,
    LiveKitKeyRefusedError,
    LiveKitNotFoundError,
    LiveKitRefusedError,
    LiveKitUnansweredError,
    LiveKitUnreachableError,
)
from cordboard.routing.livekit_listings import ListingClient, converted
from cordboard.routing.model import Target
from cordboard.routing.topology import NOBODY, ROOM_PREFIX, DesiredRule, DesiredTrunk

T = TypeVar("T")

DEADLINE_S = 5.0
LISTING_DEADLINE_S = 30.0
DIAL_GRACE_S = 5.0
KEY_CODES = ("unauthenticated", "permission_denied")
UNCLAIMED = "no response from servers"
"""None of LiveKit's programs claimed the request (psrpc 0.7: what is not claimed is not begun)."""

UNKNOWN_CODES = ("unavailable", "internal", "unknown", "deadline_exceeded", "canceled", "aborted")
CONFLICT_WORDS = ("Conflicting inbound SIP Trunks", "already exists in", "Multiple SIP Trunks")


class APIKey(msgspec.Struct, frozen=True):
    """A key pair of LiveKit's configuration."""

    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"APIKey({self.api_key!r}, ***)"


class LiveKit:
    """One LiveKit cluster."""

    def __init__(self, cluster_id: str, url: str, keys: tuple[APIKey, ...]) -> None:
        """Connect nothing yet; must be made on the event loop that uses it."""
        self.cluster_id = cluster_id
        # A dial keeps its connection while the phone rings; calls must not queue behind dials.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        self._clients = [
            ListingClient(url, key.api_key, key.api_secret, self._session) for key in keys
        ]
        self._accepted = self._clients[:1]

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._session.close()

    async def list_everything(self) -> shapes.Listing:
        """Return every inbound trunk and dispatch rule, ours and foreign; grows with the estate.

        Nothing is decoded before both are there: each read from a connection would wait for a
        thread that computes.
        """
        trunks, rules = await asyncio.gather(
            self._ask(ListingClient.inbound_trunks, LISTING_DEADLINE_S),
            self._ask(ListingClient.dispatch_rules, LISTING_DEADLINE_S),
        )
        return await asyncio.to_thread(_listing_from, trunks, rules)

    async def find_inbound_trunk(self, trunk_id: str) -> shapes.InboundTrunk | None:
        """Return one trunk, or None when it is not there."""
        request = api.ListSIPInboundTrunkRequest(trunk_ids=[trunk_id])
        answer = await self._ask(lambda client: client.sip.list_inbound_trunk(request))
        found = [_trunk_from(item) for item in answer.items if item.sip_trunk_id == trunk_id]
        return found[0] if found else None

    async def create_inbound_trunk(self, trunk: DesiredTrunk) -> str:
        """Make a trunk and return its id.

        Raises:
            LiveKitConflictError: Another trunk has the number.
            LiveKitError: As its ``effect`` says, it may have been made.
        """
        request = api.CreateSIPInboundTrunkRequest(trunk=_trunk_message(trunk))
        made = await self._ask(lambda client: client.sip.create_inbound_trunk(request))
        return made.sip_trunk_id

    async def replace_inbound_trunk(self, trunk_id: str, trunk: DesiredTrunk) -> None:
        """Make a trunk what it should be, whatever it was; asking twice is safe.

        Raises:
            LiveKitNotFoundError: It is not there.
        """
        message = _trunk_message(trunk)
        await self._ask(lambda client: client.sip.update_inbound_trunk(trunk_id, message))

    async def delete_trunk(self, trunk_id: str) -> None:
        """Remove a trunk; one that is not there is no error."""
        request = api.DeleteSIPTrunkRequest(sip_trunk_id=trunk_id)
        await self._gone(lambda client: client.sip.delete_trunk(request))

    async def find_dispatch_rule(self, rule_id: str) -> shapes.DispatchRule | None:
        """Return one rule, or None when it is not there."""
        request = api.ListSIPDispatchRuleRequest(dispatch_rule_ids=[rule_id])
        answer = await self._ask(lambda client: client.sip.list_dispatch_rule(request))
        found = [_rule_from(item) for item in answer.items if item.sip_dispatch_rule_id == rule_id]
        return found[0] if found else None

    async def create_dispatch_rule(self, rule: DesiredRule, trunk_id: str) -> str:
        """Make a rule for a trunk and return its id.

        Raises:
            LiveKitConflictError: Another rule matches the same calls, or two others conflict.
            LiveKitError: As its ``effect`` says, it may have been made.
        """
        request = api.CreateSIPDispatchRuleRequest(dispatch_rule=_rule_message(rule, trunk_id))
        made = await self._ask(lambda client: client.sip.create_dispatch_rule(request))
        return made.sip_dispatch_rule_id

    async def replace_dispatch_rule(self, rule_id: str, rule: DesiredRule, trunk_id: str) -> None:
        """Make a rule what it should be; calls that ring already keep the old one.

        Raises:
            LiveKitNotFoundError: It is not there.
        """
        message = _rule_message(rule, trunk_id)
        await self._ask(lambda client: client.sip.update_dispatch_rule(rule_id, message))

    async def delete_dispatch_rule(self, rule_id: str) -> None:
        """Remove a rule; one that is not there is no error."""
        request = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule_id)
        await self._gone(lambda client: client.sip.delete_dispatch_rule(request))

    async def create_room(self, room: str, empty_timeout_s: int) -> str:
        """Make a room that goes away when nobody is in it for a while, and return its sid."""
        request = api.CreateRoomRequest(
            name=room, empty_timeout=empty_timeout_s, agents=[_nobody()]
        )
        made = await self._ask(lambda client: client.room.create_room(request))
        return made.sid

    async def list_rooms(self) -> list[shapes.Room]:
        """Return all rooms."""
        answer = await self._ask(lambda client: client.room.list_rooms(api.ListRoomsRequest()))
        return [
            shapes.Room(
                sid=room.sid,
                name=room.name,
                created_ms=room.creation_time_ms,
                participants=room.num_participants,
            )
            for room in answer.rooms
        ]

    async def list_participants(self, room: str) -> list[shapes.Participant]:
        """Return who is in a room, as far as they can be kept; nobody when it is not there."""
        try:
            answer = await self._ask(lambda client: client.list_participants(room))
        except LiveKitNotFoundError:
            return []
        return [participant_from(item) for item in answer.participants if is_keepable(item.sid)]

    async def remove_participant(self, room: str, identity: str) -> None:
        """Put one out of a room; one that is not there is no error."""
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        await self._gone(lambda client: client.room.remove_participant(request))

    async def delete_room(self, room: str) -> None:
        """End everything in a room; one that is not there is no error."""
        request = api.DeleteRoomRequest(room=room)
        await self._gone(lambda client: client.room.delete_room(request))

    async def create_dispatch(self, room: str, target: Target) -> str:
        """Send for an agent and return the dispatch's id. Not idempotent; list afterwards.

        That nobody serves the agent is not said here: the dispatch then never gets a job.
        """
        request = api.CreateAgentDispatchRequest(
            agent_name=target.livekit_agent_name,
            room=room,
            metadata=target.metadata,
            deployment=target.livekit_deployment or "",
        )
        made = await self._ask(lambda client: client.create_dispatch(request))
        return made.id

    async def list_dispatches(self, room: str) -> list[shapes.Dispatch]:
        """Return a room's dispatches; none when it is not there."""
        try:
            found = await self._ask(lambda client: client.list_dispatches(room))
        except LiveKitNotFoundError:
            return []
        return [
            shapes.Dispatch(
                dispatch_id=item.id,
                agent_name=item.agent_name,
                deployment=item.deployment,
                metadata=item.metadata,
                worker_ids=tuple(job.state.worker_id for job in item.state.jobs),
            )
            for item in found.agent_dispatches
        ]

    async def delete_dispatch(self, room: str, dispatch_id: str) -> None:
        """Call an agent off; a dispatch that is not there is no error."""
        await self._gone(lambda client: client.agent_dispatch.delete_dispatch(dispatch_id, room))

    async def dial(self, dial: shapes.Dial) -> shapes.Dialled:
        """Call a number into a room and wait for the answer. Never repeated, here or elsewhere.

        So it goes out with the key that was accepted last and with no other: a carrier's refusal
        can look like that of a key.

        Raises:
            DialFailedError: The call was placed and not answered.
            LiveKitError: As its ``effect`` says, the phone may have rung.
        """
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=dial.trunk_id,
            sip_call_to=dial.to_number,
            sip_number=dial.from_number,
            room_name=dial.room,
            participant_identity=dial.identity,
            ringing_timeout=Duration(seconds=dial.ringing_timeout_s),
            max_call_duration=Duration(seconds=dial.max_call_duration_s),
            wait_until_answered=True,
        )
        deadline_s = dial.ringing_timeout_s + DIAL_GRACE_S
        made = await self._ask(
            lambda client: client.sip.create_sip_participant(request, timeout=deadline_s),
            deadline_s + DIAL_GRACE_S,
            self._accepted,
        )
        return shapes.Dialled(made.participant_id, made.sip_call_id)

    async def _gone(self, call: Callable[[ListingClient], Awaitable[object]]) -> None:
        try:
            await self._ask(call)
        except LiveKitNotFoundError:
            return

    async def _ask(
        self,
        call: Callable[[ListingClient], Awaitable[T]],
        deadline_s: float = DEADLINE_S,
        clients: Sequence[ListingClient] | None = None,
    ) -> T:
        """Make one call, with the next key where one is refused; any, where none is given.

        Raises:
            LiveKitError: It failed; ``effect`` says whether it may have been done.
        """
        refused: LiveKitError | None = None
        for client in self._clients if clients is None else clients:
            try:
                async with asyncio.timeout(deadline_s):
                    answer = await call(client)
            except api.ServerError as error:
                refused = _classified(error)
                if not isinstance(refused, LiveKitKeyRefusedError):
                    raise refused from error
            except aiohttp.ClientConnectorError as error:
                detail = "LiveKit takes no connection at CORDBOARD_LIVEKIT_URL"
                raise LiveKitUnreachableError(detail, "unreachable") from error
            except (aiohttp.ClientError, TimeoutError) as error:
                detail = f"LiveKit did not answer within {deadline_s:g} s, or cut the connection"
                raise LiveKitUnansweredError(detail, "unanswered") from error
            else:
                self._accepted = [client]
                return answer
        raise refused or LiveKitKeyRefusedError("no LiveKit API key is configured", "none")


def _classified(error: api.ServerError) -> LiveKitError:
    """Return what a refusal or failure of LiveKit's means for us."""
    detail = f"LiveKit said {error.code}: {error.message}"
    if isinstance(error, api.SipCallError):
        return DialFailedError(detail, error.code, error.sip_status_code)
    if error.code in KEY_CODES:
        return LiveKitKeyRefusedError(detail, error.code)
    if error.code == "not_found":
        return LiveKitNotFoundError(detail, error.code)
    if any(words in error.message for words in CONFLICT_WORDS):
        return LiveKitConflictError(detail, error.code)
    if error.code in UNKNOWN_CODES and error.message != UNCLAIMED:
        return LiveKitUnansweredError(detail, error.code)
    return LiveKitRefusedError(detail, error.code)


def _nobody() -> api.RoomAgentDispatch:
    """Return the agent of rooms that we make: without one, any unnamed worker would come."""
    return api.RoomAgentDispatch(agent_name=NOBODY)


def _trunk_message(trunk: DesiredTrunk) -> api.SIPInboundTrunkInfo:
    return api.SIPInboundTrunkInfo(
        name=trunk.name,
        metadata=trunk.metadata(),
        numbers=trunk.numbers,
        allowed_addresses=trunk.allowed_addresses,
        ringing_timeout=Duration(seconds=trunk.ringing_timeout_s),
        max_call_duration=Duration(seconds=trunk.max_call_duration_s),
    )


def _listing_from(trunks: list[bytes], rules: list[bytes]) -> shapes.Listing:
    return shapes.Listing(
        converted(api.ListSIPInboundTrunkResponse.FromString, _trunk_from, trunks),
        converted(api.ListSIPDispatchRuleResponse.FromString, _rule_from, rules),
    )


def _trunk_from(item: api.SIPInboundTrunkInfo) -> shapes.InboundTrunk:
    return shapes.InboundTrunk(
        trunk_id=item.sip_trunk_id,
        name=item.name,
        metadata=item.metadata,
        numbers=tuple(item.numbers),
        allowed_addresses=tuple(item.allowed_addresses),
        allowed_numbers=tuple(item.allowed_numbers),
        has_digest=bool(item.auth_username and item.auth_password),
        ringing_timeout_s=item.ringing_timeout.seconds,
        max_call_duration_s=item.max_call_duration.seconds,
    )


def _rule_message(rule: DesiredRule, trunk_id: str) -> api.SIPDispatchRuleInfo:
    agent = api.RoomAgentDispatch(
        agent_name=rule.agent_name, deployment=rule.deployment, metadata=rule.job_metadata
    )
    individual = api.SIPDispatchRuleIndividual(room_prefix=ROOM_PREFIX)
    return api.SIPDispatchRuleInfo(
        name=rule.name,
        metadata=rule.metadata(),
        trunk_ids=[trunk_id],
        rule=api.SIPDispatchRule(dispatch_rule_individual=individual),
        room_config=api.RoomConfiguration(agents=[agent]),
    )


def _rule_from(item: api.SIPDispatchRuleInfo) -> shapes.DispatchRule:
    return shapes.DispatchRule(
        rule_id=item.sip_dispatch_rule_id,
        name=item.name,
        metadata=item.metadata,
        trunk_ids=tuple(item.trunk_ids),
        agents=tuple(
            (agent.agent_name, agent.deployment, agent.metadata)
            for agent in item.room_config.agents
        ),
        is_one_room_per_call=item.rule.HasField("dispatch_rule_individual"),
        room_prefix=item.rule.dispatch_rule_individual.room_prefix,
        has_filters=bool(
            item.numbers or item.inbound_numbers or item.rule.dispatch_rule_individual.pin
        ),
    )


def participant_from(item: api.ParticipantInfo) -> shapes.Participant:
    """Return a participant as LiveKit lists it, or shows it in an event."""
    kind = _named(api.ParticipantInfo.Kind, item.kind).lower()
    audio = any(track.type == api.TrackType.AUDIO for track in item.tracks)
    return shapes.Participant(
        sid=item.sid,
        identity=item.identity,
        kind=kind,
        joined_ms=item.joined_at_ms or item.joined_at * 1000,
        is_publishing_audio=audio,
        attributes=dict(item.attributes),
        disconnect_reason=_named(api.DisconnectReason, item.disconnect_reason),
    )


def _named(kinds: EnumTypeWrapper, value: int) -> str:
    """Return a value's name, or nothing where a newer LiveKit says what this one does not know."""
    return str(kinds.Name(value)) if value in kinds.values() else ""
