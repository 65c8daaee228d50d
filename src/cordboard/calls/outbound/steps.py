"""What to do next about an outbound call: a pure function of its record, its room and the time.

The agent comes first, then the dial; a dial is never made twice, so what is not known of one is
only looked for.
"""

import msgspec

from cordboard.calls.model import Call, EndReason, OutboundDial
from cordboard.calls.seen import Presence, Seen
from cordboard.calls.steps import (
    ASK_AGAIN_AFTER_MS,
    NOTHING,
    AskAgain,
    Deadlines,
    EndRoom,
    GoOn,
    Wait,
    heard_again_ms,
)

SET_UP_WITHIN_MS = 60_000
"""A call that could not be dialled by then is not what was asked for any more."""


class Dial(msgspec.Struct, frozen=True):
    """Dial: the agent is there."""


class LookForOutcome(msgspec.Struct, frozen=True):
    """It may be ringing; whoever does not know what comes of it looks.

    Attributes:
        until_ms: When to look again at the latest.
        is_last: Whether nothing can come of it any more.
    """

    until_ms: int
    is_last: bool = False


class Close(msgspec.Struct, frozen=True):
    """The telephone's side is gone."""

    reason: EndReason
    at_ms: int


OutboundStep = Wait | AskAgain | GoOn | EndRoom | Dial | LookForOutcome | Close

_BY_DISCONNECT = {
    "CLIENT_INITIATED": EndReason.CALLER_HUNG_UP,
    "ROOM_DELETED": EndReason.AGENT_HUNG_UP,
    "PARTICIPANT_REMOVED": EndReason.AGENT_HUNG_UP,
}


def next_outbound_step(call: Call, seen: Seen, now_ms: int, deadlines: Deadlines) -> OutboundStep:
    """Return what is to be done about an outbound call at an instant."""
    if call.ended_ms is not None or call.dial is None:
        return NOTHING
    if call.closing_ms is not None:
        return EndRoom()
    if call.dial.intent_ms is None:
        return _set_up(call, seen, now_ms, deadlines)
    if call.dial.is_under_way:
        return _ringing(call.dial.intent_ms, seen, now_ms, deadlines)
    return _talking(call, call.dial, seen, now_ms, deadlines)


def _set_up(call: Call, seen: Seen, now_ms: int, deadlines: Deadlines) -> OutboundStep:
    """Have the agent in the room, within its time."""
    if now_ms >= call.started_ms + SET_UP_WITHIN_MS:
        return GoOn(EndReason.NOT_DIALLED)
    if not call.dispatch_id:
        ask_ms = call.asked_ms + ASK_AGAIN_AFTER_MS
        return AskAgain() if now_ms >= ask_ms else Wait(ask_ms)
    if seen.finished_ms is not None:
        return GoOn(EndReason.CONNECTION_LOST)
    if any(agent.is_here for agent in seen.agents):
        return Dial()
    due_ms = call.tried_ms + deadlines.joined_ms
    return GoOn(EndReason.NO_AGENT) if now_ms >= due_ms else Wait(due_ms)


def _ringing(
    intent_ms: int, seen: Seen, now_ms: int, deadlines: Deadlines
) -> GoOn | LookForOutcome:
    """Have an agent there when somebody answers."""
    gone_ms = _gone_ms(seen.agents, intent_ms, deadlines)
    if gone_ms is not None and now_ms >= gone_ms:
        # An agent that goes when the telephone's side has gone is not the one who failed; what came
        # of that dial was known to a process that is not there any more.
        is_over = seen.finished_ms is not None or seen.caller.left_ms is not None
        return GoOn(EndReason.UNKNOWN if is_over else EndReason.AGENT_GONE)
    outcome_ms = intent_ms + deadlines.dialled_ms
    if now_ms >= outcome_ms:
        return LookForOutcome(now_ms, is_last=True)
    return LookForOutcome(outcome_ms if gone_ms is None else min(gone_ms, outcome_ms))


def _talking(
    call: Call, dial: OutboundDial, seen: Seen, now_ms: int, deadlines: Deadlines
) -> Wait | GoOn | Close:
    """Hold the agents of an answered call against their deadlines, until somebody leaves."""
    answered_ms = call.answered_ms or dial.outcome_ms or now_ms
    left_ms = seen.caller.left_ms or seen.finished_ms
    if left_ms is not None:
        reason = _BY_DISCONNECT.get(seen.caller.because, EndReason.CONNECTION_LOST)
        return Close(reason, max(left_ms, answered_ms))
    here = [agent for agent in seen.agents if agent.is_here]
    if any(agent.audio_ms is not None for agent in here):
        return NOTHING
    due_ms, reason = answered_ms + deadlines.audio_ms, EndReason.AGENT_SILENT
    if here:
        due_ms = max(due_ms, heard_again_ms(here, deadlines))
    gone_ms = _gone_ms(seen.agents, answered_ms, deadlines)
    if gone_ms is not None:
        due_ms, reason = gone_ms, EndReason.AGENT_GONE
    return GoOn(reason) if now_ms >= due_ms else Wait(due_ms)


def _gone_ms(agents: list[Presence], since_ms: int, deadlines: Deadlines) -> int | None:
    """Return when the call has been without an agent for too long; None while one is there."""
    if any(agent.is_here for agent in agents):
        return None
    left = [agent.left_ms for agent in agents if agent.left_ms is not None]
    return max([since_ms, *left]) + deadlines.gone_ms
