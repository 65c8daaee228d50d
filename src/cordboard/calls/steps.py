"""What to do next about a call that is up: a pure function of its record, its room and the time.

Everything it depends on is in the database, so whoever asks, after a restart or on another node,
gets the same.
"""

import msgspec

from cordboard.calls.model import Call, EndReason
from cordboard.calls.seen import Presence, Seen

ASK_AGAIN_AFTER_MS = 1500
"""A dispatch that is not noted by then was never asked for, or its asker died."""

LOOK_AFTER_MS = 500
"""When a call that is to end shows no audio of its caller's, the event was lost: end it anyway."""


LONGEST_RINGING_S = 75
"""LiveKit gives up waiting for the answer to a dial after 80 s, whatever it was told."""


class Deadlines(msgspec.Struct, frozen=True):
    """How long agents and dials may take, in milliseconds where nothing else is said.

    Attributes:
        joined_ms: From the first request for its dispatch until it is in the room.
        audio_ms: From the first request for its dispatch until it can be heard.
        gone_ms: From the moment the last agent left an answered call until one is back, and from
            then until that one can be heard.
        late_ms: From the end of a call until an agent that took its job does not come any more.
        listed_ms: From a dispatch until LiveKit names the worker that took it, at the latest.
        ringing_s: Seconds that an outbound call rings at most.
        longest_s: Seconds that an outbound call lasts at most.
        settle_ms: After that, until LiveKit has given its word in any case.
    """

    joined_ms: int = 6_000
    audio_ms: int = 10_000
    gone_ms: int = 3_000
    late_ms: int = 5_000
    listed_ms: int = 6_000
    ringing_s: int = 20
    longest_s: int = 3_600
    settle_ms: int = 12_000

    @property
    def dialled_ms(self) -> int:
        """From the intent of a dial until nothing can come of it any more."""
        return self.ringing_s * 1000 + self.settle_ms


class Wait(msgspec.Struct, frozen=True):
    """Nothing until an instant, or, for None, until something is seen."""

    until_ms: int | None


class AskAgain(msgspec.Struct, frozen=True):
    """Send for the present agent: whoever should have done so, has not."""


class GoOn(msgspec.Struct, frozen=True):
    """The present agent has failed: try the next, or end the call."""

    reason: EndReason


class EndRoom(msgspec.Struct, frozen=True):
    """End everything in the room."""


Step = Wait | AskAgain | GoOn | EndRoom
NOTHING = Wait(None)


def next_step(call: Call, seen: Seen, now_ms: int, deadlines: Deadlines) -> Step:
    """Return what is to be done about a call at an instant."""
    if call.ended_ms is not None:
        return NOTHING
    if call.closing_ms is not None:
        return _closing(call.closing_ms, call.started_ms, seen.caller, now_ms)
    # Whom LiveKit sent for alone Cordboard does not ask again; a fallback is always its own.
    agents = _agents(call, seen, now_ms, deadlines)
    if (call.is_decided_here or call.attempt > 0) and not call.dispatch_id:
        ask_ms = call.asked_ms + ASK_AGAIN_AFTER_MS
        # An agent that nobody has asked for yet is asked for, however late that is.
        if call.refused_ms is not None and isinstance(agents, GoOn):
            return agents
        return AskAgain() if now_ms >= ask_ms else _sooner(Wait(ask_ms), agents)
    return agents


def _closing(closing_ms: int, started_ms: int, caller: Presence, now_ms: int) -> Step:
    """End it once the caller's audio shows that LiveKit's gateway will hear of it.

    Told before, the gateway rings on (seen in two of three calls); the timer is for a lost event.
    """
    look_ms = max(closing_ms, started_ms) + LOOK_AFTER_MS
    if caller.audio_ms is not None or now_ms >= look_ms:
        return EndRoom()
    return Wait(look_ms)


def _agents(call: Call, seen: Seen, now_ms: int, deadlines: Deadlines) -> Step:
    """Hold the agents against their deadlines."""
    here = [agent for agent in seen.agents if agent.is_here]
    if any(agent.audio_ms is not None for agent in here):
        return NOTHING
    is_refused = call.refused_ms is not None and not call.dispatch_id
    absent = EndReason.NOT_DISPATCHED if is_refused else EndReason.NO_AGENT
    if here:
        due_ms, reason = call.tried_ms + deadlines.audio_ms, EndReason.AGENT_SILENT
        if call.answered_ms is not None:
            due_ms = max(due_ms, heard_again_ms(here, deadlines))
    elif call.answered_ms is not None:
        gone_ms = max(agent.left_ms or 0 for agent in seen.agents)
        due_ms, reason = gone_ms + deadlines.gone_ms, EndReason.AGENT_GONE
        if call.attempt > 0 and call.tried_ms > gone_ms:
            due_ms, reason = call.tried_ms + deadlines.joined_ms, absent
    else:
        due_ms, reason = call.tried_ms + deadlines.joined_ms, absent
    return GoOn(reason) if now_ms >= due_ms else Wait(due_ms)


def heard_again_ms(here: list[Presence], deadlines: Deadlines) -> int:
    """Return until when agents that are here have to be heard in a call that was answered.

    One whose connection was lost comes back as somebody new, and is heard a moment later.
    """
    return max(agent.joined_ms or 0 for agent in here) + deadlines.gone_ms


def _sooner(first: Wait, second: Step) -> Step:
    """Return the step that comes first."""
    if isinstance(second, Wait) and (
        second.until_ms is None or second.until_ms > (first.until_ms or 0)
    ):
        return first
    return second
