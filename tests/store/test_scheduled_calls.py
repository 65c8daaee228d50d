"""Calls that wait for their time: made when it comes, guarded then, and never too late."""

import asyncio
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.calls.operations import end_call
from cordboard.calls.outbound.limits import MINUTE_MS
from cordboard.calls.outbound.model import CallRules, PhoneCallRequest
from cordboard.calls.outbound.refusals import CallLimitError, DestinationRefusedError
from cordboard.calls.outbound.reservations import change_guards, reserve, settle
from cordboard.calls.outbound.scheduling import (
    GRACE_MS,
    RETRY_MS,
    CallNotScheduledError,
    Due,
    cancel_schedule,
    reschedule_call,
    schedule_call,
    start_due,
)
from cordboard.calls.outbound.store.guards import get_usage
from cordboard.calls.outbound.store.schedule import list_due
from cordboard.calls.store import find_call, list_outbound_up, list_up
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import Number, NumberRules
from cordboard.numbers.operations import delete_number, update_number
from cordboard.operator.livekit import connected
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from cordboard.runtime.settings import Settings
from tests.support.builders import a_name
from tests.support.clock import SettableClock
from tests.support.numbers import registered
from tests.support.organizations import an_actor

CLUSTER = "default"
RULES = CallRules(CLUSTER, 60 * MINUTE_MS)
CALLEE = E164("+12125550123")
HOUR_MS = 60 * MINUTE_MS
AT_ONCE = 30


class Waiting:
    """A number of an organization, and a call that it is to make in an hour."""

    def __init__(self, db: Database, actor: Actor, number: Number, call: Call) -> None:
        self.db, self.actor, self.number, self.call = db, actor, number, call

    async def tried(self) -> Due | None:
        """Do what is to be done about the call now."""
        return await self.db.write(start_due, self.call, RULES)

    async def record(self) -> Call:
        found = await self.db.read(find_call, self.actor.organization_id, self.call.call_id)
        assert found is not None
        return found

    async def changed(self, **changes: Any) -> None:  # noqa: ANN401 - as the fields are
        """Change the number."""
        number = self.number.phone_number
        await self.db.write(update_number, self.actor, number, changes, None, NumberRules())


@pytest.fixture
async def waiting(db: Database, clock: SettableClock) -> Waiting:
    actor = await an_actor(db)
    fields = {"outbound_agent_id": "desk", "outbound_trunk_id": "ST_outbound"}
    number = await registered(db, actor, **fields)
    request = PhoneCallRequest(number.phone_number, CALLEE, None, None, {"ticket": "T"})
    call = await db.write(schedule_call, actor, request, clock() + HOUR_MS, RULES)
    return Waiting(db, actor, number, call)


async def test_no_more_calls_wait_at_once_than_may(waiting: Waiting, clock: SettableClock) -> None:
    rules = msgspec.structs.replace(RULES, max_scheduled_calls=3)
    request = PhoneCallRequest(waiting.number.phone_number, CALLEE, None, None, {})
    at_ms = clock() + HOUR_MS

    async def asked() -> str:
        try:
            await waiting.db.write(schedule_call, waiting.actor, request, at_ms, rules)
        except CallLimitError as error:
            return f"{error.refusal}: {error.detail}"
        return "waits"

    outcomes = await asyncio.gather(*(asked() for _ in range(AT_ONCE)))
    refused = (
        "scheduled_calls: max_scheduled_calls: 3 of 3 places are taken by calls that wait for "
        "their time; cancel some, or schedule this one when others were made"
    )
    assert outcomes.count("waits") == 2
    assert set(outcomes) == {"waits", refused}
    await waiting.db.write(cancel_schedule, waiting.actor, waiting.call.call_id)
    assert await asked() == "waits"


async def test_another_organizations_calls_that_wait_do_not_count(
    waiting: Waiting, clock: SettableClock
) -> None:
    other = await an_actor(waiting.db)
    fields = {"outbound_agent_id": "desk", "outbound_trunk_id": "ST_outbound"}
    number = await registered(waiting.db, other, **fields)
    request = PhoneCallRequest(number.phone_number, CALLEE, None, None, {})
    rules = msgspec.structs.replace(RULES, max_scheduled_calls=1)
    call = await waiting.db.write(schedule_call, other, request, clock() + HOUR_MS, rules)
    assert call.state is CallState.SCHEDULED


async def test_a_call_waits_until_it_is_due_and_reserves_nothing(
    waiting: Waiting, clock: SettableClock
) -> None:
    db, organization_id = waiting.db, waiting.actor.organization_id
    clock.advance(ms=HOUR_MS - 1)
    assert await db.read(list_due, CLUSTER, 10) == []
    assert await waiting.tried() is None
    assert (await waiting.record()).state is CallState.SCHEDULED
    assert (await db.read(get_usage, organization_id, 30)).concurrent_calls == 0
    assert await db.read(list_up, CLUSTER) == await db.read(list_outbound_up, CLUSTER) == []
    clock.advance(ms=1)
    assert await db.read(list_due, CLUSTER, 10) == [waiting.call]


async def test_a_call_that_is_due_begins_once_however_many_see_to_it(
    waiting: Waiting, clock: SettableClock
) -> None:
    clock.advance(ms=HOUR_MS)
    outcomes = await asyncio.gather(*(waiting.tried() for _ in range(AT_ONCE)))
    (begun,) = [outcome for outcome in outcomes if outcome is not None]
    assert begun.call == await waiting.record()
    assert begun.call.state is CallState.DIALLING
    assert begun.call.started_ms == begun.call.begun_ms == clock()
    assert begun.call.created_ms == waiting.call.created_ms
    assert begun.call.metadata == {"ticket": "T"}
    db, organization_id = waiting.db, waiting.actor.organization_id
    assert (await db.read(get_usage, organization_id, 30)).concurrent_calls == 1
    assert await db.read(list_outbound_up, CLUSTER) == [begun.call]


async def test_the_agent_is_the_one_that_the_number_has_when_the_call_is_due(
    waiting: Waiting, clock: SettableClock
) -> None:
    await waiting.changed(outbound_agent_id="night")
    clock.advance(ms=HOUR_MS)
    begun = await waiting.tried()
    assert begun is not None
    assert begun.call.target is not None
    assert begun.call.target.agent_id == "night"


@pytest.mark.parametrize(
    ("late_ms", "state", "reason"),
    [
        (GRACE_MS, CallState.DIALLING, None),
        (GRACE_MS + 1, CallState.ENDED, EndReason.MISSED),
    ],
)
async def test_a_call_that_nobody_saw_to_is_made_if_it_is_little_late(
    waiting: Waiting,
    clock: SettableClock,
    late_ms: int,
    state: CallState,
    reason: EndReason | None,
) -> None:
    clock.advance(ms=HOUR_MS + late_ms)
    await waiting.tried()
    call = await waiting.record()
    assert (call.state, call.end_reason) == (state, reason)
    assert await waiting.db.read(list_due, CLUSTER, 10) == []


async def test_a_limit_keeps_a_call_waiting_until_there_is_room(
    waiting: Waiting, clock: SettableClock
) -> None:
    organization_id = waiting.actor.organization_id
    other = a_name("call")
    await waiting.db.write(change_guards, waiting.actor, {"max_concurrent_calls": 1})
    await waiting.db.write(reserve, organization_id, other, HOUR_MS)
    clock.advance(ms=HOUR_MS)
    kept = await waiting.tried()
    assert kept is not None
    assert (kept.call.state, kept.refusal) == (CallState.SCHEDULED, "concurrent_calls")
    assert await waiting.tried() is None
    await waiting.db.write(settle, organization_id, other, 0)
    clock.advance(ms=RETRY_MS)
    begun = await waiting.tried()
    assert begun is not None
    assert begun.call.state is CallState.DIALLING
    assert begun.call.schedule is not None
    assert begun.call.schedule.refusal == ""


async def test_a_call_for_which_there_is_no_room_in_time_is_refused(
    waiting: Waiting, clock: SettableClock
) -> None:
    await waiting.db.write(change_guards, waiting.actor, {"max_minutes_per_day": 1})
    clock.advance(ms=HOUR_MS)
    await waiting.tried()
    clock.advance(ms=GRACE_MS + 1)
    await waiting.tried()
    call = await waiting.record()
    assert call.end_reason is EndReason.REFUSED
    assert call.schedule is not None
    assert (call.schedule.refusal, call.begun_ms) == ("call.limit", None)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("stopped", "call.stopped"),
        ("other region", "call.destination_refused"),
        ("number gone", "phone_number.not_found"),
        ("agent unbound", "phone_number.no_outbound_agent"),
        ("trunk unset", "phone_number.no_outbound_trunk"),
    ],
)
async def test_a_call_is_guarded_again_when_it_is_due(
    waiting: Waiting, clock: SettableClock, what: str, code: str
) -> None:
    db, actor = waiting.db, waiting.actor
    if what == "stopped":
        await db.write(change_guards, actor, {"is_stopped": True})
    elif what == "other region":
        await db.write(change_guards, actor, {"allowed_regions": frozenset({"DE"})})
    elif what == "number gone":
        await db.write(delete_number, actor, waiting.number.phone_number, None)
    elif what == "agent unbound":
        await waiting.changed(outbound_agent_id=None)
    else:
        await waiting.changed(outbound_trunk_id=None)
    clock.advance(ms=HOUR_MS)
    await waiting.tried()
    call = await waiting.record()
    assert (call.state, call.end_reason) == (CallState.ENDED, EndReason.REFUSED)
    assert call.schedule is not None
    assert (call.schedule.refusal, call.begun_ms, call.duration_ms) == (code, None, 0)
    assert (await db.read(get_usage, actor.organization_id, 30)).concurrent_calls == 0


async def test_a_name_that_only_livekit_knows_is_refused_when_agents_must_be_registered_by_then(
    waiting: Waiting, clock: SettableClock
) -> None:
    settings = Settings(
        livekit_url="http://127.0.0.1:1",
        livekit_api_key="key",
        livekit_api_secret=SecretStr("secret"),
        require_registered_agents=True,
    )
    clock.advance(ms=HOUR_MS)
    async with connected(settings, waiting.db) as livekit:
        await waiting.db.write(start_due, waiting.call, livekit.answering.outbound_rules)
    call = await waiting.record()
    assert (call.state, call.end_reason) == (CallState.ENDED, EndReason.REFUSED)
    assert call.schedule is not None
    assert call.schedule.refusal == "agent.not_found"


async def test_what_may_not_be_called_now_is_not_kept(waiting: Waiting) -> None:
    request = PhoneCallRequest(waiting.number.phone_number, E164("+19005550123"), None, None, {})
    with pytest.raises(DestinationRefusedError):
        await waiting.db.write(schedule_call, waiting.actor, request, 2_000_000_000_000, RULES)


async def test_a_call_that_waits_is_moved_to_another_time(
    waiting: Waiting, clock: SettableClock
) -> None:
    due_ms = clock() + HOUR_MS
    moved, before_ms = await waiting.db.write(
        reschedule_call, waiting.actor, waiting.call.call_id, due_ms + 1000
    )
    assert (before_ms, moved.started_ms) == (due_ms, due_ms + 1000)
    clock.advance(ms=HOUR_MS)
    assert await waiting.tried() is None
    clock.advance(ms=1000)
    assert await waiting.tried() is not None


@pytest.mark.parametrize("how", ["cancelled", "ended"])
async def test_a_call_that_waits_is_cancelled_and_never_made(
    waiting: Waiting, clock: SettableClock, how: str
) -> None:
    db, actor, call_id = waiting.db, waiting.actor, waiting.call.call_id
    if how == "cancelled":
        await db.write(cancel_schedule, actor, call_id)
        reason = EndReason.SCHEDULE_CANCELLED
    else:
        await db.write(end_call, actor, call_id)
        reason = EndReason.ENDED_BY_REQUEST
    clock.advance(ms=HOUR_MS)
    assert await db.read(list_due, CLUSTER, 10) == []
    assert await waiting.tried() is None
    call = await waiting.record()
    assert (call.state, call.end_reason, call.begun_ms) == (CallState.ENDED, reason, None)


async def test_a_call_that_has_begun_is_neither_moved_nor_cancelled(
    waiting: Waiting, clock: SettableClock
) -> None:
    clock.advance(ms=HOUR_MS)
    await waiting.tried()
    call_id = waiting.call.call_id
    with pytest.raises(CallNotScheduledError):
        await waiting.db.write(reschedule_call, waiting.actor, call_id, clock() + 1)
    with pytest.raises(CallNotScheduledError):
        await waiting.db.write(cancel_schedule, waiting.actor, call_id)
