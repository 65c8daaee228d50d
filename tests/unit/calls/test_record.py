"""The same sightings make the same record, whatever their order and number."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.calls.model import Call, CallState, EndReason, Leg
from cordboard.calls.seen import Seen, Sighting
from cordboard.calls.steps import (
    ASK_AGAIN_AFTER_MS,
    LOOK_AFTER_MS,
    AskAgain,
    Deadlines,
    EndRoom,
    GoOn,
    Step,
    Wait,
    next_step,
)
from cordboard.numbers.e164 import E164
from cordboard.routing.events import Sight
from cordboard.routing.model import Accepted, RefusalReason, Refused, Target
from cordboard.runtime.ids import OrganizationId, RegistrationId

START = 1_705_314_600_000
DEADLINES = Deadlines()

CALLER = Sighting(Sight.JOINED, "PA_caller", START, "sip")
CALLER_AUDIO = Sighting(Sight.AUDIO, "PA_caller", START + 30)
AGENT = Sighting(Sight.JOINED, "PA_agent", START + 300, "agent")
AUDIO = Sighting(Sight.AUDIO, "PA_agent", START + 400)
AGENT_LEFT = Sighting(Sight.LEFT, "PA_agent", START + 4000, "agent")
LEFT = Sighting(Sight.LEFT, "PA_caller", START + 5000, "sip", "CLIENT_INITIATED")
FINISHED = Sighting(Sight.ROOM_FINISHED, "", START + 7000)
LIFE = [CALLER, CALLER_AUDIO, AGENT, AUDIO, LEFT, FINISHED]


def a_call(*, is_refused: bool = False, targets: int = 1, **fields: int | str | None) -> Call:
    organization = OrganizationId("org_1")
    accepted = Accepted(
        organization_id=organization,
        phone_number=E164("+14155550100"),
        registration_id=RegistrationId("num_1"),
        revision=1,
        targets=tuple(Target(f"agent_{i}", 1, f"agent_{i}", None, "{}") for i in range(targets)),
        trace=(),
    )
    refused = Refused(RefusalReason.UNBOUND_NUMBER, organization, E164("+14155550100"), ())
    call = Call(
        call_id="call_1",
        organization_id=organization,
        cluster_id="default",
        room_sid="RM_1",
        room="call_1",
        leg=Leg("SCL_1", "SDR_1", "+14155550100", "+12125550100", START, {}),
        decision=refused if is_refused else accepted,
        is_decided_here=True,
        state=CallState.RINGING,
        started_ms=START,
        created_ms=START,
        updated_ms=START,
        tried_ms=START,
        asked_ms=START,
        dispatch_id="AD_1",
    )
    return call.changed(START, **fields)


def seen(*sightings: Sighting) -> Seen:
    result = Seen()
    for sighting in sightings:
        result = result.after(sighting)
    return result


def step(call: Call, room: Seen, after_ms: int) -> Step:
    return next_step(call.observed(room, START), room, START + after_ms, DEADLINES)


def test_every_order_of_a_calls_life_makes_the_same_record() -> None:
    expected = a_call().observed(seen(*LIFE), START)
    assert expected.state is CallState.ENDED
    assert expected.answered_ms == START + 400
    assert expected.ended_ms == START + 5000
    assert expected.end_reason is EndReason.CALLER_HUNG_UP
    assert expected.duration_ms == 4600
    for order in permutations(LIFE):
        call, room = a_call(), Seen()
        for sighting in order:
            room = room.after(sighting)
            call = call.observed(room, START)
        assert call == expected


@given(st.lists(st.sampled_from(LIFE), max_size=20))
def test_sightings_that_come_twice_change_nothing(sightings: list[Sighting]) -> None:
    assert seen(*sightings, *sightings) == seen(*sightings)


def test_a_lost_end_of_the_caller_is_made_up_for_by_the_rooms() -> None:
    call = a_call().observed(seen(CALLER, AGENT, AUDIO, FINISHED), START)
    assert (call.ended_ms, call.end_reason) == (START + 7000, EndReason.CONNECTION_LOST)


def test_audio_after_the_end_is_no_answer() -> None:
    late = Sighting(Sight.AUDIO, "PA_agent", START + 9000, "agent")
    call = a_call().observed(seen(CALLER, LEFT, late), START)
    assert (call.answered_ms, call.end_reason) == (None, EndReason.CALLER_GAVE_UP)


@pytest.mark.parametrize(
    ("because", "reason"),
    [
        ("ROOM_DELETED", EndReason.AGENT_HUNG_UP),
        ("PARTICIPANT_REMOVED", EndReason.AGENT_HUNG_UP),
        ("USER_UNAVAILABLE", EndReason.NOT_ANSWERED),
        ("MEDIA_FAILURE", EndReason.CONNECTION_LOST),
    ],
)
def test_livekits_reason_becomes_one_of_ours(because: str, reason: EndReason) -> None:
    left = Sighting(Sight.LEFT, "PA_caller", START + 1, "sip", because)
    assert a_call().observed(seen(CALLER, left), START).end_reason is reason


def test_a_dispatch_that_is_not_noted_is_asked_for_again() -> None:
    call, room = a_call(dispatch_id=""), seen(CALLER)
    assert step(call, room, ASK_AGAIN_AFTER_MS - 1) == Wait(START + ASK_AGAIN_AFTER_MS)
    assert step(call, room, ASK_AGAIN_AFTER_MS) == AskAgain()


def test_a_fallback_is_asked_for_again_also_where_livekit_sent_for_the_agent_alone() -> None:
    call = a_call(targets=2, attempt=1, dispatch_id="").changed(START, is_decided_here=False)
    assert step(call, seen(CALLER), ASK_AGAIN_AFTER_MS) == AskAgain()
    first = a_call(targets=2, dispatch_id="").changed(START, is_decided_here=False)
    assert step(first, seen(CALLER), ASK_AGAIN_AFTER_MS) == Wait(START + 6_000)


def test_an_agent_must_be_in_the_room_in_time() -> None:
    call, room = a_call(), seen(CALLER)
    assert step(call, room, 5_999) == Wait(START + 6_000)
    assert step(call, room, 6_000) == GoOn(EndReason.NO_AGENT)


def test_an_agent_must_be_heard_in_time() -> None:
    call, room = a_call(), seen(CALLER, AGENT)
    assert step(call, room, 9_999) == Wait(START + 10_000)
    assert step(call, room, 10_000) == GoOn(EndReason.AGENT_SILENT)


def test_a_call_with_an_agent_that_is_heard_waits_for_nothing() -> None:
    assert step(a_call(), seen(CALLER, AGENT, AUDIO), 60_000) == Wait(None)


def test_an_answered_call_may_be_without_its_agent_for_3_seconds() -> None:
    call, room = a_call(), seen(CALLER, AGENT, AUDIO, AGENT_LEFT)
    assert step(call, room, 6_999) == Wait(START + 7_000)
    assert step(call, room, 7_000) == GoOn(EndReason.AGENT_GONE)


def test_an_agent_that_takes_over_has_its_own_time() -> None:
    room = seen(CALLER, AGENT, AUDIO, AGENT_LEFT)
    call = a_call(targets=2, attempt=1, tried_ms=START + 7_000, asked_ms=START + 7_000)
    assert step(call, room, 12_999) == Wait(START + 13_000)
    assert step(call, room, 13_000) == GoOn(EndReason.NO_AGENT)


def test_a_refused_call_is_ended_once_its_caller_is_heard() -> None:
    call = a_call(is_refused=True, closing_ms=START)
    assert step(call, seen(CALLER), 20) == Wait(START + LOOK_AFTER_MS)
    assert step(call, seen(CALLER, CALLER_AUDIO), 30) == EndRoom()
    assert step(call, seen(CALLER), LOOK_AFTER_MS) == EndRoom()


def test_about_a_call_that_has_ended_nothing_is_done() -> None:
    call = a_call(dispatch_id="", closing_ms=START)
    assert step(call, seen(CALLER, LEFT), 60_000) == Wait(None)
