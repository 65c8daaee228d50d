"""What is to be done about an outbound call, at every instant of its life."""

import pytest

from cordboard.calls.model import Call, CallState, EndReason, Leg, OutboundDial
from cordboard.calls.outbound.outcomes import DialOutcome, outcome_of
from cordboard.calls.outbound.steps import (
    SET_UP_WITHIN_MS,
    Close,
    Dial,
    LookForOutcome,
    OutboundStep,
    next_outbound_step,
)
from cordboard.calls.seen import Seen, Sighting
from cordboard.calls.steps import ASK_AGAIN_AFTER_MS, AskAgain, Deadlines, EndRoom, GoOn, Wait
from cordboard.numbers.e164 import E164
from cordboard.routing.events import Sight
from cordboard.routing.livekit_errors import (
    DialFailedError,
    LiveKitError,
    LiveKitKeyRefusedError,
    LiveKitNotFoundError,
    LiveKitUnansweredError,
    LiveKitUnreachableError,
)
from cordboard.routing.model import Accepted, Target
from cordboard.runtime.ids import OrganizationId, RegistrationId

START = 1_705_314_600_000
DEADLINES = Deadlines()
INTENT = START + 1_000
ANSWERED = START + 5_000

AGENT = Sighting(Sight.JOINED, "PA_agent", START + 300, "agent")
AGENT_AUDIO = Sighting(Sight.AUDIO, "PA_agent", START + 400, "agent")
AGENT_LEFT = Sighting(Sight.LEFT, "PA_agent", START + 7_000, "agent")
CALLEE = Sighting(Sight.JOINED, "PA_callee", START + 1_100, "sip")
CALLEE_LEFT = Sighting(Sight.LEFT, "PA_callee", START + 9_000, "sip", "CLIENT_INITIATED")
FINISHED = Sighting(Sight.ROOM_FINISHED, "", START + 9_500)


def a_call(dial: OutboundDial | None = None, **fields: int | str | None) -> Call:
    decision = Accepted(
        organization_id=OrganizationId("org_1"),
        phone_number=E164("+14155550100"),
        registration_id=RegistrationId("num_1"),
        revision=1,
        targets=(Target("agent_1", 1, "agent_1", None, "{}"),),
        trace=(),
    )
    call = Call(
        call_id="call_1",
        organization_id=decision.organization_id,
        cluster_id="default",
        room_sid="call_1",
        room="call_1",
        leg=Leg("", "", "+12125550123", "+14155550100", START, {}),
        decision=decision,
        is_decided_here=True,
        state=CallState.DIALLING,
        started_ms=START,
        created_ms=START,
        updated_ms=START,
        tried_ms=START,
        asked_ms=START,
        dispatch_id="AD_1",
        dial=dial or OutboundDial("ST_1"),
    )
    return call.changed(START, **fields)


def ringing() -> Call:
    return a_call(OutboundDial("ST_1", intent_ms=INTENT))


def answered() -> Call:
    dial = OutboundDial("ST_1", intent_ms=INTENT, outcome_ms=ANSWERED)
    return a_call(dial, answered_ms=ANSWERED)


def step(call: Call, after_ms: int, *sightings: Sighting) -> OutboundStep:
    room = Seen()
    for sighting in sightings:
        room = room.after(sighting)
    return next_outbound_step(call, room, START + after_ms, DEADLINES)


def test_a_call_that_nobody_has_taken_up_is_taken_up_at_once() -> None:
    assert step(a_call(asked_ms=0, dispatch_id=""), 0) == AskAgain()


def test_a_call_whose_follower_has_died_is_taken_up_by_another() -> None:
    call = a_call(dispatch_id="")
    assert step(call, ASK_AGAIN_AFTER_MS - 1) == Wait(START + ASK_AGAIN_AFTER_MS)
    assert step(call, ASK_AGAIN_AFTER_MS) == AskAgain()


def test_nobody_is_dialled_before_the_agent_is_there() -> None:
    assert step(a_call(), 5_999) == Wait(START + 6_000)
    assert step(a_call(), 300, AGENT) == Dial()
    assert step(a_call(), 6_000) == GoOn(EndReason.NO_AGENT)


def test_a_call_that_could_not_be_dialled_for_a_minute_never_is() -> None:
    for call in (a_call(), a_call(dispatch_id="", asked_ms=START + SET_UP_WITHIN_MS)):
        assert step(call, SET_UP_WITHIN_MS, AGENT) == GoOn(EndReason.NOT_DIALLED)


def test_a_room_that_goes_away_before_the_dial_ends_the_call() -> None:
    assert step(a_call(), 9_500, AGENT, FINISHED) == GoOn(EndReason.CONNECTION_LOST)


def test_a_dial_that_is_under_way_is_only_looked_for() -> None:
    last_ms = INTENT + DEADLINES.dialled_ms
    assert step(ringing(), 2_000, AGENT) == LookForOutcome(last_ms)
    late = step(ringing(), last_ms - START, AGENT)
    assert late == LookForOutcome(last_ms, is_last=True)


def test_a_callee_that_leaves_does_not_end_a_call_whose_outcome_is_still_to_come() -> None:
    assert isinstance(step(ringing(), 9_000, AGENT, CALLEE, CALLEE_LEFT), LookForOutcome)


def test_a_call_rings_for_no_agent_for_3_seconds_at_most() -> None:
    assert step(ringing(), 9_999, AGENT, AGENT_LEFT) == LookForOutcome(START + 10_000)
    assert step(ringing(), 10_000, AGENT, AGENT_LEFT) == GoOn(EndReason.AGENT_GONE)


@pytest.mark.parametrize("seen", [(CALLEE, CALLEE_LEFT, FINISHED), (FINISHED,)], ids=len)
def test_an_agent_that_goes_after_the_telephone_is_not_to_blame(seen: tuple[Sighting, ...]) -> None:
    left = Sighting(Sight.LEFT, "PA_agent", START + 9_600, "agent")
    assert step(ringing(), 12_600, AGENT, *seen, left) == GoOn(EndReason.UNKNOWN)


def test_a_call_on_which_somebody_talks_waits_for_nothing() -> None:
    assert step(answered(), 60_000, AGENT, AGENT_AUDIO, CALLEE) == Wait(None)


def test_an_agent_must_be_heard_in_time_after_the_answer() -> None:
    assert step(answered(), 14_999, AGENT, CALLEE) == Wait(START + 15_000)
    assert step(answered(), 15_000, AGENT, CALLEE) == GoOn(EndReason.AGENT_SILENT)


def test_an_agent_that_comes_back_into_an_answered_call_has_time_to_be_heard() -> None:
    back = Sighting(Sight.JOINED, "PA_back", START + 60_000, "agent")
    left = Sighting(Sight.LEFT, "PA_agent", START + 59_500, "agent")
    room = (CALLEE, AGENT, AGENT_AUDIO, left, back)
    assert step(answered(), 60_010, *room) == Wait(START + 63_000)
    assert step(answered(), 63_000, *room) == GoOn(EndReason.AGENT_SILENT)


def test_an_answered_call_may_be_without_its_agent_for_3_seconds() -> None:
    seen = (AGENT, AGENT_AUDIO, CALLEE, AGENT_LEFT)
    assert step(answered(), 9_999, *seen) == Wait(START + 10_000)
    assert step(answered(), 10_000, *seen) == GoOn(EndReason.AGENT_GONE)


@pytest.mark.parametrize(
    ("because", "reason"),
    [
        ("CLIENT_INITIATED", EndReason.CALLER_HUNG_UP),
        ("ROOM_DELETED", EndReason.AGENT_HUNG_UP),
        ("MEDIA_FAILURE", EndReason.CONNECTION_LOST),
    ],
)
def test_a_callee_that_leaves_an_answered_call_ends_it(because: str, reason: EndReason) -> None:
    left = Sighting(Sight.LEFT, "PA_callee", START + 9_000, "sip", because)
    assert step(answered(), 9_000, AGENT, CALLEE, left) == Close(reason, START + 9_000)


def test_a_call_that_is_being_ended_is_only_ended_and_one_that_has_is_left_alone() -> None:
    assert step(answered().changed(START, closing_ms=START + 6_000), 6_000, AGENT) == EndRoom()
    assert step(ringing().changed(START, ended_ms=START + 6_000), 90_000) == Wait(None)


@pytest.mark.parametrize(
    ("error", "rang_ms", "outcome"),
    [
        (DialFailedError("", "resource_exhausted", 486), 360, DialOutcome(EndReason.BUSY, 486)),
        (DialFailedError("", "permission_denied", 603), 360, DialOutcome(EndReason.DECLINED, 603)),
        (DialFailedError("", "not_found", 404), 360, DialOutcome(EndReason.NOT_FOUND, 404)),
        (
            DialFailedError("", "failed_precondition", 503),
            1,
            DialOutcome(EndReason.UNREACHABLE, 503),
        ),
        (DialFailedError("", "invalid_argument", 488), 1, DialOutcome(EndReason.UNREACHABLE, 488)),
        (DialFailedError("", "aborted", None), 360, DialOutcome(EndReason.UNREACHABLE)),
        (LiveKitUnansweredError("", "canceled"), 20_040, DialOutcome(EndReason.NO_ANSWER)),
        (LiveKitUnansweredError("", "canceled"), 130, DialOutcome(EndReason.CONNECTION_LOST)),
        (LiveKitNotFoundError("", "not_found"), 5, DialOutcome(EndReason.NOT_DIALLED)),
        (LiveKitKeyRefusedError("", "unauthenticated"), 5, DialOutcome(EndReason.NOT_DIALLED)),
        (LiveKitUnreachableError("", "unreachable"), 5, DialOutcome(EndReason.NOT_DIALLED)),
        (LiveKitUnansweredError("", "unanswered"), 30_000, None),
        (LiveKitUnansweredError("", "unavailable"), 1_000, None),
    ],
)
def test_what_livekit_says_of_a_dial_becomes_one_of_a_closed_set(
    error: LiveKitError, rang_ms: int, outcome: DialOutcome | None
) -> None:
    assert outcome_of(error, rang_ms, ringing_s=20) == outcome
