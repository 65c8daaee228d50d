"""The guards of organizations, and what their calls have reserved, in the database.

Whoever reserves holds the row of the organization's guards until its transaction ends, so that what
it counted is still true when it commits, on both databases. Calls of one organization wait for each
other there, so it is claimed last, and held for as few round trips as can be.
"""

from typing import Any

import msgspec

from cordboard.calls.outbound.limits import (
    MAX_CONCURRENT_CALLS,
    MAX_DIALS_PER_MINUTE,
    MAX_MINUTES_PER_DAY,
    MINUTE_MS,
    Guards,
    Usage,
    day_of,
)
from cordboard.calls.outbound.model import Reservation
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Row, Statement, WriteTx
from cordboard.runtime.db.seam import Value
from cordboard.runtime.ids import OrganizationId

DAYS_KEPT = 35
SURELY_OVER_MS = 10 * MINUTE_MS
"""Later than this after the longest that it can last, no call is under way, with setting up and
ringing: should nobody have settled it, it holds no place any more, and its minutes stay used."""

_COLUMNS = """allowed_regions, max_concurrent_calls, max_dials_per_minute, max_minutes_per_day,
    is_stopped, revision"""


class GuardsRevision(msgspec.Struct, frozen=True):
    """One change of an organization's guards.

    Attributes:
        api_key: The public half of the key pair that did it; None for an operator.
        changes: Field → ``{"from": …, "to": …}``.
    """

    revision: int
    at_ms: int
    api_key: str | None
    request_id: str
    changes: dict[str, Any]


async def find_guards(tx: ReadTx, organization_id: OrganizationId) -> Guards:
    """Return an organization's guards; the defaults where it has set none."""
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS} FROM outbound_guards WHERE organization_id = $1", organization_id
    )
    return Guards() if row is None else _guards_from_row(row)


async def claim_guards_to_change(tx: WriteTx, organization_id: OrganizationId) -> Guards:
    """Return an organization's guards, and keep others from changing, reserving and dialling.

    What is committed by whoever held them before is seen by the statements that follow.
    """
    return await _claimed(tx, organization_id, "{for_update}")


async def claim_guards_to_reserve(tx: WriteTx, organization_id: OrganizationId) -> Guards:
    """Return an organization's guards, and keep others from changing them, and from reserving.

    What is committed by whoever held them before is seen by the statements that follow.
    """
    return await _claimed(tx, organization_id, "{for_no_key_update}")


async def claim_guards_to_dial(tx: WriteTx, organization_id: OrganizationId) -> Guards:
    """Return an organization's guards, and keep others from changing them.

    Whoever dials keeps nobody else from it, and nobody from reserving.
    """
    return await _claimed(tx, organization_id, "{for_key_share}")


async def _claimed(tx: WriteTx, organization_id: OrganizationId, lock: str) -> Guards:
    """Return guards whose row is locked, which is made first where there is none."""
    sql = f"SELECT {_COLUMNS} FROM outbound_guards WHERE organization_id = $1 {lock}"
    if (row := await tx.fetch_one(sql, organization_id)) is None:
        await tx.execute(
            """INSERT INTO outbound_guards (organization_id, allowed_regions, is_stopped, revision)
               VALUES ($1, '', 0, 0) ON CONFLICT (organization_id) DO NOTHING""",
            organization_id,
        )
        row = await tx.fetch_one(sql, organization_id)
    return Guards() if row is None else _guards_from_row(row)


def _guards_from_row(row: Row) -> Guards:
    regions, concurrent, dials, minutes, is_stopped, revision = row
    return Guards(
        allowed_regions=frozenset(regions.split()),
        max_concurrent_calls=MAX_CONCURRENT_CALLS if concurrent is None else concurrent,
        max_dials_per_minute=MAX_DIALS_PER_MINUTE if dials is None else dials,
        max_minutes_per_day=MAX_MINUTES_PER_DAY if minutes is None else minutes,
        is_stopped=bool(is_stopped),
        revision=revision,
    )


async def update_guards(
    tx: WriteTx, organization_id: OrganizationId, changes: dict[str, Any], revision: int
) -> None:
    """Store changed fields of guards that were claimed before; None makes a limit the default."""
    values = {name: _stored(value) for name, value in changes.items()}
    columns = "".join(f"{name} = ${place}, " for place, name in enumerate(values, start=3))
    await tx.execute(
        f"UPDATE outbound_guards SET {columns} revision = $2 WHERE organization_id = $1",
        organization_id,
        revision,
        *values.values(),
    )


def _stored(value: frozenset[str] | int | None) -> Value:
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return None if value is None else int(value)


async def insert_guards_history(
    tx: WriteTx, actor: Actor, revision: int, changes: dict[str, Any]
) -> None:
    """Note a change of an organization's guards, and who made it."""
    await tx.execute(
        """INSERT INTO outbound_guards_history
             (organization_id, revision, at_ms, api_key, request_id, changes)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        actor.organization_id,
        revision,
        tx.now_ms,
        actor.api_key,
        actor.request_id,
        msgspec.json.encode(changes).decode(),
    )


async def list_guards_history(
    tx: ReadTx, organization_id: OrganizationId, page: int, limit: int
) -> tuple[list[GuardsRevision], int]:
    """Return a page of the changes of an organization's guards, newest first, and their number."""
    total = (await find_guards(tx, organization_id)).revision
    rows = await tx.fetch_all(
        """SELECT revision, at_ms, api_key, request_id, changes FROM outbound_guards_history
           WHERE organization_id = $1 ORDER BY revision DESC LIMIT $2 OFFSET $3""",
        organization_id,
        limit,
        page * limit,
    )
    return [_revision_from_row(row) for row in rows], total


def _revision_from_row(row: Row) -> GuardsRevision:
    values = list(row)
    values[4] = msgspec.json.decode(values[4])
    return GuardsRevision(*values)


async def get_usage(tx: ReadTx, organization_id: OrganizationId, max_dials: int) -> Usage:
    """Return what an organization's calls use now.

    Args:
        tx: A transaction; whoever decides by the answer has claimed the guards in it.
        organization_id: Whose calls.
        max_dials: How many dials a minute are allowed, to tell which must pass first.
    """
    row = await tx.fetch_one(
        """SELECT open.calls, open.day_ms,
             (SELECT COUNT(*) FROM outbound_reservation
              WHERE organization_id = $1 AND reserved_at_ms > $4),
             (SELECT reserved_at_ms FROM outbound_reservation
              WHERE organization_id = $1 AND reserved_at_ms > $4
              ORDER BY reserved_at_ms DESC LIMIT 1 OFFSET $5),
             (SELECT spent_ms FROM outbound_day WHERE organization_id = $1 AND day = $2)
           FROM (
             SELECT COUNT(*) AS calls, CAST(COALESCE(
               SUM(CASE WHEN day = $2 THEN reserved_ms ELSE 0 END), 0) AS BIGINT) AS day_ms
             FROM outbound_reservation WHERE organization_id = $1 AND settled_ms IS NULL
               AND reserved_at_ms + reserved_ms > $3) AS open""",
        organization_id,
        day_of(tx.now_ms),
        tx.now_ms - SURELY_OVER_MS,
        tx.now_ms - MINUTE_MS,
        max_dials - 1,
    )
    concurrent, open_ms, dials, oldest_dial_ms, day_ms = (0, 0, 0, None, 0) if row is None else row
    return Usage(
        concurrent_calls=concurrent,
        dials=dials,
        oldest_dial_ms=oldest_dial_ms,
        day_ms=day_ms or 0,
        open_ms=open_ms,
    )


def insert_reservation(reservation: Reservation, now_ms: int) -> tuple[Statement, Statement]:
    """Return what reserves a call's longest duration of its day; the guards were claimed before."""
    return (
        """INSERT INTO outbound_reservation
             (call_id, organization_id, day, reserved_at_ms, reserved_ms)
           VALUES ($1, $2, $3, $4, $5)""",
        (
            reservation.call_id,
            reservation.organization_id,
            reservation.day,
            now_ms,
            reservation.longest_ms,
        ),
    ), (
        """INSERT INTO outbound_day (organization_id, day, spent_ms) VALUES ($1, $2, $3)
           ON CONFLICT (organization_id, day)
           DO UPDATE SET spent_ms = outbound_day.spent_ms + excluded.spent_ms""",
        (reservation.organization_id, reservation.day, reservation.longest_ms),
    )


async def find_reserved_ms(tx: ReadTx, organization_id: OrganizationId, call_id: str) -> int | None:
    """Return the longest duration that a call reserved; None for one that reserved nothing."""
    row = await tx.fetch_one(
        """SELECT reserved_ms FROM outbound_reservation
           WHERE organization_id = $1 AND call_id = $2""",
        organization_id,
        call_id,
    )
    return None if row is None else row[0]


async def claim_reservation(
    tx: WriteTx, organization_id: OrganizationId, call_id: str
) -> Reservation | None:
    """Return what a call has reserved, and keep others from settling it meanwhile."""
    row = await tx.fetch_one(
        """SELECT day, reserved_ms, settled_ms FROM outbound_reservation
           WHERE organization_id = $1 AND call_id = $2 {for_update}""",
        organization_id,
        call_id,
    )
    if row is None:
        return None
    day, longest_ms, settled_ms = row
    return Reservation(organization_id, call_id, day, longest_ms, settled_ms is not None)


def update_settled(
    reservation: Reservation, used_ms: int, now_ms: int
) -> tuple[Statement, Statement]:
    """Return what puts what a call used in place of what it had reserved; it was claimed before.

    The day's row is the last that is locked: all ends of an organization's calls want it.
    """
    return (
        """UPDATE outbound_reservation SET settled_ms = $3
           WHERE organization_id = $1 AND call_id = $2""",
        (reservation.organization_id, reservation.call_id, now_ms),
    ), (
        """UPDATE outbound_day SET spent_ms = spent_ms - $3
           WHERE organization_id = $1 AND day = $2""",
        (reservation.organization_id, reservation.day, reservation.longest_ms - used_ms),
    )


def delete_past_reservations(
    organization_id: OrganizationId, now_ms: int
) -> tuple[Statement, Statement]:
    """Return what forgets settled reservations that count in no minute any more, and past days."""
    return (
        """DELETE FROM outbound_reservation
           WHERE organization_id = $1 AND settled_ms IS NOT NULL AND reserved_at_ms <= $2""",
        (organization_id, now_ms - MINUTE_MS),
    ), (
        "DELETE FROM outbound_day WHERE organization_id = $1 AND day < $2",
        (organization_id, day_of(now_ms) - DAYS_KEPT),
    )
