"""What exists at LiveKit, in our words."""

import msgspec


class InboundTrunk(msgspec.Struct, frozen=True, gc=False):
    """An inbound trunk as LiveKit lists it; ``numbers`` empty means every number."""

    trunk_id: str
    name: str
    metadata: str
    numbers: tuple[str, ...]
    allowed_addresses: tuple[str, ...]
    allowed_numbers: tuple[str, ...]
    has_digest: bool
    ringing_timeout_s: int
    max_call_duration_s: int


class DispatchRule(msgspec.Struct, frozen=True, gc=False):
    """A dispatch rule as LiveKit lists it.

    Attributes:
        trunk_ids: Empty means any trunk, and no trunk at all: a door for strangers.
        agents: Name, deployment and job metadata of each agent; empty starts unnamed workers.
        is_one_room_per_call: Whether each call gets a room of its own.
        has_filters: Whether it takes only certain callers or numbers, or asks for a PIN.
    """

    rule_id: str
    name: str
    metadata: str
    trunk_ids: tuple[str, ...]
    agents: tuple[tuple[str, str, str], ...]
    is_one_room_per_call: bool
    room_prefix: str
    has_filters: bool


class Listing(msgspec.Struct, frozen=True):
    """Everything of ours and of others that decides where a call goes."""

    trunks: list[InboundTrunk]
    rules: list[DispatchRule]


class Dispatch(msgspec.Struct, frozen=True):
    """An agent dispatch of a room.

    Attributes:
        worker_ids: Who has taken it. livekit-server 1.13 may tell 5 s after it was taken, so that
            nobody is named does not say that nobody took it.
    """

    dispatch_id: str
    agent_name: str
    deployment: str
    metadata: str
    worker_ids: tuple[str, ...] = ()


class Room(msgspec.Struct, frozen=True):
    """A room; its name holds the caller's number, so only ``sid`` goes into logs."""

    sid: str
    name: str
    created_ms: int
    participants: int


class Participant(msgspec.Struct, frozen=True):
    """Somebody in a room.

    Attributes:
        kind: ``standard``, ``sip``, ``agent`` or another of LiveKit's kinds, in lower case.
        is_publishing_audio: Whether an audio track of theirs is published.
        attributes: For SIP, among others, ``sip.callID``, ``sip.callStatus``, ``sip.ruleID``.
    """

    sid: str
    identity: str
    kind: str
    joined_ms: int
    is_publishing_audio: bool
    attributes: dict[str, str]
    disconnect_reason: str = ""


class Dial(msgspec.Struct, frozen=True):
    """An outbound call to place. Nothing of it is ever repeated.

    Attributes:
        trunk_id: LiveKit's outbound trunk.
        identity: Of the callee in the room; our call's id.
    """

    trunk_id: str
    from_number: str
    to_number: str
    room: str
    identity: str
    ringing_timeout_s: int
    max_call_duration_s: int


class Dialled(msgspec.Struct, frozen=True):
    """An outbound call that was answered."""

    participant_id: str
    sip_call_id: str
