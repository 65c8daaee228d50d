"""The request that explains a route, and what it answers."""

import msgspec

from cordboard.edge.client.request import Request, path_to


class ExplainRoute(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call to explain.

    Attributes:
        to: What the carrier sends as the called number, in any form.
        from_: The caller, as the carrier sends it.
        at: When the call would come, ISO 8601 in UTC; now when None.
    """

    to: str
    from_: str | None = msgspec.field(default=None, name="from")
    at: str | None = None


class Target(msgspec.Struct, frozen=True):
    """An agent that answers, with the worker that serves it."""

    agent_id: str
    agent_version: int
    livekit_agent_name: str
    livekit_deployment: str | None


class TraceStep(msgspec.Struct, frozen=True):
    """One step of a decision: which question was asked, what came of it, and why."""

    step: str
    result: str
    detail: str


class RouteWarning(msgspec.Struct, frozen=True):
    """An agent that would be sent for and that, as far as is known, nobody serves."""

    agent_id: str
    agent_version: int
    detail: str


class RouteExplanation(msgspec.Struct, frozen=True):
    """What would happen to a call, and why.

    Attributes:
        outcome: ``accepted`` or ``refused``.
        reason: Why nobody would answer; None when somebody would.
        phone_number: The registered number that the call reaches, or None.
        targets: The agent that answers, then those that take over when it fails.
        warnings: What is likely to go wrong with the call.
    """

    to: str
    from_: str | None = msgspec.field(name="from")
    at: str
    outcome: str
    reason: str | None
    phone_number: str | None
    targets: list[Target]
    trace: list[TraceStep]
    warnings: list[RouteWarning] = []


def explain_route(call: ExplainRoute) -> Request[RouteExplanation]:
    """Ask which agent would answer a call; nothing is changed, and nobody is called."""
    path = path_to("route", "explain")
    return Request("POST", path, RouteExplanation, body=call, is_lookup=True)
