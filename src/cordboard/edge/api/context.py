"""What every request needs, put together once in ``main.py``."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request

from cordboard.calls.answering import Answering
from cordboard.calls.outbound.limits import MAX_SCHEDULED_CALLS
from cordboard.numbers.model import NumberRules
from cordboard.organizations.authentication import Authenticator
from cordboard.organizations.model import Pepper
from cordboard.provisioning.probe_agent import Probing
from cordboard.routing.drift import Drift
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database

HTTPRequest = Request[Any, Any, Any]


class Context(msgspec.Struct, frozen=True):
    """The parts of a running server that routes use.

    Attributes:
        has_livekit: Whether numbers are provisioned at a LiveKit.
        makes_pairs: Whether numbers have pairs of their own there.
        find_drift: Compares LiveKit with the estate, where there is one.
        answering: What answers calls, where there is a LiveKit.
        probing: Where agents are probed, where there is one.
        max_scheduled_calls: How many calls of an organization may wait for their time at once.
        public_url: How the outside reaches the server; relative where that is not told.
    """

    db: Database
    authenticator: Authenticator
    pepper: Pepper
    clock: Clock
    number_rules: NumberRules
    has_livekit: bool = False
    makes_pairs: bool = True
    find_drift: Callable[[], Awaitable[list[Drift]]] | None = None
    answering: Answering | None = None
    probing: Probing | None = None
    max_scheduled_calls: int = MAX_SCHEDULED_CALLS
    public_url: str = "/"


def context_of(request: HTTPRequest) -> Context:
    """Return the server's context."""
    context: Context = request.scope["litestar_app"].state["context"]
    return context
