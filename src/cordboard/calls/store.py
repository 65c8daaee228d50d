"""Calls in the database. The record is JSON; what is looked for stands beside it in columns."""

import msgspec

from cordboard.calls.model import NOBODY, Call
from cordboard.calls.seen import Seen
from cordboard.runtime.db import ReadTx, Statement, WriteTx
from cordboard.runtime.db.seam import Row, Value
from cordboard.runtime.ids import OrganizationId

EVENT_KEPT_MS = 15 * 60 * 1000
"""Longer than a token of LiveKit's lives with its leeway, so that no event is taken twice."""

ROOM_KEPT_MS = 24 * 3600 * 1000
UNKNOWN_ROOM_KEPT_MS = 3600 * 1000
"""Longer than any event can be late (its token lives for five minutes)."""

TOUCHED_WITHIN_MS = 3600 * 1000
"""How exactly it is known when a room was last claimed: to note each claim costs an index."""

UNMATCHED_KEPT_MS = 30 * 24 * 3600 * 1000

SORTS = {
    "start_timestamp": "started_ms",
    "created_at": "created_ms",
    "updated_at": "updated_ms",
}
STATUSES = {
    "SCHEDULED": "state = 'scheduled'",
    "REGISTERED": "state = 'ringing'",
    "ONGOING": "state IN ('dialling', 'answered')",
    "ENDED": "(state = 'ended' AND is_unmatched = 0)",
    "ERROR": "(state = 'ended' AND is_unmatched = 1)",
}
DIRECTIONS = {"ascending": "ASC", "descending": "DESC"}

_WITH_SEEN = """SELECT phone_call.record, livekit_room.seen FROM phone_call
   JOIN livekit_room ON livekit_room.cluster_id = phone_call.cluster_id
     AND livekit_room.room_sid = phone_call.room_sid"""

_call = msgspec.json.Decoder(Call)
_seen = msgspec.json.Decoder(Seen)
_encode = msgspec.json.Encoder().encode


async def insert_event(tx: WriteTx, cluster_id: str, event_id: str) -> bool:
    """Note an event; False when it came before."""
    inserted = await tx.execute(
        """INSERT INTO livekit_event (cluster_id, event_id, received_ms) VALUES ($1, $2, $3)
           ON CONFLICT (cluster_id, event_id) DO NOTHING""",
        cluster_id,
        event_id,
        tx.now_ms,
    )
    return inserted == 1


async def find_seen(tx: ReadTx, cluster_id: str, room_sid: str) -> Seen:
    """Return what events have told of a room so far."""
    row = await tx.fetch_one(
        "SELECT seen FROM livekit_room WHERE cluster_id = $1 AND room_sid = $2",
        cluster_id,
        room_sid,
    )
    return Seen() if row is None else _seen.decode(row[0])


async def claim_room(tx: WriteTx, cluster_id: str, room_sid: str) -> Seen:
    """Return what was seen of a room, and lock it: whoever sees more of it waits."""
    row = await tx.fetch_one(
        """SELECT seen, touched_ms FROM livekit_room
           WHERE cluster_id = $1 AND room_sid = $2 {for_update}""",
        cluster_id,
        room_sid,
    )
    if row is not None and tx.now_ms - row[1] < TOUCHED_WITHIN_MS:
        return _seen.decode(row[0])
    row = await tx.fetch_one(
        """INSERT INTO livekit_room (cluster_id, room_sid, seen, touched_ms)
           VALUES ($1, $2, '{}', $3)
           ON CONFLICT (cluster_id, room_sid) DO UPDATE SET touched_ms = excluded.touched_ms
           RETURNING seen""",
        cluster_id,
        room_sid,
        tx.now_ms,
    )
    return Seen() if row is None else _seen.decode(row[0])


def update_room(cluster_id: str, room_sid: str, seen: Seen) -> Statement:
    """Return the statement that stores what was seen of a room that was claimed before."""
    return (
        "UPDATE livekit_room SET seen = $3 WHERE cluster_id = $1 AND room_sid = $2",
        (cluster_id, room_sid, _encode(seen).decode()),
    )


async def update_unknown_room(tx: WriteTx, cluster_id: str, room_sid: str) -> None:
    """Let a room that was claimed and is of no call so far go soon.

    Whoever claims it for its call keeps it for as long as any other.
    """
    await tx.execute(
        "UPDATE livekit_room SET touched_ms = $3 WHERE cluster_id = $1 AND room_sid = $2",
        cluster_id,
        room_sid,
        tx.now_ms - ROOM_KEPT_MS + UNKNOWN_ROOM_KEPT_MS,
    )


async def find_call_in_room(tx: ReadTx, cluster_id: str, room_sid: str) -> Call | None:
    """Return the call of a room."""
    row = await tx.fetch_one(
        "SELECT record FROM phone_call WHERE cluster_id = $1 AND room_sid = $2",
        cluster_id,
        room_sid,
    )
    return None if row is None else _call.decode(row[0])


async def find_in_room(tx: ReadTx, cluster_id: str, room_sid: str) -> tuple[Call, Seen] | None:
    """Return the call of a room with what was seen of it, for whoever tidies up there."""
    row = await tx.fetch_one(
        _WITH_SEEN + " WHERE phone_call.cluster_id = $1 AND phone_call.room_sid = $2",
        cluster_id,
        room_sid,
    )
    return _with_seen(row)


async def find_followed(tx: ReadTx, cluster_id: str, call_id: str) -> tuple[Call, Seen] | None:
    """Return a call of a cluster with what was seen of its room, for whoever answers it."""
    row = await tx.fetch_one(
        _WITH_SEEN + " WHERE phone_call.call_id = $1 AND phone_call.cluster_id = $2",
        call_id,
        cluster_id,
    )
    return _with_seen(row)


def _with_seen(row: Row | None) -> tuple[Call, Seen] | None:
    return None if row is None else (_call.decode(row[0]), _seen.decode(row[1]))


async def list_up(tx: ReadTx, cluster_id: str) -> list[Call]:
    """Return the calls of a cluster that have not ended."""
    rows = await tx.fetch_all(
        """SELECT record FROM phone_call
           WHERE cluster_id = $1 AND state <> 'ended' AND state <> 'scheduled'""",
        cluster_id,
    )
    return [_call.decode(row[0]) for row in rows]


async def list_outbound_up(tx: ReadTx, cluster_id: str) -> list[Call]:
    """Return the outbound calls of a cluster that have not ended."""
    rows = await tx.fetch_all(
        """SELECT record FROM phone_call
           WHERE cluster_id = $1 AND is_outbound = 1 AND state <> 'ended'
             AND state <> 'scheduled'""",
        cluster_id,
    )
    return [_call.decode(row[0]) for row in rows]


async def find_call(tx: ReadTx, organization_id: OrganizationId, call_id: str) -> Call | None:
    """Return a call of the organization."""
    row = await tx.fetch_one(
        "SELECT record FROM phone_call WHERE call_id = $1 AND organization_id = $2",
        call_id,
        organization_id,
    )
    return None if row is None else _call.decode(row[0])


async def list_last_calls(
    tx: ReadTx, organization_id: OrganizationId, agent_id: str, limit: int
) -> list[Call]:
    """Return the last calls that were sent to an agent, newest first."""
    rows = await tx.fetch_all(
        """SELECT record FROM phone_call WHERE organization_id = $1 AND agent_id = $2
           ORDER BY started_ms DESC LIMIT $3""",
        organization_id,
        agent_id,
        limit,
    )
    return [_call.decode(row[0]) for row in rows]


async def get_peak_per_second(tx: ReadTx, cluster_id: str, since_ms: int) -> int:
    """Return how many calls came in at a cluster in the busiest second since an instant."""
    row = await tx.fetch_one(
        """SELECT COUNT(*) FROM phone_call
           WHERE cluster_id = $1 AND started_ms >= $2 AND is_outbound = 0
           GROUP BY started_ms / 1000 ORDER BY COUNT(*) DESC LIMIT 1""",
        cluster_id,
        since_ms,
    )
    return 0 if row is None else row[0]


def _columns(call: Call) -> tuple[Value, ...]:
    return (
        call.call_id,
        call.organization_id,
        call.cluster_id,
        call.room_sid,
        call.state.value,
        "" if call.target is None else call.target.agent_id,
        int(call.is_unmatched),
        call.started_ms,
        call.duration_ms,
        call.created_ms,
        call.updated_ms,
        _encode(call).decode(),
        int(call.dial is not None),
    )


def insert_call(call: Call) -> Statement:
    """Return the statement that stores a new call."""
    return (
        """INSERT INTO phone_call (call_id, organization_id, cluster_id, room_sid, state, agent_id,
             is_unmatched, started_ms, duration_ms, created_ms, updated_ms, record, is_outbound)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        _columns(call),
    )


def update_call(call: Call) -> Statement:
    """Return the statement that stores a changed call; its room was claimed before.

    SQLite writes to every index on a column that is named, changed or not. So only those are that
    may have changed: who talks does with an attempt, and when it began only where it was scheduled.
    """
    if call.attempt == 0 and call.schedule is None:
        return (
            """UPDATE phone_call SET state = $2, duration_ms = $3, updated_ms = $4, record = $5
               WHERE call_id = $1""",
            (
                call.call_id,
                call.state.value,
                call.duration_ms,
                call.updated_ms,
                _encode(call).decode(),
            ),
        )
    return (
        """UPDATE phone_call SET organization_id = $2, cluster_id = $3, room_sid = $4, state = $5,
             agent_id = $6, is_unmatched = $7, started_ms = $8, duration_ms = $9, created_ms = $10,
             updated_ms = $11, record = $12, is_outbound = $13
           WHERE call_id = $1""",
        _columns(call),
    )


def delete_call(call: Call) -> Statement:
    """Return the statement that removes a call's record."""
    return (
        "DELETE FROM phone_call WHERE call_id = $1 AND organization_id = $2",
        (call.call_id, call.organization_id),
    )


class CallFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which calls to list; what is empty does not filter.

    Attributes:
        statuses: As the published API names them: the keys of ``STATUSES``; any other has no calls.
        takes_phone_calls: Whether calls of this type, the only one there is, are among them.
    """

    statuses: tuple[str, ...] = ()
    takes_phone_calls: bool = True
    agent_ids: tuple[str, ...] = ()
    shortest_ms: int | None = None
    longest_ms: int | None = None


class CallQuery(msgspec.Struct, frozen=True):
    """Which page of which list. ``page`` counts from 0."""

    page: int = 0
    limit: int = 20
    sort_by: str = "start_timestamp"
    sort_order: str = "descending"
    filter: CallFilter = CallFilter()


class CallPage(msgspec.Struct, frozen=True):
    """Calls of one page, and how many match in all."""

    calls: list[Call]
    total: int


async def list_calls(tx: ReadTx, organization_id: OrganizationId, query: CallQuery) -> CallPage:
    """Return a page of the organization's calls and the exact total, from one snapshot."""
    where, values = _matching(organization_id, query.filter)
    column, direction = SORTS[query.sort_by], DIRECTIONS[query.sort_order]
    return await _page(
        tx, f"{where} ", f"ORDER BY {column} {direction}, call_id {direction}", values, query
    )


async def list_unmatched(tx: ReadTx, organization_id: OrganizationId, query: CallQuery) -> CallPage:
    """Return refused calls, newest first: the organization's, and those to nobody's numbers."""
    where = "organization_id IN ($1, $2) AND is_unmatched = 1"
    order = "ORDER BY started_ms DESC, call_id DESC"
    return await _page(tx, where, order, [organization_id, NOBODY], query)


async def _page(
    tx: ReadTx, where: str, order: str, values: list[Value], query: CallQuery
) -> CallPage:
    row = await tx.fetch_one(f"SELECT COUNT(*) FROM phone_call WHERE {where}", *values)
    total = 0 if row is None else row[0]
    if query.page * query.limit >= total:
        return CallPage([], total)
    rows = await tx.fetch_all(
        f"""SELECT record FROM phone_call WHERE {where} {order}
            LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}""",
        *values,
        query.limit,
        query.page * query.limit,
    )
    return CallPage([_call.decode(row[0]) for row in rows], total)


def _matching(organization_id: OrganizationId, chosen: CallFilter) -> tuple[str, list[Value]]:
    values: list[Value] = [organization_id]
    conditions = ["organization_id = $1"]

    def one_of(column: str, choices: tuple[str, ...]) -> None:
        if choices:
            first = len(values) + 1
            values.extend(choices)
            places = ", ".join(f"${place}" for place in range(first, len(values) + 1))
            conditions.append(f"{column} IN ({places})")

    if chosen.statuses:
        alternatives = " OR ".join(STATUSES.get(status, "1 = 0") for status in chosen.statuses)
        conditions.append(f"({alternatives})")
    if not chosen.takes_phone_calls:
        conditions.append("1 = 0")
    one_of("agent_id", chosen.agent_ids)
    for bound, sign in ((chosen.shortest_ms, ">="), (chosen.longest_ms, "<=")):
        if bound is not None:
            values.append(bound)
            conditions.append(f"duration_ms {sign} ${len(values)}")
    return " AND ".join(conditions), values


async def delete_old_events(tx: WriteTx, limit: int) -> int:
    """Forget events whose tokens have expired; return how many went."""
    return await tx.execute(
        """DELETE FROM livekit_event WHERE (cluster_id, event_id) IN (
             SELECT cluster_id, event_id FROM livekit_event WHERE received_ms < $1
             ORDER BY received_ms LIMIT $2)""",
        tx.now_ms - EVENT_KEPT_MS,
        limit,
    )


async def delete_old_rooms(tx: WriteTx, limit: int) -> int:
    """Forget what was seen of rooms whose calls have ended, or were none; return how many went."""
    return await tx.execute(
        """DELETE FROM livekit_room WHERE (cluster_id, room_sid) IN (
             SELECT room.cluster_id, room.room_sid FROM livekit_room AS room
             WHERE room.touched_ms < $1 AND NOT EXISTS (
               SELECT 1 FROM phone_call WHERE phone_call.cluster_id = room.cluster_id
                 AND phone_call.room_sid = room.room_sid AND phone_call.state <> 'ended')
             ORDER BY room.touched_ms LIMIT $2)""",
        tx.now_ms - ROOM_KEPT_MS,
        limit,
    )


async def delete_old_unmatched(tx: WriteTx, limit: int) -> int:
    """Forget calls to nobody's numbers after 30 days; return how many went."""
    return await tx.execute(
        """DELETE FROM phone_call WHERE call_id IN (
             SELECT call_id FROM phone_call
             WHERE organization_id = '' AND is_unmatched = 1 AND started_ms < $1
               AND state = 'ended' ORDER BY started_ms LIMIT $2)""",
        tx.now_ms - UNMATCHED_KEPT_MS,
        limit,
    )
