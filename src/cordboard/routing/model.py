"""Deciding a call: from what is known to which agent answers, and why. No I/O."""

import base64
import hashlib
from enum import StrEnum

import msgspec

from cordboard.numbers.dialled import Dialled
from cordboard.numbers.e164 import E164
from cordboard.runtime.ids import OrganizationId, RegistrationId

LONGEST_METADATA = 512
CALL_ID_LENGTH = 26


class RefusalReason(StrEnum):
    """Why a call reaches no agent: a closed set."""

    UNKNOWN_NUMBER = "unknown_number"
    UNBOUND_NUMBER = "unbound_number"
    FOREIGN_CARRIER_ACCOUNT = "foreign_carrier_account"


class Step(StrEnum):
    """The places in the chain, in their order.

    Webhook, weights and schedule have their place; they do not decide yet, and the trace says so.
    """

    DIALLED = "dialled"
    NUMBER = "number"
    CARRIER_ACCOUNT = "carrier_account"
    WEBHOOK = "webhook"
    SCHEDULE = "schedule"
    WEIGHTS = "weights"
    BINDING = "binding"
    FALLBACK = "fallback"


class Outcome(StrEnum):
    """What came of a step."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    SKIPPED = "skipped"
    CHOSEN = "chosen"
    REFUSED = "refused"


class TraceStep(msgspec.Struct, frozen=True):
    """What one step of the chain found, in words."""

    step: Step
    result: Outcome
    detail: str


class IncomingCall(msgspec.Struct, frozen=True):
    """A ringing call as LiveKit shows it.

    Attributes:
        call_id: See :func:`call_id`.
        dialled: ``sip.trunkPhoneNumber``: the user part of the To header, as received.
        caller: Evidence, never an identity.
        carrier_account_id: The carrier account that the carrier's own header names, if any.
    """

    call_id: str
    cluster_id: str
    dialled: str
    caller: str
    at_ms: int
    carrier_account_id: str | None = None


class AgentVersion(msgspec.Struct, frozen=True, gc=False):
    """Which worker answers for one version of an agent."""

    agent_id: str
    agent_version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    is_registered: bool


class RoutableNumber(msgspec.Struct, frozen=True, gc=False):
    """A registered number with what its calls need to know.

    Attributes:
        carrier_account_id: The account that owns the number, or None while that is not known.
        webhook_url: Kept for the step that is to come.
        updated_ms: When it was changed last.
    """

    phone_number: E164
    organization_id: OrganizationId
    registration_id: RegistrationId
    revision: int
    inbound: AgentVersion | None
    fallback: AgentVersion | None
    carrier_account_id: str | None = None
    webhook_url: str | None = None
    updated_ms: int = 0


class Facts(msgspec.Struct, frozen=True):
    """Everything a decision may depend on.

    Attributes:
        dialled: The dialled string, taken apart.
        number: The registered number it leads to, or None.
        how: How it leads there: by an alias, or the reading of :class:`Meaning`.
        passed_over: Other registered numbers that the string could have meant.
    """

    dialled: Dialled
    number: RoutableNumber | None
    how: str = ""
    passed_over: tuple[E164, ...] = ()


class Target(msgspec.Struct, frozen=True):
    """One agent version to dispatch, with its job's metadata (JSON of at most 512 bytes)."""

    agent_id: str
    agent_version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    metadata: str


def key_of(agent: AgentVersion | Target | None) -> str | None:
    """Return what tells whether two mean the same worker for the same version; None for nobody."""
    if agent is None:
        return None
    named = (
        agent.agent_id,
        agent.agent_version,
        agent.livekit_agent_name,
        agent.livekit_deployment,
    )
    return msgspec.json.encode(named).decode()


def agent_of(key: str) -> AgentVersion:
    """Return the agent version that a key of :func:`key_of` means; a rule sends for it."""
    agent_id, version, name, deployment = msgspec.json.decode(
        key, type=tuple[str, int, str, str | None]
    )
    return AgentVersion(agent_id, version, name, deployment, is_registered=True)


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The call is answered by the first target; the others are its fallbacks, in order."""

    organization_id: OrganizationId
    phone_number: E164
    registration_id: RegistrationId
    revision: int
    targets: tuple[Target, ...]
    trace: tuple[TraceStep, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The call is ended; of an unknown number nobody's organization is known."""

    reason: RefusalReason
    organization_id: OrganizationId | None
    phone_number: E164 | None
    trace: tuple[TraceStep, ...]


Decision = Accepted | Refused


def call_id(cluster_id: str, sip_call_id: str) -> str:
    """Return a call's id; every node, event and worker computes the same.

    ``call_`` and the first 26 characters of the lower-case base32 of SHA-256 of
    ``cluster_id + "/" + sip_call_id`` (``sip.callID``, the participant's attribute).
    """
    digest = hashlib.sha256(f"{cluster_id}/{sip_call_id}".encode()).digest()
    return "call_" + base64.b32encode(digest).decode().lower()[:CALL_ID_LENGTH]


def job_metadata(
    number: RoutableNumber,
    agent: AgentVersion,
    cluster_id: str,
    call_id: str | None,
    direction: str = "inbound",
) -> str:
    """Return what the worker's job is told: ids only, never more than 512 bytes.

    LiveKit reads all of it on every INVITE, and a rule is made before there is a call.
    """
    values: dict[str, str | int] = {
        "cordboard": 1,
        "organization_id": number.organization_id,
        "direction": direction,
        "phone_number": number.phone_number,
        "agent_id": agent.agent_id,
        "agent_version": agent.agent_version,
        "cluster": cluster_id,
    }
    if call_id is not None:
        values["call_id"] = call_id
    values["revision"] = number.revision
    return msgspec.json.encode(values).decode()


def decide(call: IncomingCall, facts: Facts) -> Decision:
    """Return which agent answers a call, with its fallbacks, or why none does.

    Total: every call gets a decision, and the trace names each step that led to it.
    """
    number = facts.number
    trace = [_dialled_step(call, facts), _number_step(facts)]
    if number is None:
        return Refused(RefusalReason.UNKNOWN_NUMBER, None, None, tuple(trace))
    trace.append(_account_step(call, number))
    if trace[-1].result is Outcome.REFUSED:
        reason = RefusalReason.FOREIGN_CARRIER_ACCOUNT
        return Refused(reason, number.organization_id, number.phone_number, tuple(trace))
    trace += _steps_to_come(number)
    trace += _binding_steps(number)
    if number.inbound is None:
        reason = RefusalReason.UNBOUND_NUMBER
        return Refused(reason, number.organization_id, number.phone_number, tuple(trace))
    agents = [agent for agent in (number.inbound, number.fallback) if agent is not None]
    return Accepted(
        organization_id=number.organization_id,
        phone_number=number.phone_number,
        registration_id=number.registration_id,
        revision=number.revision,
        targets=tuple(_target(number, agent, call) for agent in agents),
        trace=tuple(trace),
    )


def _target(number: RoutableNumber, agent: AgentVersion, call: IncomingCall) -> Target:
    return Target(
        agent_id=agent.agent_id,
        agent_version=agent.agent_version,
        livekit_agent_name=agent.livekit_agent_name,
        livekit_deployment=agent.livekit_deployment,
        metadata=job_metadata(number, agent, call.cluster_id, call.call_id),
    )


def _dialled_step(call: IncomingCall, facts: Facts) -> TraceStep:
    readings = [f"{meaning.phone_number} ({meaning.how})" for meaning in facts.dialled.meanings]
    if not readings:
        detail = f"'{call.dialled}' is no number in any form that is known; only an alias can match"
        return TraceStep(Step.DIALLED, Outcome.NOT_FOUND, detail)
    detail = f"'{call.dialled}' can mean {', '.join(readings)}"
    return TraceStep(Step.DIALLED, Outcome.FOUND, detail)


def _number_step(facts: Facts) -> TraceStep:
    if facts.number is None:
        known = facts.dialled.meanings
        detail = "none of these is registered here" if known else "no number here has this alias"
        return TraceStep(Step.NUMBER, Outcome.NOT_FOUND, detail)
    detail = f"{facts.number.phone_number} is registered, {facts.how}"
    if facts.passed_over:
        detail += f"; passed over, also registered: {', '.join(facts.passed_over)}"
    return TraceStep(Step.NUMBER, Outcome.FOUND, detail)


def _account_step(call: IncomingCall, number: RoutableNumber) -> TraceStep:
    named, own = call.carrier_account_id, number.carrier_account_id
    if named is None or own is None:
        which = "the call names no carrier account" if named is None else "the number has none yet"
        return TraceStep(Step.CARRIER_ACCOUNT, Outcome.SKIPPED, which)
    if named != own:
        detail = f"the call names carrier account {named}, the number belongs to {own}"
        return TraceStep(Step.CARRIER_ACCOUNT, Outcome.REFUSED, detail)
    return TraceStep(Step.CARRIER_ACCOUNT, Outcome.FOUND, f"the number's own, {own}")


def _steps_to_come(number: RoutableNumber) -> list[TraceStep]:
    webhook = "the number has none"
    if number.webhook_url is not None:
        webhook = "inbound webhooks do not decide calls in this version"
    return [
        TraceStep(Step.WEBHOOK, Outcome.SKIPPED, webhook),
        TraceStep(Step.SCHEDULE, Outcome.SKIPPED, "the number has none"),
        TraceStep(Step.WEIGHTS, Outcome.SKIPPED, "the number has none"),
    ]


def _binding_steps(number: RoutableNumber) -> list[TraceStep]:
    if number.inbound is None:
        return [TraceStep(Step.BINDING, Outcome.REFUSED, "no inbound agent is bound")]
    fallback = "none is set"
    if number.fallback is not None:
        fallback = f"if it fails: {_shown(number.fallback)}"
    outcome = Outcome.SKIPPED if number.fallback is None else Outcome.CHOSEN
    return [
        TraceStep(Step.BINDING, Outcome.CHOSEN, _shown(number.inbound)),
        TraceStep(Step.FALLBACK, outcome, fallback),
    ]


def _shown(agent: AgentVersion) -> str:
    worker = f"worker '{agent.livekit_agent_name}'"
    if agent.livekit_deployment is not None:
        worker += f", deployment '{agent.livekit_deployment}'"
    known = "" if agent.is_registered else ", a name that only LiveKit knows"
    return f"{agent.agent_id} version {agent.agent_version} ({worker}{known})"
