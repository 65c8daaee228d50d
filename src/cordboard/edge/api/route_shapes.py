"""How a call would be decided, on the wire."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.calls.unserved import Unserved
from cordboard.edge.api.resource_fields import Instant
from cordboard.edge.api.schema_rules import choices, text
from cordboard.numbers.dialled import LONGEST_DIALLED
from cordboard.routing.model import (
    Accepted,
    Decision,
    IncomingCall,
    Outcome,
    RefusalReason,
    Step,
    Target,
    TraceStep,
)
from cordboard.runtime.clock import epoch_ms, iso_utc
from cordboard.runtime.errors import InvalidError

CALL_TEXT = text(1, LONGEST_DIALLED, r"[^\x00]*")

DialledText = Annotated[
    str,
    Meta(
        description="What the carrier sends as the called number: the user part of the To header, "
        "or a whole `sip:` or `tel:` URI.",
        examples=["14157774444"],
        extra_json_schema=CALL_TEXT,
    ),
]
CallerText = Annotated[
    str | None,
    Meta(
        description="The caller's number as the carrier sends it: evidence, never an identity.",
        examples=["+12125550100"],
        extra_json_schema=CALL_TEXT,
    ),
]


class ExplainRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call to explain. null is the same as leaving a field out."""

    to: DialledText
    from_: CallerText = msgspec.field(default=None, name="from")
    at: Annotated[
        str | None,
        Meta(
            description="When the call would come, in UTC; now, when left out.",
            examples=["2024-01-15T10:30:00Z"],
            extra_json_schema={"format": "date-time"},
        ),
    ] = None


class TargetShape(msgspec.Struct, frozen=True):
    """An agent that answers, with the worker that serves it."""

    agent_id: Annotated[str, Meta(description="The agent.", examples=["agent_abc123"])]
    agent_version: Annotated[int, Meta(description="Its version.", examples=[1])]
    livekit_agent_name: Annotated[
        str, Meta(description="The name its workers have at LiveKit.", examples=["agent_abc123"])
    ]
    livekit_deployment: Annotated[
        str | None,
        Meta(description="The deployment that is asked for, or null.", examples=["blue"]),
    ]


class StepShape(msgspec.Struct, frozen=True):
    """One step of a decision."""

    step: Annotated[
        str,
        Meta(
            description="Which question was asked.",
            examples=["number"],
            extra_json_schema=choices(*Step),
        ),
    ]
    result: Annotated[
        str,
        Meta(
            description="What came of it.",
            examples=["found"],
            extra_json_schema=choices(*Outcome),
        ),
    ]
    detail: Annotated[
        str,
        Meta(
            description="The answer in words.",
            examples=["+14157774444 is registered, plus added"],
        ),
    ]


class WarningShape(msgspec.Struct, frozen=True):
    """An agent that would be sent for and that, as far as is known, nobody serves."""

    agent_id: Annotated[str, Meta(description="The agent.", examples=["agent_abc123"])]
    agent_version: Annotated[int, Meta(description="Its version.", examples=[1])]
    detail: Annotated[
        str,
        Meta(
            description="What was seen, and what to do.",
            examples=["agent_abc123 version 1 seems to be served by nobody: no worker joined …"],
        ),
    ]


OUTCOMES = ("accepted", "refused")


class RouteExplanation(msgspec.Struct, frozen=True):
    """What would happen to a call, and why."""

    to: DialledText
    from_: CallerText = msgspec.field(name="from")
    at: Instant
    outcome: Annotated[
        str,
        Meta(
            description="Whether an agent answers.",
            examples=["accepted"],
            extra_json_schema=choices(*OUTCOMES),
        ),
    ]
    reason: Annotated[
        str | None,
        Meta(
            description="Why none does, or null.",
            examples=["unbound_number"],
            extra_json_schema=choices(*RefusalReason, None),
        ),
    ]
    phone_number: Annotated[
        str | None,
        Meta(
            description="The registered number that the call reaches, or null.",
            examples=["+14157774444"],
        ),
    ]
    targets: Annotated[
        list[TargetShape],
        Meta(description="The agent that answers, then those that take over when it fails."),
    ]
    trace: Annotated[list[StepShape], Meta(description="Each step that led to the outcome.")]
    warnings: Annotated[
        list[WarningShape], Meta(description="What is likely to go wrong with the call.")
    ]


def checked_call(asked: ExplainRoute, now_ms: int) -> IncomingCall:
    """Return the call that is asked about.

    Raises:
        InvalidError: A value breaks its rule.
    """
    _check_text(asked.to, "to")
    if asked.from_ is not None:
        _check_text(asked.from_, "from")
    at_ms = now_ms if asked.at is None else epoch_ms(asked.at)
    if at_ms is None:
        reason = "must be an instant in UTC like 2024-01-15T10:30:00Z"
        raise InvalidError("at", "characters", reason)
    return IncomingCall("", "", dialled=asked.to, caller=asked.from_ or "", at_ms=at_ms)


def _check_text(value: str, field: str) -> None:
    if "\0" in value:
        raise InvalidError(field, "characters", "must not hold the NUL character")
    if not 1 <= len(value) <= LONGEST_DIALLED:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_DIALLED} characters")


def target_shape(target: Target) -> TargetShape:
    """Return an agent as it is answered."""
    return TargetShape(
        target.agent_id,
        target.agent_version,
        target.livekit_agent_name,
        target.livekit_deployment,
    )


def trace_shape(trace: tuple[TraceStep, ...]) -> list[StepShape]:
    """Return a trace as it is answered."""
    return [StepShape(step.step, step.result, step.detail) for step in trace]


def explanation(
    call: IncomingCall, decision: Decision, unserved: Iterable[Unserved]
) -> RouteExplanation:
    """Return a decision as it is answered."""
    is_accepted = isinstance(decision, Accepted)
    return RouteExplanation(
        to=call.dialled,
        from_=call.caller or None,
        at=iso_utc(call.at_ms),
        outcome=OUTCOMES[0] if is_accepted else OUTCOMES[1],
        reason=None if isinstance(decision, Accepted) else decision.reason,
        phone_number=decision.phone_number,
        targets=[target_shape(each) for each in decision.targets]
        if isinstance(decision, Accepted)
        else [],
        trace=trace_shape(decision.trace),
        warnings=[
            WarningShape(each.agent_id, each.agent_version, each.detail) for each in unserved
        ],
    )
