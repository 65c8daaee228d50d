"""Pages of agents: sorted, filtered, with exact totals."""

import msgspec

from cordboard.runtime.db import ReadTx, Row
from cordboard.runtime.db.part_pattern import part_pattern
from cordboard.runtime.ids import AgentId, OrganizationId

SORTS = {"updated_at": "updated_ms", "created_at": "created_ms", "agent_name": "agent_name"}
DIRECTIONS = {"ascending": "ASC", "descending": "DESC"}


class AgentQuery(msgspec.Struct, frozen=True):
    """Which page of which list.

    Attributes:
        page: From 0.
        names: Parts of names, any case, every character literally; an agent is listed when its
            name holds one of them. Without any, all are listed.
    """

    page: int = 0
    limit: int = 20
    sort_by: str = "updated_at"
    sort_order: str = "descending"
    names: tuple[str, ...] = ()


class AgentSummary(msgspec.Struct, frozen=True):
    """An agent as a list shows it; its language is that of the newest version, or None."""

    agent_id: AgentId
    agent_name: str
    language: str | None
    created_ms: int
    updated_ms: int


class AgentPage(msgspec.Struct, frozen=True):
    """Agents of one page, and how many match in all."""

    agents: list[AgentSummary]
    total: int


async def list_agents(tx: ReadTx, organization_id: OrganizationId, query: AgentQuery) -> AgentPage:
    """Return a page of the organization's agents and the exact total, from one snapshot.

    Ties are broken by id in the direction of the sort, so pages never overlap.
    """
    direction = DIRECTIONS[query.sort_order]
    names = [f"agent_name_folded LIKE ${2 + n} ESCAPE '\\'" for n in range(len(query.names))]
    matched = f" AND ({' OR '.join(names)})" if names else ""
    source = f"FROM agent WHERE organization_id = $1 AND deleted_ms IS NULL{matched}"
    values = (organization_id, *(part_pattern(name) for name in query.names))
    counted = await tx.fetch_one(f"SELECT COUNT(*) {source}", *values)
    rows = await tx.fetch_all(
        f"""SELECT agent_id, agent_name, language, created_ms, updated_ms {source}
            ORDER BY {SORTS[query.sort_by]} {direction}, agent_id {direction}
            LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}""",
        *values,
        query.limit,
        query.page * query.limit,
    )
    total = 0 if counted is None else counted[0]
    return AgentPage([_summary_from_row(row) for row in rows], total)


def _summary_from_row(row: Row) -> AgentSummary:
    values = list(row)
    values[2] = values[2] or None
    return AgentSummary(*values)
