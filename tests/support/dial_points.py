"""Where a server may be killed while it makes a call, and what must come of that."""

from typing import NamedTuple

from cordboard.simulated.livekit import Moment


class Point(NamedTuple):
    """Where the server is killed, and what must come of its call.

    Attributes:
        is_lost: The request that was under way never reached LiveKit.
        unsure_of: The request whose answer was lost before that.
    """

    method: str
    moment: Moment
    is_lost: bool
    reason: str
    invites: int
    unsure_of: str = ""

    def __str__(self) -> str:
        return f"{self.method} {'lost' if self.is_lost else self.moment}"


DONE = "caller_hung_up"
ADOPTED = "ended_by_request"
"""Of a call that another process found answered; who is called waits for that."""

POINTS = [
    Point("CreateRoom", Moment.BEFORE_EFFECT, is_lost=True, reason=DONE, invites=1),
    Point("CreateRoom", Moment.BEFORE_ANSWER, is_lost=False, reason=DONE, invites=1),
    Point("CreateDispatch", Moment.BEFORE_EFFECT, is_lost=True, reason=DONE, invites=1),
    Point("CreateDispatch", Moment.BEFORE_ANSWER, is_lost=False, reason=DONE, invites=1),
    Point(
        "ListDispatch",
        Moment.BEFORE_ANSWER,
        is_lost=False,
        reason=DONE,
        invites=1,
        unsure_of="CreateDispatch",
    ),
    Point("CreateSIPParticipant", Moment.BEFORE_EFFECT, is_lost=True, reason="unknown", invites=0),
    Point("CreateSIPParticipant", Moment.BEFORE_EFFECT, is_lost=False, reason=ADOPTED, invites=1),
    Point("CreateSIPParticipant", Moment.BEFORE_ANSWER, is_lost=False, reason=ADOPTED, invites=1),
    Point("DeleteRoom", Moment.BEFORE_EFFECT, is_lost=True, reason=DONE, invites=1),
    Point("DeleteRoom", Moment.BEFORE_ANSWER, is_lost=False, reason=DONE, invites=1),
]
"""Every request of a call, before and after it took effect."""
