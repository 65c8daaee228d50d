"""What the call plane and the reconciler know: numbers with their workers, and their LiveKit side.

Both work for the whole installation, so these queries name no organization; every row they return
carries its own, and nothing of it is shown to a customer.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cordboard.numbers.aliases import alias_in
from cordboard.numbers.dialled import read_dialled
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import Number
from cordboard.routing.model import AgentVersion, Facts, RoutableNumber, key_of
from cordboard.runtime.db import ReadTx, Row, WriteTx
from cordboard.runtime.ids import OrganizationId, RegistrationId

_WORKER = """
    number.phone_number, number.organization_id, number.registration_id, number.revision,
    number.updated_ms, number.inbound_webhook_url, number.inbound_agent_id,
    number.inbound_agent_version, inbound.livekit_agent_name, inbound.livekit_deployment,
    number.fallback_agent_id, number.fallback_agent_version"""

_FROM = """
    FROM phone_number AS number
    LEFT JOIN agent_version AS inbound
      ON inbound.agent_id = number.inbound_agent_id
      AND inbound.version = number.inbound_agent_version
      AND inbound.organization_id = number.organization_id"""

_FALLBACK_WORKER = "fallback.livekit_agent_name, fallback.livekit_deployment"

_FALLBACK = """
    LEFT JOIN agent_version AS fallback
      ON fallback.agent_id = number.fallback_agent_id
      AND fallback.version = number.fallback_agent_version
      AND fallback.organization_id = number.organization_id"""

_STATE = """
    registration_id, organization_id, cluster_id, inbound_trunk_id, dispatch_rule_id, status,
    error, answered_by"""

AT_ONCE = 500
"""How many rows of a long list are read at a time, so that the event loop waits for no more."""

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


def _agent_version(
    agent_id: str | None, version: int, name: str | None = None, deployment: str | None = None
) -> AgentVersion | None:
    """Return who is bound, or None; an agent that has no row here is one that LiveKit knows."""
    if agent_id is None:
        return None
    return AgentVersion(
        agent_id=agent_id,
        agent_version=version,
        livekit_agent_name=agent_id if name is None else name,
        livekit_deployment=deployment,
        is_registered=name is not None,
    )


def _number_from_row(row: Iterable[Any]) -> RoutableNumber:
    number, organization, registration, revision, updated_ms, webhook, *agents = row
    return RoutableNumber(
        phone_number=E164(number),
        organization_id=organization,
        registration_id=registration,
        revision=revision,
        inbound=_agent_version(*agents[:4]),
        fallback=_agent_version(*agents[4:]),
        webhook_url=webhook,
        updated_ms=updated_ms,
    )


async def list_static_numbers(tx: ReadTx) -> list[RoutableNumber]:
    """Return every number of the installation that LiveKit can route alone, with its workers.

    Bound to an agent, and without a webhook to ask: as ``topology.has_own_pair`` has it.
    """
    found: list[RoutableNumber] = []
    last = ""
    while rows := await tx.fetch_all(
        f"""SELECT {_WORKER}, {_FALLBACK_WORKER} {_FROM} {_FALLBACK}
            WHERE number.inbound_agent_id IS NOT NULL AND number.inbound_webhook_url IS NULL
              AND number.phone_number > $1
            ORDER BY number.phone_number LIMIT {AT_ONCE}""",
        last,
    ):
        found += map(_number_from_row, rows)
        last = found[-1].phone_number
    return found


async def find_routable_numbers(
    tx: ReadTx, phone_numbers: Iterable[E164]
) -> dict[E164, RoutableNumber]:
    """Return those of a few numbers that are registered, each by a point query.

    A fallback agent is read by one of its own, for few numbers have any: to join its version too
    would cost every number's look-up half as much again.
    """
    found = {}
    for phone_number in phone_numbers:
        row = await tx.fetch_one(
            f"SELECT {_WORKER} {_FROM} WHERE number.phone_number = $1", phone_number
        )
        if row is not None:
            found[phone_number] = _number_from_row([*row, *await _fallback_worker(tx, row)])
    return found


async def find_aliased_number(tx: ReadTx, alias: str) -> RoutableNumber | None:
    """Return the number to which an alias leads, or None."""
    row = await tx.fetch_one("SELECT phone_number FROM phone_number_alias WHERE alias = $1", alias)
    if row is None:
        return None
    return (await find_routable_numbers(tx, [row[0]])).get(row[0])


async def _fallback_worker(tx: ReadTx, number: Row) -> Iterable[str | None]:
    """Return name and deployment of the worker of a number's fallback; nothing without any."""
    _, organization_id, *_, agent_id, version = number
    if agent_id is None:
        return ()
    row = await tx.fetch_one(
        """SELECT livekit_agent_name, livekit_deployment FROM agent_version
           WHERE agent_id = $1 AND version = $2 AND organization_id = $3""",
        agent_id,
        version,
        organization_id,
    )
    return () if row is None else row


async def find_facts(
    tx: ReadTx, dialled: str, organization_id: OrganizationId | None = None
) -> Facts:
    """Return what a decision about a call may depend on, by point queries only.

    Args:
        tx: A transaction.
        dialled: What the carrier put into the To header.
        organization_id: Whose numbers count; None, for a call that rings, counts all of them.
    """
    read = read_dialled(dialled)
    numbers = await find_routable_numbers(tx, [each.phone_number for each in read.meanings])
    counting = [
        each
        for each in read.meanings
        if (number := numbers.get(each.phone_number)) is not None
        and organization_id in {None, number.organization_id}
    ]
    if not counting:
        # No alias can be read as a number, so nothing is lost when numbers are looked for first.
        alias = alias_in(read)
        aliased = None if alias is None else await find_aliased_number(tx, alias)
        if aliased is None or organization_id not in {None, aliased.organization_id}:
            return Facts(read, None)
        return Facts(read, aliased, f"alias '{alias}'")
    chosen, *others = counting
    passed_over = tuple(each.phone_number for each in others)
    return Facts(read, numbers[chosen.phone_number], chosen.how, passed_over)


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


async def list_bound_agents(tx: ReadTx, limit: int) -> list[tuple[OrganizationId, AgentVersion]]:
    """Return agents, in the versions to which numbers are bound, whatever they are bound for."""
    rows = await tx.fetch_all(
        """SELECT bound.organization_id, bound.agent_id, bound.version,
             agent_version.livekit_agent_name, agent_version.livekit_deployment
           FROM (
             SELECT organization_id, inbound_agent_id AS agent_id, inbound_agent_version AS version
             FROM phone_number WHERE inbound_agent_id IS NOT NULL
             UNION
             SELECT organization_id, outbound_agent_id, outbound_agent_version
             FROM phone_number WHERE outbound_agent_id IS NOT NULL
             UNION
             SELECT organization_id, fallback_agent_id, fallback_agent_version
             FROM phone_number WHERE fallback_agent_id IS NOT NULL
           ) AS bound
           LEFT JOIN agent_version ON agent_version.agent_id = bound.agent_id
             AND agent_version.version = bound.version
             AND agent_version.organization_id = bound.organization_id
           ORDER BY bound.organization_id, bound.agent_id, bound.version LIMIT $1""",
        limit,
    )
    return [
        (row[0], AgentVersion(row[1], row[2], row[3] or row[1], row[4], row[3] is not None))
        for row in rows
    ]


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


async def insert_pending_state(
    tx: WriteTx, organization_id: OrganizationId, number: RoutableNumber, cluster_id: str
) -> bool:
    """Note that something is about to be made for a number; False if it was deleted meanwhile.

    Whoever deletes the number afterwards finds the state, and so knows that something may stand.
    """
    made = await tx.execute(
        """INSERT INTO phone_number_livekit
             (registration_id, organization_id, cluster_id, status, updated_ms)
           SELECT registration_id, organization_id, $3, 'pending', CAST($4 AS BIGINT)
           FROM phone_number
           WHERE organization_id = $1 AND phone_number = $2 AND registration_id = $5
           {for_share}
           ON CONFLICT (registration_id) DO NOTHING""",
        organization_id,
        number.phone_number,
        cluster_id,
        tx.now_ms,
        number.registration_id,
    )
    return made == 1


async def update_states(
    tx: WriteTx, states: Sequence[NumberState], gone: Sequence[RegistrationId]
) -> None:
    """Store what was learned, and forget registrations of which nothing is left."""
    for state in states:
        await tx.execute(
            """INSERT INTO phone_number_livekit (registration_id, organization_id, cluster_id,
                 inbound_trunk_id, dispatch_rule_id, status, error, answered_by, updated_ms)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               ON CONFLICT (registration_id) DO UPDATE SET cluster_id = excluded.cluster_id,
                 inbound_trunk_id = excluded.inbound_trunk_id,
                 dispatch_rule_id = excluded.dispatch_rule_id, status = excluded.status,
                 error = excluded.error, answered_by = excluded.answered_by,
                 updated_ms = excluded.updated_ms""",
            *msgspec.structs.astuple(state),
            tx.now_ms,
        )
    for registration_id in gone:
        await tx.execute(
            "DELETE FROM phone_number_livekit WHERE registration_id = $1", registration_id
        )


async def update_cluster(tx: WriteTx, cluster_id: str, url: str) -> None:
    """Note a cluster of the configuration."""
    await tx.execute(
        """INSERT INTO livekit_cluster (cluster_id, url, created_ms) VALUES ($1, $2, $3)
           ON CONFLICT (cluster_id) DO UPDATE SET url = excluded.url""",
        cluster_id,
        url,
        tx.now_ms,
    )


async def update_catch_all(tx: WriteTx, cluster_id: str, rule_id: str) -> None:
    """Note the catch-all's rule, so that its calls are known for ours."""
    await tx.execute(
        """INSERT INTO livekit_catch_all (cluster_id, rule_id, noted_ms) VALUES ($1, $2, $3)
           ON CONFLICT (cluster_id, rule_id) DO NOTHING""",
        cluster_id,
        rule_id,
        tx.now_ms,
    )


class OwnRule(msgspec.Struct, frozen=True):
    """A dispatch rule of ours.

    Attributes:
        is_catch_all: Whether Cordboard sends for the agents of its calls.
        answered_by: Whom LiveKit sends for by itself (``model.key_of``), as far as is known.
        noted_ms: Since when that is known.
    """

    is_catch_all: bool
    answered_by: str | None = None
    noted_ms: int = 0


async def find_own_rule(tx: ReadTx, cluster_id: str, rule_id: str) -> OwnRule | None:
    """Return what is known of a rule by which a call came; None for somebody else's."""
    row = await tx.fetch_one(
        "SELECT 1 FROM livekit_catch_all WHERE cluster_id = $1 AND rule_id = $2",
        cluster_id,
        rule_id,
    )
    if row is not None:
        return OwnRule(is_catch_all=True)
    row = await tx.fetch_one(
        """SELECT answered_by, updated_ms FROM phone_number_livekit
           WHERE cluster_id = $1 AND dispatch_rule_id = $2""",
        cluster_id,
        rule_id,
    )
    if row is None:
        return None
    return OwnRule(is_catch_all=False, answered_by=row[0], noted_ms=row[1])


async def get_installation_id(tx: WriteTx) -> str:
    """Return the id that our objects at LiveKit carry; made the first time."""
    await tx.execute(
        """INSERT INTO installation (name, value) VALUES ('installation_id', $1)
           ON CONFLICT (name) DO NOTHING""",
        tx.new_id("inst_"),
    )
    row = await tx.fetch_one("SELECT value FROM installation WHERE name = 'installation_id'")
    if row is None:
        raise LookupError("the installation's id vanished")
    value: str = row[0]
    return value
