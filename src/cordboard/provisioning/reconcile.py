"""Make LiveKit what the estate says: list everything, compare, repair, and note what stands.

The work is the same whether nothing drifted or everything did. Only what carries this
installation's tag is changed. Creates are not idempotent, so none is repeated within a tick: what
an unanswered create left behind is found by its tag, and adopted, in the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from cordboard.provisioning.for_each_tag import for_each_tag, is_unanswered
from cordboard.provisioning.learned_state import Found, learned_state, let_go
from cordboard.provisioning.note_states import note_states
from cordboard.provisioning.promise_pairs import promise_pairs
from cordboard.provisioning.remove_surplus import remove_surplus
from cordboard.provisioning.repair_pair import repair_pair
from cordboard.routing import store
from cordboard.routing.comparison import Difference, Ready, Repair, compare, is_right
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.livekit_shapes import Listing
from cordboard.routing.model import RoutableNumber
from cordboard.routing.store import NumberState
from cordboard.routing.topology import (
    CATCH_ALL,
    Estate,
    Layer,
    Pair,
    catch_all,
    pair_of,
    tag_of,
)
from cordboard.runtime.db import Database
from cordboard.runtime.ids import RegistrationId, new_id
from cordboard.runtime.leases import claim_lease, release_lease
from cordboard.runtime.outbox import list_events
from cordboard.runtime.repeating import Work

LEASE_MS = 8_000
EVENTS_AT_ONCE = 1000

WATCH_EVERY_S = 2.0
FOLLOW_EVERY_S = 0.1
LOOK_EVERY_S = 30.0
LONGEST_REST_S = 2.0

Outcomes = dict[str, Ready | LiveKitError]


def reconcile(reconciler: "Reconciler") -> list[Work]:
    """Return the work that each worker repeats; the lease lets one of them do it.

    The catch-all is watched by id every 2 s, changes are followed ten times a second, and
    everything is looked at every 30 s whether anything changed or not.
    """
    return [
        Work("watch_catch_all", reconciler.watch_catch_all, WATCH_EVERY_S),
        Work("follow_changes", reconciler.follow_changes, FOLLOW_EVERY_S),
        Work("reconcile", reconciler.tick, LOOK_EVERY_S),
    ]


class Plan(msgspec.Struct, frozen=True):
    """What a tick found: the numbers with pairs of their own, and how LiveKit differs."""

    numbers: list[RoutableNumber]
    listing: Listing
    difference: Difference

    def contents(self) -> tuple[list[Any] | dict[str, Any], ...]:
        """Return what there is as much of as of numbers, to be let go in this order.

        What is listed goes last: in the order in which it was made, it goes fastest.
        """
        found, listing = self.difference, self.listing
        return found.repairs, found.ready, self.numbers, listing.trunks, listing.rules


class Reconciler:
    """The one writer of a cluster's trunks and rules; of several workers one holds the lease."""

    def __init__(self, db: Database, livekit: LiveKit, estate: Estate) -> None:
        """Know nothing of the cluster yet: the first check lists everything."""
        self._db = db
        self._livekit = livekit
        self._state = partial(learned_state, livekit.cluster_id)
        self._estate = estate
        self._wanted_catch_all = catch_all(estate)
        self._holder = new_id("worker_")
        self._lease = f"reconcile/{livekit.cluster_id}"
        self._leads_until_s = 0.0
        self._tick_lock = asyncio.Lock()
        self._catch_all_lock = asyncio.Lock()
        self._catch_all: Ready | None = None
        self._noted_rule = ""
        self._seen = 0
        self._is_stale = False
        self._has_failed = False
        self._rests_until_s = 0.0

    async def watch_catch_all(self) -> None:
        """See by id that the catch-all stands, and rebuild it before anything else if not.

        Nothing tells of an emptied Redis: no error, only callers who hear ringing for ever. When
        the catch-all was gone, or the last look failed, everything is looked at next. This goes on
        while a long tick is under way, and keeps its lease.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        if not await self._leads():
            return
        try:
            was_rebuilt = await self._keep_catch_all()
        except LiveKitError as error:
            self._has_failed = True
            failed = self._state(store.CATCH_ALL_STATE, store.EVERYBODY, error, None)
            await self._db.write(store.update_states, [failed])
            raise
        if was_rebuilt or self._has_failed:
            self._is_stale, self._has_failed = True, False

    async def follow_changes(self) -> None:
        """Look at everything if something has changed since the last look.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        has_news = bool(await self._db.read(list_events, self._seen, 1))
        if self._is_stale or has_news:
            # Changes without end leave half of the time to everything else.
            await asyncio.sleep(self._rests_until_s - asyncio.get_running_loop().time())
            await self.tick()

    async def tick(self) -> None:
        """List, compare, repair, and note what stands.

        Raises:
            LiveKitError: LiveKit cannot be asked; single repairs that fail are noted instead.
        """
        async with self._tick_lock:
            if not await self._leads():
                return
            began_s = asyncio.get_running_loop().time()
            self._is_stale, self._has_failed = False, True
            await self._pass_events()
            self._has_failed = not await self._put_right()
            ended_s = asyncio.get_running_loop().time()
            self._rests_until_s = ended_s + min(ended_s - began_s, LONGEST_REST_S)

    async def _put_right(self) -> bool:
        """Do what a tick does; return whether it is known of everything that it was done."""
        known = await self._db.scan(store.list_states, self._livekit.cluster_id)
        async with self._catch_all_lock:
            plan = await self.plan()
            outcomes = await self._repair_catch_all(plan.difference)
        concerned = await asyncio.to_thread(_concerned, plan)
        await self._promise([it for tag, it in concerned.items() if tag not in known], known)
        left = await remove_surplus(self._livekit, plan.difference, self._still_leads)
        outcomes |= await self._repair_pairs(plan.difference.repairs, concerned, known)
        changed, gone = await asyncio.to_thread(self._learned, plan, outcomes, known)
        gone = [name for name in gone if name not in left]
        await note_states(self._db, changed, gone if self._still_leads() else [])
        is_known = not (left or any(map(is_unanswered, outcomes.values())))
        await asyncio.to_thread(let_go, changed, outcomes, concerned, known, *plan.contents())
        return is_known

    async def plan(self) -> Plan:
        """Return what a tick would find and do, and change nothing.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        numbers = await self._numbers_with_pairs()
        listing = await self._livekit.list_everything()
        difference = await asyncio.to_thread(self._compared, numbers, listing)
        return Plan(numbers, listing, difference)

    async def _numbers_with_pairs(self) -> list[RoutableNumber]:
        if self._estate.layer is Layer.SHARED:
            return []
        return await self._db.scan(store.list_static_numbers)

    async def stop(self) -> None:
        """Give the lease back, so that another worker can go on at once."""
        self._leads_until_s = 0.0
        await self._db.write(release_lease, self._lease, self._holder)

    async def _leads(self) -> bool:
        """Take or renew the lease."""
        asked_s = asyncio.get_running_loop().time()
        if not await self._db.write(claim_lease, self._lease, self._holder, LEASE_MS):
            self._leads_until_s = 0.0
            return False
        self._leads_until_s = asked_s + LEASE_MS / 1000
        return True

    def _still_leads(self) -> bool:
        """Whether nobody else can have the lease yet: in a long tick the watch renews it."""
        return asyncio.get_running_loop().time() < self._leads_until_s

    async def _keep_catch_all(self) -> bool:
        """Rebuild the catch-all unless it stands; return whether that was done."""
        async with self._catch_all_lock:
            if await self._stands():
                return False
            listing = await self._livekit.list_everything()
            difference = await asyncio.to_thread(self._compared_catch_all, listing)
            self._catch_all = difference.ready.get(CATCH_ALL)
            await self._repair_catch_all(difference)
            return self._catch_all is not None

    async def _stands(self) -> bool:
        """Whether the catch-all is there and right, both halves, by id."""
        known = self._catch_all
        if known is None:
            return False
        trunk, rule = await asyncio.gather(
            self._livekit.find_inbound_trunk(known.trunk_id),
            self._livekit.find_dispatch_rule(known.rule_id),
        )
        return is_right(self._wanted_catch_all, trunk, rule)

    def _compared(self, numbers: list[RoutableNumber], listing: Listing) -> Difference:
        return compare(
            self._desired(numbers), listing.trunks, listing.rules, self._estate.installation
        )

    def _desired(self, numbers: list[RoutableNumber]) -> Iterator[Pair]:
        yield self._wanted_catch_all
        for number in numbers:
            pair = pair_of(self._estate, number)
            if pair is not None:
                yield pair

    def _compared_catch_all(self, listing: Listing) -> Difference:
        difference = compare(
            [self._wanted_catch_all],
            [trunk for trunk in listing.trunks if self._concerns_catch_all(trunk.metadata)],
            [rule for rule in listing.rules if self._concerns_catch_all(rule.metadata)],
            self._estate.installation,
        )
        let_go(listing.trunks, listing.rules)
        return difference

    def _concerns_catch_all(self, metadata: str) -> bool:
        tag = tag_of(metadata, self._estate.installation)
        return tag is None or tag.name == CATCH_ALL

    async def _pass_events(self) -> None:
        """Note which changes the coming look at the estate will see."""
        while events := await self._db.read(list_events, self._seen, EVENTS_AT_ONCE):
            self._seen = events[-1].sequence

    async def _repair_catch_all(self, difference: Difference) -> Outcomes:
        """Put the catch-all right, whatever the size of the estate behind it."""
        surplus = msgspec.structs.replace(
            difference,
            surplus_trunks=tuple(s for s in difference.surplus_trunks if s.tag == CATCH_ALL),
            surplus_rules=tuple(s for s in difference.surplus_rules if s.tag == CATCH_ALL),
        )
        await remove_surplus(self._livekit, surplus, self._still_leads)
        # It is repaired before all others, so it stands first.
        repairs = [it for it in difference.repairs[:1] if it.tag == CATCH_ALL]
        made = await for_each_tag(
            [(CATCH_ALL, repair) for repair in repairs],
            lambda repair: repair_pair(self._livekit, self._wanted_catch_all, repair),
            self._still_leads,
        )
        found = made.get(CATCH_ALL, difference.ready.get(CATCH_ALL))
        self._catch_all = found if isinstance(found, Ready) else None
        if isinstance(found, Ready) and found.rule_id != self._noted_rule:
            await self._db.write(store.update_catch_all, self._livekit.cluster_id, found.rule_id)
            self._noted_rule = found.rule_id
        return made

    async def _promise(self, numbers: list[RoutableNumber], known: dict[str, NumberState]) -> None:
        """Note that something is about to be made for numbers of which nothing was known."""
        promised = await promise_pairs(self._db, numbers, self._livekit.cluster_id)
        for number in numbers:
            name, organization_id = number.registration_id, number.organization_id
            if name in promised:
                known[name] = self._state(name, organization_id, None, None)

    async def _repair_pairs(
        self,
        repairs: list[Repair],
        numbers: dict[str, RoutableNumber],
        known: dict[str, NumberState],
    ) -> Outcomes:
        """Put right the pairs of numbers of which it is known; return what came of each."""

        def items() -> Iterator[tuple[str, tuple[Pair, Repair, Callable[[], Awaitable[bool]]]]]:
            for repair in repairs:
                number = numbers.get(repair.tag) if repair.tag in known else None
                pair = None if number is None else pair_of(self._estate, number)
                if number is not None and pair is not None:
                    yield repair.tag, (pair, repair, partial(self._has_pair, number))

        return await for_each_tag(
            items(), lambda item: repair_pair(self._livekit, *item), self._still_leads
        )

    async def _has_pair(self, number: RoutableNumber) -> bool:
        """Whether a number is still registered as it was, and still to have a pair of its own."""
        name = number.phone_number
        now = (await self._db.read(store.find_routable_numbers, [name])).get(name)
        is_same = now is not None and now.registration_id == number.registration_id
        return now is not None and is_same and pair_of(self._estate, now) is not None

    def _learned(
        self, plan: Plan, outcomes: Outcomes, known: dict[str, NumberState]
    ) -> tuple[list[NumberState], list[RegistrationId]]:
        """Return which states are others than those known, and which are to be forgotten."""
        difference, changed = plan.difference, []

        def found(tag: str) -> Found:
            return outcomes.get(tag) or difference.blocked.get(tag) or difference.ready.get(tag)

        def look_at(state: NumberState) -> None:
            if known.pop(state.registration_id, None) != state:
                changed.append(state)

        shared = self._catch_all or found(CATCH_ALL)
        look_at(self._state(store.CATCH_ALL_STATE, store.EVERYBODY, shared, None))
        for number in plan.numbers:
            name, agent = number.registration_id, number.inbound
            look_at(self._state(name, number.organization_id, found(name), agent))
        return changed, [RegistrationId(name) for name in known]


def _concerned(plan: Plan) -> dict[str, RoutableNumber]:
    """Return the numbers whose pairs are to be put right, by registration."""
    tags = {repair.tag for repair in plan.difference.repairs}
    return {it.registration_id: it for it in plan.numbers if it.registration_id in tags}
