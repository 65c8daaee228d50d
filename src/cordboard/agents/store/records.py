"""Agents and their versions in the database."""

import re
from typing import Any

import msgspec

from cordboard.agents.configuration import language_of
from cordboard.agents.errors import AgentNotFoundError, AgentVersionNotFoundError
from cordboard.agents.model import Agent, AgentVersion
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Row, Statement, WriteTx
from cordboard.runtime.ids import AgentId, OrganizationId

AGENT_COLUMNS = (
    "agent_id, organization_id, agent_name, revision, created_ms, updated_ms, newest_version"
)
VERSION_COLUMNS = """agent_id, organization_id, version, livekit_agent_name, livekit_deployment,
    configuration, published_ms, created_ms, updated_ms"""

GET = f"""SELECT {AGENT_COLUMNS} FROM agent
    WHERE agent_id = $1 AND organization_id = $2 AND deleted_ms IS NULL"""

VERSION = re.compile(r"[1-9][0-9]{0,9}")


class VersionSummary(msgspec.Struct, frozen=True):
    """A version as a list shows it; see :class:`cordboard.agents.model.AgentVersion`."""

    version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    published_ms: int | None
    created_ms: int
    updated_ms: int


def insert_agent(agent: Agent) -> Statement:
    """Return the statement that stores a new agent, without its version."""
    sql = """
        INSERT INTO agent (agent_id, organization_id, agent_name, agent_name_folded,
          newest_version, language, revision, created_ms, updated_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
    return sql, (
        agent.agent_id,
        agent.organization_id,
        agent.agent_name,
        agent.agent_name.casefold(),
        agent.newest.version,
        language_of(agent.newest.configuration) or "",
        agent.revision,
        agent.created_ms,
        agent.updated_ms,
    )


def update_agent(agent: Agent) -> Statement:
    """Return the statement that stores an agent's next revision, without its version."""
    sql = """
        UPDATE agent SET agent_name = $3, agent_name_folded = $4, newest_version = $5,
          language = $6, revision = $7, updated_ms = $8
        WHERE agent_id = $1 AND organization_id = $2"""
    return sql, (
        agent.agent_id,
        agent.organization_id,
        agent.agent_name,
        agent.agent_name.casefold(),
        agent.newest.version,
        language_of(agent.newest.configuration) or "",
        agent.revision,
        agent.updated_ms,
    )


def delete_agent(agent: Agent) -> Statement:
    """Return the statement that takes an agent away.

    The row stays: its id must never pass for a name that only LiveKit knows, and calls that have
    rung keep their version.
    """
    sql = """
        UPDATE agent SET deleted_ms = $3, updated_ms = $3, revision = $4
        WHERE agent_id = $1 AND organization_id = $2"""
    return sql, (agent.agent_id, agent.organization_id, agent.updated_ms, agent.revision)


def insert_version(version: AgentVersion) -> Statement:
    """Return the statement that stores a new version of an agent."""
    sql = f"""
        INSERT INTO agent_version ({VERSION_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
    return sql, (
        version.agent_id,
        version.organization_id,
        version.version,
        version.livekit_agent_name,
        version.livekit_deployment,
        msgspec.json.encode(version.configuration).decode(),
        version.published_ms,
        version.created_ms,
        version.updated_ms,
    )


def update_version(version: AgentVersion) -> Statement:
    """Return the statement that stores a version as it is now."""
    sql = """
        UPDATE agent_version SET livekit_agent_name = $4, livekit_deployment = $5,
          configuration = $6, published_ms = $7, updated_ms = $8
        WHERE agent_id = $1 AND organization_id = $2 AND version = $3"""
    return sql, (
        version.agent_id,
        version.organization_id,
        version.version,
        version.livekit_agent_name,
        version.livekit_deployment,
        msgspec.json.encode(version.configuration).decode(),
        version.published_ms,
        version.updated_ms,
    )


def insert_history(actor: Actor, agent: Agent, action: str, changes: dict[str, Any]) -> Statement:
    """Return the statement that appends to an agent's history.

    Args:
        actor: Who did it.
        agent: The agent as it stands afterwards.
        action: ``created``, ``updated``, ``published`` or ``deleted``.
        changes: Field → ``{"from": …, "to": …}``.
    """
    sql = """
        INSERT INTO agent_history (organization_id, agent_id, revision, at_ms, action, api_key,
          request_id, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
    return sql, (
        actor.organization_id,
        agent.agent_id,
        agent.revision,
        agent.updated_ms,
        action,
        actor.api_key,
        actor.request_id,
        msgspec.json.encode(changes).decode(),
    )


async def get_agent(tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId) -> Agent:
    """Return an agent of the organization with its newest version.

    Raises:
        AgentNotFoundError: The organization has no such agent.
    """
    return await _agent(tx, organization_id, agent_id, GET)


async def get_agent_for_update(
    tx: WriteTx, organization_id: OrganizationId, agent_id: AgentId
) -> Agent:
    """Return an agent of the organization, locked until the transaction ends.

    Whoever binds a number to the agent waits meanwhile, and so does whoever changes it.

    Raises:
        AgentNotFoundError: The organization has no such agent.
    """
    return await _agent(tx, organization_id, agent_id, GET + " {for_update}")


async def list_versions(
    tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId
) -> list[VersionSummary]:
    """Return all versions of an agent, newest first, without what they keep for the worker.

    Raises:
        AgentNotFoundError: The organization has no such agent.
    """
    await _agent_row(tx, organization_id, agent_id, GET)
    rows = await tx.fetch_all(
        """SELECT version, livekit_agent_name, livekit_deployment, published_ms, created_ms,
             updated_ms
           FROM agent_version WHERE agent_id = $1 AND organization_id = $2 ORDER BY version DESC""",
        agent_id,
        organization_id,
    )
    return [VersionSummary(*row) for row in rows]


async def get_version(
    tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId, version: str
) -> AgentVersion:
    """Return one version of an agent.

    Args:
        tx: A look at the database.
        organization_id: Whose agent it is.
        agent_id: Which agent.
        version: As it stands in a path; what is no number names no version.

    Raises:
        AgentNotFoundError: The organization has no such agent.
        AgentVersionNotFoundError: The agent has no such version.
    """
    await _agent_row(tx, organization_id, agent_id, GET)
    number = int(version) if VERSION.fullmatch(version) else 0
    found = await _find_version(tx, organization_id, agent_id, number)
    if found is None:
        raise AgentVersionNotFoundError(agent_id, version)
    return found


async def _agent(tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId, sql: str) -> Agent:
    """Return an agent and its newest version, by two statements.

    A join would not do for a locked row: one that waited for the lock sees the row as it is now,
    but joins it with what its statement saw before, where a version opened meanwhile is missing.
    """
    row = await _agent_row(tx, organization_id, agent_id, sql)
    newest = await _find_version(tx, organization_id, agent_id, row[6])
    if newest is None:
        raise AgentVersionNotFoundError(agent_id, row[6])
    return Agent(row[0], row[1], row[2], row[3], row[4], row[5], newest)


async def _agent_row(
    tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId, sql: str
) -> Row:
    row = await tx.fetch_one(sql, agent_id, organization_id)
    if row is None:
        raise AgentNotFoundError(organization_id, agent_id)
    return row


async def _find_version(
    tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId, version: int
) -> AgentVersion | None:
    row = await tx.fetch_one(
        f"""SELECT {VERSION_COLUMNS} FROM agent_version
            WHERE agent_id = $1 AND organization_id = $2 AND version = $3""",
        agent_id,
        organization_id,
        version,
    )
    return None if row is None else _version_from_row(row)


def _version_from_row(row: Row) -> AgentVersion:
    values = list(row)
    values[5] = msgspec.json.decode(values[5])
    return AgentVersion(*values)
