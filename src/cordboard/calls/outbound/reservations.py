"""What a call reserves of its organization's limits before it is dialled, and gives back after.

Exact however many ask at once, on both databases: whoever reserves holds the organization's guards
until its transaction ends, and claims them last of all. A reservation lasts as long as its call:
whoever sees the call end settles it, in the transaction that ends the call's record, so no crash
leaves one behind. Should nobody ever see it, the place is free ten minutes after the longest that
the call can have lasted.
"""

from typing import Any

import msgspec

from cordboard.calls.outbound.limits import HIGHEST, Guards, check_limits, day_of
from cordboard.calls.outbound.model import Reservation
from cordboard.calls.outbound.store import guards as store
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Statement, WriteTx
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.outbox import insert_event

DEFAULTS = Guards()


async def reserve(
    tx: WriteTx,
    organization_id: OrganizationId,
    call_id: str,
    longest_ms: int,
    *together: Statement,
) -> None:
    """Reserve what a call may use at most: a place, a dial and its longest duration.

    Call it once for each call, in the transaction that takes the call, as late as can be: the
    organization's other calls wait from here to its end.

    Args:
        tx: That transaction.
        organization_id: Who pays.
        call_id: The call that reserves.
        longest_ms: The longest that the call can last; LiveKit must be told the same.
        together: What else is written if there is room, in the same round trip.

    Raises:
        CallsStoppedError: The organization's calls are stopped.
        CallLimitError: It would go over a limit; nothing is reserved.
    """
    guards = await store.claim_guards_to_reserve(tx, organization_id)
    usage = await store.get_usage(tx, organization_id, guards.max_dials_per_minute)
    check_limits(guards, usage, longest_ms, tx.now_ms)
    reservation = Reservation(
        organization_id, call_id, day_of(tx.now_ms), longest_ms, is_settled=False
    )
    await tx.execute_together(
        *together,
        *store.insert_reservation(reservation, tx.now_ms),
        *store.delete_past_reservations(organization_id, tx.now_ms),
    )


async def settle(
    tx: WriteTx,
    organization_id: OrganizationId,
    call_id: str,
    used_ms: int,
    *together: Statement,
) -> None:
    """Give back what a call did not use, and its place.

    The first time counts; asking again, or for a call that reserved nothing, changes nothing.

    Args:
        tx: The transaction that ends the call's record.
        organization_id: Who pays.
        call_id: The call that has ended.
        used_ms: How long it was answered: 0 where it never was. More than was reserved counts too.
        together: What else is written in any case, in the same round trip.
    """
    statements = together
    reservation = await store.claim_reservation(tx, organization_id, call_id)
    if reservation is not None and not reservation.is_settled:
        statements += store.update_settled(reservation, max(0, used_ms), tx.now_ms)
    if statements:
        await tx.execute_together(*statements)


async def is_stopped(tx: ReadTx, organization_id: OrganizationId) -> bool:
    """Whether the organization's kill switch is on: no call may begin, and none may go on."""
    return (await store.find_guards(tx, organization_id)).is_stopped


async def change_guards(tx: WriteTx, actor: Actor, changes: dict[str, Any]) -> Guards:
    """Change some of an organization's guards, and note who did.

    What is equal already changes nothing and leaves no trace. Reservations that stand are not
    touched: a limit below what is in use lets nothing more through.

    Args:
        tx: A transaction.
        actor: Who asks.
        changes: Fields of :class:`Guards` with their new values; None stands for the default.
    """
    before = await store.claim_guards_to_change(tx, actor.organization_id)
    asked = {
        name: getattr(DEFAULTS, name) if value is None else value for name, value in changes.items()
    }
    after = msgspec.structs.replace(before, **asked)
    if after == before:
        return before
    after = msgspec.structs.replace(after, revision=before.revision + 1)
    stored = {
        name: None if changes[name] is None and name in HIGHEST else asked[name] for name in changes
    }
    differences = {
        name: {"from": _shown(getattr(before, name)), "to": _shown(value)}
        for name, value in asked.items()
        if value != getattr(before, name)
    }
    await store.update_guards(tx, actor.organization_id, stored, after.revision)
    await store.insert_guards_history(tx, actor, after.revision, differences)
    data = {"revision": after.revision}
    await tx.execute_together(
        insert_event(tx, actor, "outbound_guards_updated", actor.organization_id, data)
    )
    return after


def _shown(value: object) -> object:
    """Return a value as history tells it: regions in order."""
    return sorted(value) if isinstance(value, frozenset) else value
