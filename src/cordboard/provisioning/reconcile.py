"""Make LiveKit what the estate says: list everything, compare, repair, and note what stands.

The work is the same whether nothing drifted or everything did. Only what carries this
installation's tag is changed. Creates are not idempotent, so none is repeated within a tick: what
an unanswered create left behind is found by its tag, and adopted, in the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec
import structlog

from cordboard.provisioning.learned_state import learned_state, let_go
from cordboard.provisioning.repair_pair import repair_pair
from cordboard.routing import store
from cordboard.routing.comparison import Difference, Ready, Surplus, compare, is_right
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import (
    Effect,
    LiveKitError,
    LiveKitUnreachableError,
)
from cordboard.routing.livekit_shapes import DispatchRule, InboundTrunk
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

log = structlog.get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")

LEASE_MS = 8_000
IN_FLIGHT = 8
MOST_UNANSWERED = 8
EVENTS_AT_ONCE = 1000
STATES_AT_ONCE = 500

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


class Listing(msgspec.Struct, frozen=True):
    """Everything a cluster lists."""

    trunks: list[InboundTrunk]
    rules: list[DispatchRule]


class Plan(msgspec.Struct, frozen=True):
    """What a tick found: the numbers with pairs of their own, and how LiveKit differs."""

    numbers: list[RoutableNumber]
    difference: Difference


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
            await self._db.write(store.update_states, [failed], [])
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
            known = await self._db.scan(store.list_states, self._livekit.cluster_id)
            async with self._catch_all_lock:
                plan = await self.plan()
                outcomes = await self._repair_catch_all(plan.difference)
            await self._promise(plan, known)
            left = await self._remove(plan.difference)
            outcomes |= await self._repair_pairs(plan.difference, known)
            await self._note(plan, outcomes, left, known)
            self._has_failed = bool(left) or any(map(_is_unknown, outcomes.values()))
            ended_s = asyncio.get_running_loop().time()
            self._rests_until_s = ended_s + min(ended_s - began_s, LONGEST_REST_S)

    async def plan(self) -> Plan:
        """Return what a tick would find and do, and change nothing.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        numbers = await self._numbers_with_pairs()
        listing = await self._listed()
        difference = await asyncio.to_thread(self._compared, numbers, listing)
        return Plan(numbers, difference)

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
            listing = await self._listed()
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

    async def _listed(self) -> Listing:
        trunks, rules = await asyncio.gather(
            self._livekit.list_inbound_trunks(), self._livekit.list_dispatch_rules()
        )
        return Listing(trunks, rules)

    def _compared(self, numbers: list[RoutableNumber], listing: Listing) -> Difference:
        desired: dict[str, Pair] = {CATCH_ALL: self._wanted_catch_all}
        for number in numbers:
            pair = pair_of(self._estate, number)
            if pair is not None:
                desired[number.registration_id] = pair
        difference = compare(desired, listing.trunks, listing.rules, self._estate.installation)
        let_go(listing.trunks)
        let_go(listing.rules)
        return difference

    def _compared_catch_all(self, listing: Listing) -> Difference:
        return compare(
            {CATCH_ALL: self._wanted_catch_all},
            [trunk for trunk in listing.trunks if self._concerns_catch_all(trunk.metadata)],
            [rule for rule in listing.rules if self._concerns_catch_all(rule.metadata)],
            self._estate.installation,
        )

    def _concerns_catch_all(self, metadata: str) -> bool:
        tag = tag_of(metadata, self._estate.installation)
        return tag is None or tag.name == CATCH_ALL

    async def _pass_events(self) -> None:
        """Note which changes the coming look at the estate will see."""
        while events := await self._db.read(list_events, self._seen, EVENTS_AT_ONCE):
            self._seen = events[-1].sequence

    async def _repair_catch_all(self, difference: Difference) -> Outcomes:
        """Put the catch-all right, whatever the size of the estate behind it."""
        await self._remove(
            msgspec.structs.replace(
                difference,
                surplus_trunks=tuple(s for s in difference.surplus_trunks if s.tag == CATCH_ALL),
                surplus_rules=tuple(s for s in difference.surplus_rules if s.tag == CATCH_ALL),
            )
        )
        repairs = [(CATCH_ALL, it) for it in difference.repairs if it.tag == CATCH_ALL]
        made = await self._each(repairs, lambda repair: repair_pair(self._livekit, repair))
        found = made.get(CATCH_ALL, difference.ready.get(CATCH_ALL))
        self._catch_all = found if isinstance(found, Ready) else None
        if isinstance(found, Ready) and found.rule_id != self._noted_rule:
            await self._db.write(store.update_catch_all, self._livekit.cluster_id, found.rule_id)
            self._noted_rule = found.rule_id
        return made

    async def _promise(self, plan: Plan, known: dict[str, NumberState]) -> None:
        """Note for which numbers something is about to be made that nothing was known of."""
        fresh = {it.tag for it in plan.difference.repairs if it.tag not in known}
        numbers = [it for it in plan.numbers if it.registration_id in fresh] if fresh else []
        for start in range(0, len(numbers), IN_FLIGHT):
            part = numbers[start : start + IN_FLIGHT]
            await asyncio.gather(*(self._promise_one(number, known) for number in part))

    async def _promise_one(self, number: RoutableNumber, known: dict[str, NumberState]) -> None:
        name, organization_id = number.registration_id, number.organization_id
        cluster_id = self._livekit.cluster_id
        if await self._db.write(store.insert_pending_state, organization_id, number, cluster_id):
            known[name] = self._state(name, organization_id, None, None)

    async def _remove(self, difference: Difference) -> set[str]:
        """Remove what is ours and should not be; return the tags of which something is left.

        Trunks go first, and a rule stays while its trunk does, so that no call rings for ever.
        """
        trunks = await self._each(_by_tag(difference.surplus_trunks), self._delete_trunks)
        left = {tag for tag, outcome in trunks.items() if outcome is not None}
        rules = [it for it in difference.surplus_rules if it.tag not in left]
        gone = await self._each(_by_tag(rules), self._delete_rules)
        return left | {tag for tag, outcome in gone.items() if outcome is not None}

    async def _delete_trunks(self, surplus: list[Surplus]) -> None:
        for each in surplus:
            await self._livekit.delete_trunk(each.object_id)

    async def _delete_rules(self, surplus: list[Surplus]) -> None:
        for each in surplus:
            await self._livekit.delete_dispatch_rule(each.object_id)

    async def _repair_pairs(
        self, difference: Difference, known: dict[str, NumberState]
    ) -> Outcomes:
        """Put all pairs but the catch-all right; return what came of each."""
        repairs = [
            (repair.tag, repair)
            for repair in difference.repairs
            if repair.tag in known and repair.tag != CATCH_ALL
        ]
        return await self._each(repairs, lambda repair: repair_pair(self._livekit, repair))

    async def _each(
        self, items: Iterable[tuple[str, T]], do: Callable[[T], Awaitable[R]]
    ) -> dict[str, R | LiveKitError]:
        """Do something for each tag, several at a time; return what came of it.

        Stops in silence when the lease may be somebody else's, and with an error when LiveKit
        takes no connection, or leaves too much unanswered: the next tick goes on.
        """
        outcomes: dict[str, R | LiveKitError] = {}
        queue = iter(items)

        async def work() -> None:
            for tag, item in queue:
                if not self._still_leads():
                    return
                try:
                    outcomes[tag] = await do(item)
                except LiveKitError as error:
                    log.warning(
                        "repair_failed", tag=tag, code=error.code, reason=error.livekit_code
                    )
                    outcomes[tag] = error
                    unknown = sum(map(_is_unknown, outcomes.values()))
                    if isinstance(error, LiveKitUnreachableError) or unknown > MOST_UNANSWERED:
                        raise

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(IN_FLIGHT):
                    group.create_task(work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return outcomes

    async def _note(
        self, plan: Plan, outcomes: Outcomes, left: set[str], known: dict[str, NumberState]
    ) -> None:
        """Store, for each number, what stands for it; write only what has changed."""
        changed, gone = await asyncio.to_thread(self._learned, plan, outcomes, known)
        gone = [name for name in gone if name not in left]
        for start in range(0, len(changed), STATES_AT_ONCE):
            part = changed[start : start + STATES_AT_ONCE]
            await self._db.write_long(store.update_states, part, [])
        if gone and self._still_leads():
            await self._db.write_long(store.update_states, [], gone)

    def _learned(
        self, plan: Plan, outcomes: Outcomes, known: dict[str, NumberState]
    ) -> tuple[list[NumberState], list[RegistrationId]]:
        """Return which states are others than those known, and which are to be forgotten."""
        found = {**plan.difference.ready, **plan.difference.blocked, **outcomes}
        catch_all_found = self._catch_all or found.get(CATCH_ALL)
        states = [self._state(store.CATCH_ALL_STATE, store.EVERYBODY, catch_all_found, None)]
        for number in plan.numbers:
            name, agent = number.registration_id, number.inbound
            states.append(self._state(name, number.organization_id, found.get(name), agent))
        changed = [state for state in states if known.get(state.registration_id) != state]
        registered = {state.registration_id for state in states}
        let_go(states)
        let_go(plan.numbers)
        let_go(plan.difference.repairs)
        return changed, [RegistrationId(name) for name in known.keys() - registered]


def _by_tag(surplus: Iterable[Surplus]) -> list[tuple[str, list[Surplus]]]:
    tags: dict[str, list[Surplus]] = {}
    for each in surplus:
        tags.setdefault(each.tag, []).append(each)
    return list(tags.items())


def _is_unknown(outcome: object) -> bool:
    return isinstance(outcome, LiveKitError) and outcome.effect is Effect.UNKNOWN
