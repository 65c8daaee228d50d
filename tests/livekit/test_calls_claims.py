"""Whoever changes a call has seen it as it stands: of several deciders, exactly one goes on."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from cordboard.calls import operations, store
from cordboard.calls.model import Call, EndReason
from cordboard.calls.operations import Taken
from cordboard.calls.seen import Seen, Sighting
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import checked_changes
from cordboard.numbers.operations import update_number
from cordboard.routing.events import LiveKitEvent, Sight
from cordboard.routing.store import update_catch_all
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from tests.support.calls import CLUSTER, FROM, RULE, Seat, a_seat
from tests.support.clock import START_MS, SettableClock
from tests.support.numbers import RULES, registered
from tests.support.organizations import an_actor
from tests.support.raw_sql import run_sql

Change = Callable[[Call], Awaitable[Call | None]]


class Calls:
    """One organization's calls, begun and changed as deciders do it."""

    def __init__(self, db: Database, actor: Actor) -> None:
        self.db, self.actor = db, actor

    async def begin(self) -> tuple[Seat, Call]:
        """Let a call ring for an agent that has another behind it."""
        await self.db.write(update_catch_all, CLUSTER, RULE)
        number = await registered(
            self.db, self.actor, inbound_agent_id="desk", fallback_agent_id="night"
        )
        seat = a_seat(number.phone_number)
        taken = await self.see(seat, seat.sight(Sight.JOINED, "sip", START_MS))
        assert taken is not None
        return seat, taken.call

    async def see(self, seat: Seat, *sightings: Sighting) -> Taken | None:
        """Let something be seen of a call's room."""
        room = (seat.room, f"call_{FROM}_{seat.room}")
        return await self.db.write(operations.observe, CLUSTER, room, sightings, seat.leg)

    async def stands(self, call: Call) -> Call | None:
        """Return a call as it stands now."""
        return await self.db.read(store.find_call, call.organization_id, call.call_id)

    def changes(self) -> dict[str, Change]:
        """Return what deciders do to a call that they saw."""
        write = self.db.write
        return {
            "ask again": lambda call: write(operations.ask_again, call),
            "try next": self.try_next,
            "give up": self.give_up,
        }

    async def seen(self, call: Call) -> Seen:
        """Return what was seen of a call's room until now."""
        found = await self.db.read(store.find_followed, CLUSTER, call.call_id)
        assert found is not None
        return found[1]

    async def try_next(self, call: Call) -> Call | None:
        """Go on to the next agent of a call, whose room stands as it does."""
        return await self.db.write(operations.try_next, call, await self.seen(call))

    async def give_up(self, call: Call) -> Call | None:
        """Begin to end a call, whose room stands as it does."""
        seen = await self.seen(call)
        return await self.db.write(operations.give_up, call, seen, EndReason.NO_AGENT)


@pytest.fixture
async def calls(db: Database) -> Calls:
    return Calls(db, await an_actor(db))


CHANGES = ("ask again", "try next", "give up")


@pytest.mark.parametrize("first", CHANGES)
@pytest.mark.parametrize("second", CHANGES)
async def test_of_two_that_saw_the_same_call_the_second_changes_nothing(
    calls: Calls, clock: SettableClock, first: str, second: str
) -> None:
    _, call = await calls.begin()
    clock.advance(seconds=2)
    changed = await calls.changes()[first](call)
    assert changed is not None
    clock.advance(seconds=1)
    assert await calls.changes()[second](call) is None
    assert await calls.changes()[first](call) is None
    assert await calls.stands(call) == changed


@pytest.mark.parametrize("change", CHANGES)
async def test_a_call_that_ended_meanwhile_is_left_alone(calls: Calls, change: str) -> None:
    seat, call = await calls.begin()
    left = seat.sight(Sight.LEFT, "sip", START_MS + 900, "CLIENT_INITIATED")
    taken = await calls.see(seat, left)
    assert taken is not None
    assert taken.has_just_ended
    assert await calls.changes()[change](call) is None
    assert await calls.stands(call) == taken.call
    assert taken.call.end_reason is EndReason.CALLER_GAVE_UP


@pytest.mark.parametrize("change", CHANGES)
async def test_a_call_that_its_customer_ends_goes_to_no_further_agent(
    calls: Calls, change: str
) -> None:
    _, call = await calls.begin()
    ending = await calls.db.write(operations.end_call, calls.actor, call.call_id)
    assert ending.closing_reason is EndReason.ENDED_BY_REQUEST
    assert await calls.changes()[change](call) is None
    assert await calls.db.write(operations.note_dispatch, call, "AD_1") is None
    assert await calls.stands(call) == ending


async def test_an_agent_that_comes_at_the_last_moment_stays(calls: Calls) -> None:
    seat, call = await calls.begin()
    seen = await calls.seen(call)
    joined = await calls.see(seat, seat.sight(Sight.JOINED, "agent", START_MS + 5_999))
    assert joined is not None
    assert await calls.db.write(operations.try_next, call, seen) is None
    assert await calls.db.write(operations.give_up, call, seen, EndReason.NO_AGENT) is None
    assert await calls.stands(call) == joined.call
    assert (await calls.try_next(call)) is not None


async def test_the_next_agent_has_its_own_time_and_no_dispatch_yet(
    calls: Calls, clock: SettableClock
) -> None:
    _, call = await calls.begin()
    noted = await calls.db.write(operations.note_dispatch, call, "AD_1")
    assert noted is not None
    clock.advance(seconds=6)
    following = await calls.try_next(noted)
    assert following is not None
    assert following.target is not None
    assert following.target.agent_id == "night"
    assert (following.attempt, following.dispatch_id) == (1, "")
    assert following.tried_ms == following.asked_ms == START_MS + 6_000
    assert following.next_target is None


async def test_a_call_keeps_the_decision_that_it_rang_with(calls: Calls) -> None:
    seat, call = await calls.begin()
    changes = {"inbound_agent_id": "another", "fallback_agent_id": None}
    assert call.target is not None
    phone_number = E164(seat.leg.dialled)
    checked = checked_changes(changes, RULES)
    await calls.db.write(update_number, calls.actor, phone_number, checked, None, RULES)
    following = await calls.try_next(call)
    assert following is not None
    assert following.decision == call.decision


async def test_a_call_by_a_foreign_rule_that_is_looked_at_is_not_recorded(calls: Calls) -> None:
    await calls.db.write(update_catch_all, CLUSTER, RULE)
    number = await registered(calls.db, calls.actor, inbound_agent_id="desk")
    seat = a_seat(number.phone_number, rule_id="SDR_foreign")
    assert await calls.see(seat, seat.sight(Sight.JOINED, "sip", START_MS)) is None


async def test_a_record_that_was_deleted_does_not_begin_anew(calls: Calls) -> None:
    seat, call = await calls.begin()
    await calls.see(seat, seat.sight(Sight.LEFT, "sip", START_MS + 900))
    await calls.db.write(operations.delete_call, calls.actor, call.call_id)
    for sight in (Sight.JOINED, Sight.AUDIO, Sight.LEFT):
        assert await calls.see(seat, seat.sight(sight, "sip", START_MS + 950)) is None
    assert await calls.stands(call) is None


def an_event(seat: Seat, event_id: str, sight: Sight, created_s: int) -> LiveKitEvent:
    return LiveKitEvent(
        event_id=event_id,
        sight=sight,
        room_sid=seat.room,
        room=f"call_{FROM}_{seat.room}",
        participant_sid=f"PA_sip_{seat.room}",
        kind="sip",
        joined_ms=START_MS,
        created_s=created_s,
        disconnect_reason="CLIENT_INITIATED" if sight is Sight.LEFT else "",
        attributes={
            "sip.callID": seat.leg.sip_call_id,
            "sip.ruleID": seat.leg.rule_id,
            "sip.trunkPhoneNumber": seat.leg.dialled,
            "sip.phoneNumber": FROM,
        },
    )


@pytest.mark.parametrize(("late_s", "counts_ms"), [(-1, 0), (0, START_MS % 1000), (3, 999)])
async def test_an_event_happened_within_its_second_and_not_after_it_came(
    calls: Calls, clock: SettableClock, late_s: int, counts_ms: int
) -> None:
    seat, _ = await calls.begin()
    clock.advance(seconds=5)
    second = (START_MS + 5_000) // 1000 - late_s
    left = an_event(seat, "EV_left", Sight.LEFT, second)
    taken = await calls.db.write(operations.record_event, CLUSTER, left)
    assert taken is not None
    assert taken.call.ended_ms == second * 1000 + counts_ms


async def test_an_event_that_was_taken_is_not_taken_again(
    calls: Calls, clock: SettableClock
) -> None:
    seat, call = await calls.begin()
    joined = an_event(seat, "EV_joined", Sight.JOINED, START_MS // 1000)
    taken = await calls.db.write(operations.record_event, CLUSTER, joined)
    assert taken is not None
    clock.advance(seconds=700)
    assert await calls.db.write(operations.record_event, CLUSTER, joined) is None
    assert await calls.db.write_long(store.delete_old_events, 10) == 0
    clock.advance(seconds=300)
    assert await calls.db.write_long(store.delete_old_events, 10) == 1
    again = await calls.db.write(operations.record_event, CLUSTER, joined)
    assert again is not None
    assert not again.is_new
    assert again.call == await calls.stands(call) == call


async def test_of_a_call_by_a_foreign_rule_nothing_at_all_is_kept(
    calls: Calls, database_url: str
) -> None:
    await calls.db.write(update_catch_all, CLUSTER, RULE)
    seat = a_seat("+14155550100", rule_id="SDR_foreign")
    for sight in (Sight.JOINED, Sight.AUDIO, Sight.LEFT):
        event = an_event(seat, f"EV_{sight}", sight, START_MS // 1000)
        assert await calls.db.write(operations.record_event, CLUSTER, event) is None
    nobody = msgspec.structs.replace(
        an_event(seat, "EV_other", Sight.JOINED, START_MS // 1000), attributes={}
    )
    assert await calls.db.write(operations.record_event, CLUSTER, nobody) is None
    for table in ("livekit_event", "livekit_room", "phone_call"):
        assert run_sql(database_url, f"SELECT COUNT(*) FROM {table}") == [(0,)], table
