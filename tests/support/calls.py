"""Calls for tests that need no LiveKit: recorded as events of one would have them."""

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from cordboard.calls.model import Call, Leg
from cordboard.calls.operations import observe
from cordboard.calls.outbound.model import CallRules, PhoneCallRequest
from cordboard.calls.outbound.reservations import change_guards
from cordboard.calls.outbound.scheduling import schedule_call
from cordboard.calls.seen import Sighting
from cordboard.numbers.e164 import E164
from cordboard.routing.events import Sight
from cordboard.routing.store import update_catch_all
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import WriteTx
from tests.support.builders import a_name
from tests.support.clock import START_MS

P = ParamSpec("P")
T = TypeVar("T")

CLUSTER = "default"
RULE = "SDR_catch_all"
FROM = "+12125550100"
CALLEE = E164("+12125550123")
FAR_MS = 1_900_000_000_000
"""In 2030: a call that waits for it waits for the whole test."""


class Writes(Protocol):
    """A server of the tests."""

    def write(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T: ...


class Seat(NamedTuple):
    """A room with a caller in it, and what shall be seen there."""

    room: str
    leg: Leg

    def sight(self, sight: Sight, kind: str, at_ms: int, because: str = "") -> Sighting:
        return Sighting(sight, f"PA_{kind}_{self.room}", at_ms, kind, because)


def a_seat(dialled: str, **attributes: Any) -> Seat:  # noqa: ANN401 - as the field is
    """Return a call that rings, seen by nobody yet."""
    leg = {
        "sip_call_id": a_name("SCL"),
        "rule_id": RULE,
        "dialled": dialled,
        "caller": FROM,
        "joined_ms": START_MS,
        "carrier_ids": {},
    }
    return Seat(a_name("RM"), Leg(**{**leg, **attributes}))


def recorded(server: Writes, seat: Seat, *sightings: Sighting) -> Call:
    """Record a call as it was seen; its caller is."""
    server.write(update_catch_all, CLUSTER, RULE)
    joined = seat.sight(Sight.JOINED, "sip", seat.leg.joined_ms)
    room = (seat.room, f"call_{FROM}_{seat.room}")
    taken = server.write(observe, CLUSTER, room, [joined, *sightings], seat.leg)
    assert taken is not None
    return taken.call


def a_scheduled_call(server: Writes, actor: Actor, number: str, at_ms: int = FAR_MS) -> Call:
    """Keep a call that a number of the organization is to make; it needs agent and trunk.

    Where the organization's calls may go is made the default again.
    """
    server.write(change_guards, actor, {"allowed_regions": None})
    request = PhoneCallRequest(E164(number), CALLEE, None, None, {})
    return server.write(schedule_call, actor, request, at_ms, CallRules(CLUSTER, 3_600_000))


def an_ended_call(server: Writes, dialled: str, **attributes: Any) -> Call:  # noqa: ANN401 - as the field is
    """Record a call that was answered after 1 s and lasted one minute."""
    seat = a_seat(dialled, **attributes)
    return recorded(
        server,
        seat,
        seat.sight(Sight.JOINED, "agent", seat.leg.joined_ms + 900),
        seat.sight(Sight.AUDIO, "agent", seat.leg.joined_ms + 1000),
        seat.sight(Sight.LEFT, "sip", seat.leg.joined_ms + 61_000, "CLIENT_INITIATED"),
    )
