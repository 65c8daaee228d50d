"""Numbers with their workers: all that a decision about a call may depend on."""

from collections.abc import Iterable
from typing import Any

from cordboard.numbers.aliases import alias_in
from cordboard.numbers.dialled import read_dialled
from cordboard.numbers.e164 import E164
from cordboard.routing.model import AgentVersion, Facts, RoutableNumber
from cordboard.runtime.db import ReadTx, Row
from cordboard.runtime.ids import OrganizationId

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

AT_ONCE = 500
"""How many rows of a long list are read at a time, so that the event loop waits for no more."""


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
