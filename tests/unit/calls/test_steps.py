"""Which instant counts when several agents came and went, and when times contradict each other."""

import pytest

from cordboard.calls.model import EndReason
from cordboard.calls.seen import Sighting
from cordboard.calls.steps import ASK_AGAIN_AFTER_MS, AskAgain, Deadlines, GoOn, Wait, next_step
from cordboard.routing.events import Sight
from tests.support.builders import a_name
from tests.unit.calls.test_record import (
    AGENT,
    AGENT_LEFT,
    AUDIO,
    CALLER,
    FINISHED,
    START,
    a_call,
    seen,
    step,
)

SECOND = Sighting(Sight.JOINED, "PA_second", START + 7_300, "agent")
SECOND_AUDIO = Sighting(Sight.AUDIO, "PA_second", START + 7_400, "agent")
SECOND_LEFT = Sighting(Sight.LEFT, "PA_second", START + 9_000, "agent")


def test_an_agent_deadline_shorter_than_the_patience_with_a_dispatch_counts() -> None:
    call, room, hasty = a_call(dispatch_id=""), seen(CALLER), Deadlines(joined_ms=1_200)
    assert next_step(call, room, START, hasty) == Wait(START + 1_200)
    assert next_step(call, room, START + 1_200, hasty) == GoOn(EndReason.NO_AGENT)
    assert step(call, room, 0) == Wait(START + ASK_AGAIN_AFTER_MS)


def test_an_agent_that_livekit_does_not_send_for_has_its_time_from_the_first_request() -> None:
    room, late = seen(CALLER), a_call(dispatch_id="", asked_ms=START + 4_500)
    refused = late.changed(START, refused_ms=START)
    assert step(refused, room, 5_999) == Wait(START + 6_000)
    assert step(refused, room, 6_000) == GoOn(EndReason.NOT_DISPATCHED)
    assert step(refused, room, 9_000) == GoOn(EndReason.NOT_DISPATCHED)
    assert step(late, room, 9_000) == AskAgain(), "nobody has asked for it"
    sent = refused.changed(START, dispatch_id="AD_1")
    assert step(sent, room, 6_000) == GoOn(EndReason.NO_AGENT)


def test_a_call_is_without_an_agent_since_its_last_one_left() -> None:
    room = seen(CALLER, AGENT, AUDIO, AGENT_LEFT, SECOND, SECOND_AUDIO, SECOND_LEFT)
    assert step(a_call(), room, 9_000) == Wait(START + 12_000)
    assert step(a_call(), room, 12_000) == GoOn(EndReason.AGENT_GONE)


def test_an_agent_that_took_over_and_left_is_gone_and_not_late() -> None:
    room = seen(CALLER, AGENT, AUDIO, AGENT_LEFT, SECOND, SECOND_AUDIO, SECOND_LEFT)
    call = a_call(targets=2, attempt=1, tried_ms=START + 7_000, asked_ms=START + 7_000)
    assert step(call, room, 11_999) == Wait(START + 12_000)
    assert step(call, room, 12_000) == GoOn(EndReason.AGENT_GONE)


def test_the_first_of_two_agents_that_is_heard_answers() -> None:
    call = a_call().observed(seen(CALLER, AGENT, AUDIO, SECOND, SECOND_AUDIO), START)
    assert call.answered_ms == START + 400


def test_nothing_of_a_call_comes_before_its_start() -> None:
    early_audio = Sighting(Sight.AUDIO, "PA_agent", START - 40, "agent")
    early_left = Sighting(Sight.LEFT, "PA_caller", START - 20, "sip")
    call = a_call().observed(seen(CALLER, early_audio, early_left), START)
    assert (call.answered_ms, call.ended_ms, call.duration_ms) == (START, START, 0)


def test_the_time_of_the_last_change_never_goes_backwards() -> None:
    changed = a_call().changed(START + 500)
    assert changed.changed(START - 500).updated_ms == START + 500
    assert changed.observed(seen(CALLER, FINISHED), START - 500).updated_ms == START + 500


def test_targets_are_tried_one_after_the_other_and_none_twice() -> None:
    call, tried = a_call(targets=3), []
    while (target := call.next_target) is not None:
        call = call.changed(START, attempt=call.attempt + 1)
        assert call.target == target
        tried.append(target.agent_id)
    assert tried == ["agent_1", "agent_2"]


def test_who_somebody_is_stays_known_when_a_later_sighting_does_not_say() -> None:
    name = a_name("PA")
    joined = Sighting(Sight.JOINED, name, START, "agent")
    left = Sighting(Sight.LEFT, name, START + 900, "", "CLIENT_INITIATED")
    again = Sighting(Sight.LEFT, name, START + 950, "sip", "ROOM_DELETED")
    (presence,) = seen(joined, left, again).agents
    assert (presence.because, presence.left_ms) == ("CLIENT_INITIATED", START + 900)
    assert not presence.is_here


def test_an_agent_that_comes_back_into_a_call_has_time_to_be_heard() -> None:
    call = a_call(answered_ms=START + 400)
    back = Sighting(Sight.JOINED, "PA_back", START + 60_000, "agent")
    left = Sighting(Sight.LEFT, "PA_agent", START + 59_500, "agent")
    room = seen(CALLER, AGENT, AUDIO, left, back)
    assert step(call, room, 60_010) == Wait(START + 63_000)
    assert step(call, room, 63_000) == GoOn(EndReason.AGENT_SILENT)
    heard = Sighting(Sight.AUDIO, "PA_back", START + 60_070, "agent")
    assert step(call, room.after(heard), 63_000) == Wait(None)


@pytest.mark.parametrize("transferred_to", ["PA_aaa", "PA_zzz"])
def test_whoever_is_brought_in_by_the_agent_is_not_the_caller(transferred_to: str) -> None:
    came = Sighting(Sight.JOINED, transferred_to, START + 20_000, "sip")
    went = Sighting(Sight.LEFT, transferred_to, START + 30_000, "sip", "CLIENT_INITIATED")
    room = seen(CALLER, AGENT, AUDIO, came, went)
    assert a_call().observed(room, START).ended_ms is None
    hung_up = Sighting(Sight.LEFT, "PA_caller", START + 40_000, "sip", "CLIENT_INITIATED")
    ended = a_call().observed(room.after(hung_up), START)
    assert (ended.ended_ms, ended.end_reason) == (START + 40_000, EndReason.CALLER_HUNG_UP)
