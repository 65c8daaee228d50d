"""The guards of organizations, and what their calls have reserved, in the database.

Whoever reserves holds the row of the organization's guards (``claim_guards``) until its
transaction ends, so that what it counted is still true when it commits, on both databases.
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
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Row, WriteTx
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


async def claim_guards(tx: WriteTx, organization_id: OrganizationId) -> Guards:
    """Return an organization's guards, and keep others from reserving or changing them meanwhile.

    What is committed by whoever held them before is seen by the statements that follow.
    """
    await tx.execute(
        """INSERT INTO outbound_guards (organization_id, allowed_regions, is_stopped, revision)
           VALUES ($1, '', 0, 0) ON CONFLICT (organization_id) DO NOTHING""",
        organization_id,
    )
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS} FROM outbound_guards WHERE organization_id = $1 {{for_update}}",
        organization_id,
    )
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
    today = day_of(tx.now_ms)
    row = await tx.fetch_one(
        """SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN day = $2 THEN reserved_ms ELSE 0 END), 0)
             AS BIGINT)
           FROM outbound_reservation WHERE organization_id = $1 AND settled_ms IS NULL
             AND reserved_at_ms + reserved_ms > $3""",
        organization_id,
        today,
        tx.now_ms - SURELY_OVER_MS,
    )
    concurrent, open_ms = (0, 0) if row is None else row
    dials = await tx.fetch_all(
        """SELECT reserved_at_ms FROM outbound_reservation
           WHERE organization_id = $1 AND reserved_at_ms > $2 ORDER BY reserved_at_ms DESC""",
        organization_id,
        tx.now_ms - MINUTE_MS,
    )
    row = await tx.fetch_one(
        "SELECT spent_ms FROM outbound_day WHERE organization_id = $1 AND day = $2",
        organization_id,
        today,
    )
    return Usage(
        concurrent_calls=concurrent,
        dials=len(dials),
        oldest_dial_ms=dials[max_dials - 1][0] if len(dials) >= max_dials else None,
        day_ms=0 if row is None else row[0],
        open_ms=open_ms,
    )


async def insert_reservation(
    tx: WriteTx, organization_id: OrganizationId, call_id: str, longest_ms: int
) -> None:
    """Reserve a call's longest duration of this UTC day; the guards were claimed before."""
    today = day_of(tx.now_ms)
    await tx.execute(
        """INSERT INTO outbound_reservation
             (call_id, organization_id, day, reserved_at_ms, reserved_ms)
           VALUES ($1, $2, $3, $4, $5)""",
        call_id,
        organization_id,
        today,
        tx.now_ms,
        longest_ms,
    )
    await tx.execute(
        """INSERT INTO outbound_day (organization_id, day, spent_ms) VALUES ($1, $2, $3)
           ON CONFLICT (organization_id, day)
           DO UPDATE SET spent_ms = outbound_day.spent_ms + excluded.spent_ms""",
        organization_id,
        today,
        longest_ms,
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


async def update_settled(
    tx: WriteTx, organization_id: OrganizationId, call_id: str, used_ms: int
) -> bool:
    """Put what a call used in place of what it had reserved, once; False when that was done."""
    settled = await tx.execute(
        """UPDATE outbound_reservation SET settled_ms = $3
           WHERE organization_id = $1 AND call_id = $2 AND settled_ms IS NULL""",
        organization_id,
        call_id,
        tx.now_ms,
    )
    if settled == 0:
        return False
    row = await tx.fetch_one(
        """SELECT day, reserved_ms FROM outbound_reservation
           WHERE organization_id = $1 AND call_id = $2""",
        organization_id,
        call_id,
    )
    if row is not None:
        await tx.execute(
            """UPDATE outbound_day SET spent_ms = spent_ms - $3
               WHERE organization_id = $1 AND day = $2""",
            organization_id,
            row[0],
            row[1] - used_ms,
        )
    return True


async def delete_past_reservations(tx: WriteTx, organization_id: OrganizationId) -> None:
    """Forget settled reservations that count in no minute any more, and days long past."""
    await tx.execute(
        """DELETE FROM outbound_reservation
           WHERE organization_id = $1 AND settled_ms IS NOT NULL AND reserved_at_ms <= $2""",
        organization_id,
        tx.now_ms - MINUTE_MS,
    )
    await tx.execute(
        "DELETE FROM outbound_day WHERE organization_id = $1 AND day < $2",
        organization_id,
        day_of(tx.now_ms) - DAYS_KEPT,
    )
