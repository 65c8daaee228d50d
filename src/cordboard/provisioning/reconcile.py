"""Make LiveKit what the estate says: list everything, compare, repair, and note what stands.

The work is the same whether nothing drifted or everything did. Only what carries this
installation's tag is changed. Creates are not idempotent, so none is repeated within a tick: what
an unanswered create left behind is found by its tag, and adopted, in the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec
import structlog

from cordboard.routing import store
from cordboard.routing.comparison import Difference, Ready, Repair, compare
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import LiveKitError, LiveKitUnreachableError
from cordboard.routing.livekit_shapes import DispatchRule, InboundTrunk
from cordboard.routing.model import RoutableNumber
from cordboard.routing.store import NumberState
from cordboard.routing.topology import (
    CATCH_ALL,
    Estate,
    Pair,
    catch_all,
    has_own_pair,
    pair_of,
    tag_of,
    unrouted,
)
from cordboard.runtime.db import Database
from cordboard.runtime.ids import RegistrationId, new_id
from cordboard.runtime.leases import claim_lease, release_lease
from cordboard.runtime.outbox import list_events
from cordboard.runtime.repeating import Work

log = structlog.get_logger(__name__)

T = TypeVar("T")

LEASE_MS = 15_000
IN_FLIGHT = 8
EVENTS_AT_ONCE = 1000


WATCH_EVERY_S = 2.0
FOLLOW_EVERY_S = 0.1
LOOK_EVERY_S = 30.0


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
    """What a tick found: the numbers of the estate, and how LiveKit differs from it."""

    numbers: list[RoutableNumber]
    difference: Difference


class Reconciler:
    """The one writer of a cluster's trunks and rules; of several workers one holds the lease."""

    def __init__(self, db: Database, livekit: LiveKit, estate: Estate) -> None:
        """Know nothing of the cluster yet: the first check lists everything."""
        self._db = db
        self._livekit = livekit
        self._estate = estate
        self._holder = new_id("worker_")
        self._lease = f"reconcile/{livekit.cluster_id}"
        self._lock = asyncio.Lock()
        self._catch_all: Ready | None = None
        self._seen = 0
        self._has_failed = False

    async def watch_catch_all(self) -> None:
        """See by id that the catch-all stands, and rebuild it before anything else if not.

        Nothing tells of an emptied Redis: no error, only callers who hear ringing for ever. When
        the catch-all is gone, or the last look failed, everything is looked at.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        async with self._lock:
            if not await self._is_ours():
                return
            stands = await self._stands()
            if not stands:
                await self._rebuild_catch_all(await self._listed())
        if not stands or self._has_failed:
            await self.tick()

    async def follow_changes(self) -> None:
        """Look at everything if a number or agent has changed since the last look.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        if not await self._db.read(list_events, self._seen, 1):
            return
        await self.tick()

    async def tick(self) -> None:
        """List, compare, repair, and note what stands.

        Raises:
            LiveKitError: LiveKit cannot be asked; single repairs that fail are noted instead.
        """
        async with self._lock:
            if not await self._is_ours():
                return
            self._has_failed = True
            await self._pass_events()
            plan = await self.plan()
            await self._remove(plan.difference)
            outcomes = await self._repair_all(plan.difference.repairs)
            await self._note(plan, outcomes)
            self._has_failed = False

    async def plan(self) -> Plan:
        """Return what a tick would find and do, and change nothing.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        numbers = await self._db.scan(store.list_routable_numbers)
        listing = await self._listed()
        difference = await asyncio.to_thread(self._compared, numbers, listing)
        return Plan(numbers, difference)

    async def stop(self) -> None:
        """Give the lease back, so that another worker can go on at once."""
        await self._db.write(release_lease, self._lease, self._holder)

    async def _is_ours(self) -> bool:
        return await self._db.write(claim_lease, self._lease, self._holder, LEASE_MS)

    async def _stands(self) -> bool:
        """Whether the catch-all is there, both halves, by id."""
        known = self._catch_all
        if known is None:
            return False
        trunk, rule = await asyncio.gather(
            self._livekit.find_inbound_trunk(known.trunk_id),
            self._livekit.find_dispatch_rule(known.rule_id),
        )
        return trunk is not None and rule is not None

    async def _listed(self) -> Listing:
        trunks, rules = await asyncio.gather(
            self._livekit.list_inbound_trunks(), self._livekit.list_dispatch_rules()
        )
        return Listing(trunks, rules)

    def _compared(self, numbers: list[RoutableNumber], listing: Listing) -> Difference:
        desired: dict[str, Pair] = {CATCH_ALL: catch_all(self._estate)}
        for number in numbers:
            pair = pair_of(self._estate, number)
            if pair is not None:
                desired[number.registration_id] = pair
        return compare(desired, listing.trunks, listing.rules, self._estate.installation)

    async def _rebuild_catch_all(self, listing: Listing) -> None:
        """Put the catch-all right, whatever the size of the estate behind it."""
        difference = compare(
            {CATCH_ALL: catch_all(self._estate)},
            [trunk for trunk in listing.trunks if self._concerns_catch_all(trunk.metadata)],
            [rule for rule in listing.rules if self._concerns_catch_all(rule.metadata)],
            self._estate.installation,
        )
        await self._remove(difference)
        await self._repair_all(difference.repairs)

    def _concerns_catch_all(self, metadata: str) -> bool:
        tag = tag_of(metadata, self._estate.installation)
        return tag is None or tag.name == CATCH_ALL

    async def _pass_events(self) -> None:
        """Note which changes the coming look at the estate will see."""
        while events := await self._db.read(list_events, self._seen, EVENTS_AT_ONCE):
            self._seen = events[-1].sequence

    async def _remove(self, difference: Difference) -> None:
        """Remove what is ours and should not be: trunks first, so that no call rings for ever."""
        await _in_flight(self._livekit.delete_trunk, difference.surplus_trunks)
        await _in_flight(self._livekit.delete_dispatch_rule, difference.surplus_rules)

    async def _repair_all(self, repairs: Iterable[Repair]) -> dict[str, Ready | LiveKitError]:
        """Put pairs right, the catch-all before all others; return what came of each."""
        outcomes: dict[str, Ready | LiveKitError] = {}

        async def attempt(repair: Repair) -> None:
            tag = repair.pair.trunk.tag_name
            try:
                outcomes[tag] = await self._repair(repair)
            except LiveKitUnreachableError:
                raise
            except LiveKitError as error:
                log.warning("repair_failed", tag=tag, code=error.code, reason=error.livekit_code)
                outcomes[tag] = error

        waiting = list(repairs)
        if waiting and waiting[0].pair.trunk.tag_name == CATCH_ALL:
            await attempt(waiting.pop(0))
        await _in_flight(attempt, waiting)
        found = outcomes.get(CATCH_ALL)
        if isinstance(found, Ready):
            self._catch_all = found
        return outcomes

    async def _repair(self, repair: Repair) -> Ready:
        """Put one pair right in the order that leaves no hole.

        A trunk is born with a number that nobody can dial, then its rule is made, then it gets its
        own number: at every point a call meets either the pair or the catch-all.
        """
        wanted, rule = repair.pair, repair.rule
        if repair.trunk is None:
            trunk_id = await self._livekit.create_inbound_trunk(unrouted(wanted.trunk))
        else:
            trunk_id = repair.trunk.trunk_id
        if rule is None:
            rule_id = await self._livekit.create_dispatch_rule(wanted.rule, trunk_id)
        else:
            rule_id = rule.rule_id
            if not repair.is_rule_right:
                await self._livekit.replace_dispatch_rule(rule_id, wanted.rule, trunk_id)
        if not repair.is_trunk_right:
            await self._livekit.replace_inbound_trunk(trunk_id, wanted.trunk)
        return Ready(trunk_id, rule_id)

    async def _note(self, plan: Plan, outcomes: dict[str, Ready | LiveKitError]) -> None:
        """Store, for each number, what stands for it; write only what has changed."""
        known = await self._db.scan(store.list_states, self._livekit.cluster_id)
        standing = plan.difference.ready.get(CATCH_ALL)
        if standing is not None:
            self._catch_all = standing
        states = [self._state(number, plan.difference, outcomes) for number in plan.numbers]
        changed = [state for state in states if known.get(state.registration_id) != state]
        registered = {state.registration_id for state in states}
        gone = [RegistrationId(name) for name in known.keys() - registered]
        if changed or gone:
            await self._db.write_long(store.update_states, changed, gone)

    def _state(
        self,
        number: RoutableNumber,
        difference: Difference,
        outcomes: dict[str, Ready | LiveKitError],
    ) -> NumberState:
        """Return what stands for one number: its own pair, or the catch-all alone."""
        tag = number.registration_id
        own = has_own_pair(self._estate, number)
        found = outcomes.get(tag, difference.ready.get(tag)) if own else self._catch_all
        trunk_id = rule_id = error = None
        status = "pending"
        if (foreign := difference.blocked.get(tag)) is not None:
            status, error = "blocked", f"trunk {foreign}, which is not Cordboard's, has the number"
        elif isinstance(found, LiveKitError):
            status, error = "failed", found.detail
        elif isinstance(found, Ready):
            status = "ready"
            trunk_id, rule_id = found.trunk_id, found.rule_id
        return NumberState(
            registration_id=tag,
            organization_id=number.organization_id,
            cluster_id=self._livekit.cluster_id,
            inbound_trunk_id=trunk_id,
            dispatch_rule_id=rule_id,
            status=status,
            error=error,
        )


async def _in_flight(fn: Callable[[T], Awaitable[object]], items: Iterable[T]) -> None:
    """Do something for each item, several at a time; the first failure stops the rest."""
    queue = iter(items)

    async def work() -> None:
        for item in queue:
            await fn(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
