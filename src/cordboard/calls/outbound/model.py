"""An outbound call as it is asked for, and what can stand in its way: no I/O."""

from typing import Any

import msgspec

from cordboard.calls.model import Call, CallState, Leg, OutboundDial
from cordboard.calls.outbound.limits import MAX_SCHEDULED_CALLS
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import Number
from cordboard.routing.model import (
    Accepted,
    AgentVersion,
    Outcome,
    RoutableNumber,
    Step,
    Target,
    TraceStep,
    job_metadata,
)
from cordboard.runtime.errors import DomainError, Kind
from cordboard.runtime.ids import OrganizationId


class NoOutboundAgentError(DomainError):
    """The number has no outbound agent, and the request names none."""

    kind = Kind.CONFLICT
    code = "phone_number.no_outbound_agent"
    message = "No outbound agent"

    def __init__(self, phone_number: E164) -> None:
        """Say what to do."""
        super().__init__(
            f"Phone number '{phone_number}' has no outbound_agent_id; set it, or send "
            "override_agent_id"
        )


class NoOutboundTrunkError(DomainError):
    """The number has no outbound trunk, so LiveKit does not know how to dial."""

    kind = Kind.CONFLICT
    code = "phone_number.no_outbound_trunk"
    message = "No outbound trunk"

    def __init__(self, phone_number: E164) -> None:
        """Say what to do."""
        super().__init__(
            f"Phone number '{phone_number}' has no outbound_trunk_id; set it to the id of an "
            "outbound trunk at LiveKit (ST_…)"
        )


class CallsUnavailableError(DomainError):
    """The server works without a LiveKit, so nothing dials."""

    kind = Kind.CONFLICT
    code = "call.no_livekit"
    message = "No LiveKit to call with"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "This server has no LiveKit, so it cannot place calls; its operator sets "
            "CORDBOARD_LIVEKIT_URL and the key"
        )


class CallRules(msgspec.Struct, frozen=True):
    """What the installation decides about outbound calls.

    Attributes:
        cluster_id: The LiveKit that dials, or None where there is none.
        longest_ms: The longest that a call can last.
        requires_registered_agents: Names that only LiveKit knows are refused.
        max_scheduled_calls: How many calls of an organization may wait for their time at once.
    """

    cluster_id: str | None
    longest_ms: int
    requires_registered_agents: bool = False
    max_scheduled_calls: int = MAX_SCHEDULED_CALLS


class Reservation(msgspec.Struct, frozen=True):
    """What a call has reserved.

    Attributes:
        day: The UTC day it counts on.
        is_settled: Whether what it did not use was given back.
    """

    organization_id: OrganizationId
    call_id: str
    day: int
    longest_ms: int
    is_settled: bool


class PhoneCallRequest(msgspec.Struct, frozen=True):
    """A checked request to call somebody.

    Attributes:
        from_number: A number of the organization: the caller id.
        agent_id: Who talks; None for the number's outbound agent.
        agent_version: Its version; None for the number's outbound version, or 1 of another agent.
        metadata: The customer's own notes.
    """

    from_number: E164
    to_number: E164
    agent_id: str | None
    agent_version: int | None
    metadata: dict[str, Any]

    def binding(self, number: Number) -> tuple[str, int]:
        """Return the agent and version that are to talk.

        Raises:
            NoOutboundAgentError: Neither the request nor the number names an agent.
        """
        agent_id = self.agent_id or number.outbound_agent_id
        if agent_id is None:
            raise NoOutboundAgentError(number.phone_number)
        own = number.outbound_agent_version if self.agent_id is None else 1
        return agent_id, self.agent_version or own


def placed_call(
    call_id: str,
    cluster_id: str,
    request: PhoneCallRequest,
    number: Number,
    agent: AgentVersion,
    now_ms: int,
) -> Call:
    """Return the record of a call that is to be dialled, before anything of it was done.

    Raises:
        NoOutboundTrunkError: The number has none.
    """
    if number.outbound_trunk_id is None:
        raise NoOutboundTrunkError(number.phone_number)
    return Call(
        call_id=call_id,
        organization_id=number.organization_id,
        cluster_id=cluster_id,
        room_sid=call_id,
        room=call_id,
        leg=Leg("", "", request.to_number, number.phone_number, now_ms, {}),
        decision=_decision(call_id, cluster_id, request, number, agent),
        is_decided_here=True,
        state=CallState.DIALLING,
        started_ms=now_ms,
        created_ms=now_ms,
        updated_ms=now_ms,
        metadata=request.metadata,
        dial=OutboundDial(number.outbound_trunk_id),
    )


def _decision(
    call_id: str, cluster_id: str, request: PhoneCallRequest, number: Number, agent: AgentVersion
) -> Accepted:
    routable = RoutableNumber(
        phone_number=number.phone_number,
        organization_id=number.organization_id,
        registration_id=number.registration_id,
        revision=number.revision,
        inbound=None,
        fallback=None,
    )
    why = "the outbound agent of the number" if request.agent_id is None else "as asked for"
    shown = f"{agent.agent_id} version {agent.agent_version}, {why}"
    return Accepted(
        organization_id=number.organization_id,
        phone_number=number.phone_number,
        registration_id=number.registration_id,
        revision=number.revision,
        targets=(
            Target(
                agent_id=agent.agent_id,
                agent_version=agent.agent_version,
                livekit_agent_name=agent.livekit_agent_name,
                livekit_deployment=agent.livekit_deployment,
                metadata=job_metadata(routable, agent, cluster_id, call_id, "outbound"),
            ),
        ),
        trace=(
            TraceStep(Step.NUMBER, Outcome.FOUND, f"{number.phone_number} is registered"),
            TraceStep(Step.BINDING, Outcome.CHOSEN, shown),
        ),
    )
