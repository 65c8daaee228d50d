"""What stands at LiveKit for each number that has a pair of its own, and for all others."""

from collections.abc import Sequence

import msgspec

from cordboard.numbers.model import Number
from cordboard.routing.model import RoutableNumber, key_of
from cordboard.routing.store.numbers import AT_ONCE, find_routable_numbers
from cordboard.runtime.db import ReadTx, WriteTx
from cordboard.runtime.ids import OrganizationId, RegistrationId

_STATE = """
    registration_id, organization_id, cluster_id, inbound_trunk_id, dispatch_rule_id, status,
    error, answered_by"""

EVERYBODY = OrganizationId("")
CATCH_ALL_STATE = RegistrationId("catch-all")
"""What stands in place of a registration, and of its organization, in the catch-all's state."""


class NumberState(msgspec.Struct, frozen=True, gc=False):
    """What stands at LiveKit for one registration of a number that has its own pair.

    All others ring through the catch-all, of which there is one state.

    Attributes:
        status: ``pending``, ``ready``, ``blocked`` or ``failed``.
        error: Why it is not ready, in words that name what stands in the way.
        answered_by: Whom the rule that stands sends for (``model.key_of``); None without one.
    """

    registration_id: RegistrationId
    organization_id: OrganizationId
    cluster_id: str
    inbound_trunk_id: str | None
    dispatch_rule_id: str | None
    status: str
    error: str | None
    answered_by: str | None = None


async def list_states(tx: ReadTx, cluster_id: str) -> dict[str, NumberState]:
    """Return what is known of every pair at a cluster, the catch-all included, by registration."""
    found: dict[str, NumberState] = {}
    last = ""
    while rows := await tx.fetch_all(
        f"""SELECT {_STATE} FROM phone_number_livekit
            WHERE cluster_id = $1 AND registration_id > $2
            ORDER BY registration_id LIMIT {AT_ONCE}""",
        cluster_id,
        last,
    ):
        found.update((row[0], NumberState(*row)) for row in rows)
        last = rows[-1][0]
    return found


async def get_pair_count(tx: ReadTx, cluster_id: str) -> int:
    """Return how many trunks of ours stand at a cluster, the catch-all's among them."""
    row = await tx.fetch_one(
        "SELECT COUNT(DISTINCT inbound_trunk_id) FROM phone_number_livekit WHERE cluster_id = $1",
        cluster_id,
    )
    return 0 if row is None else row[0]


async def find_state(
    tx: ReadTx, organization_id: OrganizationId, registration_id: RegistrationId
) -> NumberState | None:
    """Return what is known of the pair of one registration of the organization, or None."""
    row = await tx.fetch_one(
        f"""SELECT {_STATE} FROM phone_number_livekit
            WHERE registration_id = $1 AND organization_id = $2""",
        registration_id,
        organization_id,
    )
    return None if row is None else NumberState(*row)


async def find_standing(
    tx: ReadTx,
    organization_id: OrganizationId,
    number: Number,
    makes_pairs: bool,  # noqa: FBT001 - given to read() by place
) -> NumberState | None:
    """Return what is known to stand for a number: its own pair, or the catch-all; None for neither.

    A pair that sends for another agent than the number has now is pending. Before a number has its
    own pair, a catch-all that failed stands for it: LiveKit cannot be asked.

    Args:
        tx: A transaction.
        organization_id: Whose number it is.
        number: The number.
        makes_pairs: Whether numbers have pairs of their own: then one that has not will get it.
    """
    own = await find_state(tx, organization_id, number.registration_id)
    is_static = number.inbound_agent_id is not None and number.inbound_webhook_url is None
    if own is not None and own.status == "ready":
        now = (await find_routable_numbers(tx, [number.phone_number])).get(number.phone_number)
        if now is None or not is_static or own.answered_by != key_of(now.inbound):
            return msgspec.structs.replace(own, status="pending")
    shared = await find_state(tx, EVERYBODY, CATCH_ALL_STATE) if own is None else own
    is_waiting = own is None and makes_pairs and is_static
    return None if is_waiting and shared and shared.status != "failed" else shared


async def insert_pending_states(
    tx: WriteTx, numbers: Sequence[RoutableNumber], cluster_id: str
) -> set[RegistrationId]:
    """Note that something is about to be made for numbers; return for which it was noted.

    Not for those that were deleted meanwhile, and not for those of which something is known.
    Whoever deletes a number afterwards finds the state, and so knows that something may stand.
    """
    rows = await tx.fetch_all(
        """INSERT INTO phone_number_livekit
             (registration_id, organization_id, cluster_id, status, updated_ms)
           SELECT registration_id, organization_id, $2, 'pending', CAST($3 AS BIGINT)
           FROM phone_number
           WHERE phone_number IN (SELECT item.value ->> 0 FROM {items})
             AND registration_id IN (SELECT item.value ->> 1 FROM {items})
           ORDER BY phone_number {for_share}
           ON CONFLICT (registration_id) DO NOTHING
           RETURNING registration_id""",
        _as_items([(each.phone_number, each.registration_id) for each in numbers]),
        cluster_id,
        tx.now_ms,
    )
    return {row[0] for row in rows}


async def update_states(tx: WriteTx, states: Sequence[NumberState]) -> None:
    """Store what was learned, of each registration once."""
    await tx.execute(
        """INSERT INTO phone_number_livekit (registration_id, organization_id, cluster_id,
             inbound_trunk_id, dispatch_rule_id, status, error, answered_by, updated_ms)
           SELECT item.value ->> 0, item.value ->> 1, item.value ->> 2, item.value ->> 3,
             item.value ->> 4, item.value ->> 5, item.value ->> 6, item.value ->> 7,
             CAST($2 AS BIGINT)
           FROM {items} WHERE 1 = 1
           ON CONFLICT (registration_id) DO UPDATE SET cluster_id = excluded.cluster_id,
             inbound_trunk_id = excluded.inbound_trunk_id,
             dispatch_rule_id = excluded.dispatch_rule_id, status = excluded.status,
             error = excluded.error, answered_by = excluded.answered_by,
             updated_ms = excluded.updated_ms""",
        _as_items([msgspec.structs.astuple(state) for state in states]),
        tx.now_ms,
    )


async def delete_states(tx: WriteTx, gone: Sequence[RegistrationId]) -> None:
    """Forget registrations of which nothing is left."""
    await tx.execute(
        """DELETE FROM phone_number_livekit
           WHERE registration_id IN (SELECT item.value ->> 0 FROM {items})""",
        _as_items([(registration_id,) for registration_id in gone]),
    )


def _as_items(rows: Sequence[tuple[str | None, ...]]) -> str:
    """Return many rows as the one value of a statement, for ``{items}``."""
    return msgspec.json.encode(rows).decode()
