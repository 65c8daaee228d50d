"""Calls that are asked for, on the wire."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cordboard.agents.model import AGENT_ID, RESERVED_WORKER
from cordboard.calls.model import Call, CallState, Direction, checked_notes
from cordboard.calls.outbound.model import PhoneCallRequest
from cordboard.edge.api.call_shapes import CallIdentifier
from cordboard.edge.api.number_fields import PhoneNumber
from cordboard.edge.api.query import LARGEST_INTEGER
from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.edge.api.schema_rules import choices, text, whole
from cordboard.numbers.e164 import checked_e164
from cordboard.numbers.model import check_agent_id, check_version
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.errors import InvalidError

Called = Annotated[
    str,
    Meta(
        description="Who is called, in E.164; never the number that calls.",
        examples=["+14155550100"],
        extra_json_schema={"format": "e164", "pattern": r"^\+[1-9][0-9]{6,14}$"},
    ),
]


class CreatePhoneCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call to make. null is the same as leaving a field out."""

    from_number: PhoneNumber
    to_number: Called
    override_agent_id: Annotated[
        str | None,
        Meta(
            description="Who talks; the number's outbound agent, when left out.",
            examples=["agent_abc123"],
            extra_json_schema=text(1, 128, AGENT_ID.pattern) | {"not": {"const": RESERVED_WORKER}},
        ),
    ] = None
    override_agent_version: Annotated[
        int | None,
        Meta(
            description="Its version. Left out: 1 of override_agent_id, or the number's outbound "
            "version.",
            examples=[1],
            extra_json_schema=whole(1),
        ),
    ] = None
    scheduled_timestamp: Annotated[
        int | None,
        Meta(
            description="When the call is to be made, in Unix seconds, in the future; now, when "
            "left out.",
            examples=[2_000_000_000],
            extra_json_schema={"maximum": LARGEST_INTEGER},
        ),
    ] = None
    metadata: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Notes of your own, up to 32 KiB of JSON.",
            examples=[{"ticket": "T-1"}],
        ),
    ] = None


class PlacedCall(msgspec.Struct, frozen=True):
    """A call that is being made, or waits for its time."""

    call_id: CallIdentifier
    agent_id: Annotated[str, Meta(description="Who talks.", examples=["agent_abc123"])]
    organization_id: OrganizationName
    call_status: Annotated[
        str,
        Meta(
            description="ONGOING, or SCHEDULED.",
            examples=["ONGOING"],
            extra_json_schema=choices("ONGOING", "SCHEDULED"),
        ),
    ]
    call_type: Annotated[
        str, Meta(description="Always PHONE_CALL.", extra_json_schema={"const": "PHONE_CALL"})
    ]
    from_number: PhoneNumber
    to_number: Called
    direction: Annotated[
        str, Meta(description="Always OUTBOUND.", extra_json_schema={"const": "OUTBOUND"})
    ]
    created_at: Instant


class PhoneCallInfo(msgspec.Struct, frozen=True):
    """The same in lower case, as the published API has it."""

    from_number: PhoneNumber
    to_number: Called
    direction: Annotated[
        str, Meta(description="Always outbound.", extra_json_schema={"const": "outbound"})
    ]
    call_status: Annotated[
        str,
        Meta(
            description="ongoing, or scheduled.",
            examples=["ongoing"],
            extra_json_schema=choices("ongoing", "scheduled"),
        ),
    ]


class CreatedPhoneCall(msgspec.Struct, frozen=True):
    """A call that is being made, and what it is."""

    organization_id: OrganizationName
    call_type: Annotated[
        str, Meta(description="Always phone_call.", extra_json_schema={"const": "phone_call"})
    ]
    status: Annotated[
        str,
        Meta(
            description="call_initiated, or call_scheduled.",
            examples=["call_initiated"],
            extra_json_schema=choices("call_initiated", "call_scheduled"),
        ),
    ]
    call: Annotated[PlacedCall, Meta(description="The call.")]
    phone_call_info: Annotated[PhoneCallInfo, Meta(description="Who calls whom.")]


def checked_phone_call(asked: CreatePhoneCall) -> PhoneCallRequest:
    """Return the call that is asked for.

    Raises:
        InvalidError: A field breaks its rule; when it is to be made is not looked at here.
    """
    if asked.override_agent_id is not None:
        check_agent_id(asked.override_agent_id, "override_agent_id")
    if asked.override_agent_version is not None:
        check_version(asked.override_agent_version, "override_agent_version")
    metadata = checked_notes(asked.metadata)
    from_number = checked_e164(asked.from_number, "from_number")
    to_number = checked_e164(asked.to_number, "to_number")
    if to_number == from_number:
        raise InvalidError(
            "to_number", "choice", "must not be from_number, which would call itself"
        )
    return PhoneCallRequest(
        from_number=from_number,
        to_number=to_number,
        agent_id=asked.override_agent_id,
        agent_version=asked.override_agent_version,
        metadata=metadata,
    )


def created_phone_call(call: Call) -> CreatedPhoneCall:
    """Return a call that has just been taken, as it is answered."""
    target = call.target
    caller, called = call.leg.caller, call.leg.dialled
    is_scheduled = call.state is CallState.SCHEDULED
    status = "scheduled" if is_scheduled else "ongoing"
    placed = PlacedCall(
        call_id=call.call_id,
        agent_id="" if target is None else target.agent_id,
        organization_id=call.organization_id,
        call_status=status.upper(),
        call_type="PHONE_CALL",
        from_number=caller,
        to_number=called,
        direction=Direction.OUTBOUND,
        created_at=iso_utc(call.created_ms),
    )
    info = PhoneCallInfo(caller, called, "outbound", status)
    initiated = "call_scheduled" if is_scheduled else "call_initiated"
    return CreatedPhoneCall(call.organization_id, "phone_call", initiated, placed, info)
