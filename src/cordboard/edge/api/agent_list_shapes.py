"""Lists of agents on the wire, and how they are asked for."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.agents.model import LONGEST_NAME
from cordboard.agents.store import DIRECTIONS, SORTS, AgentPage, AgentQuery, AgentSummary
from cordboard.edge.api import agent_fields as fields
from cordboard.edge.api.paging import (
    PageNumber,
    PagePosition,
    ReturnedCount,
    SortOrder,
    UsedOrder,
    page_position,
)
from cordboard.edge.api.query import LARGEST_INTEGER, check_choice, check_range
from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.edge.api.schema_rules import choices, default, text, whole
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.ids import OrganizationId

MOST_NAMES = 20


class AgentFilterCriteria(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which agents to list; null and an empty list do not filter."""

    agent_name: Annotated[
        list[Annotated[str, Meta(extra_json_schema=text(1, LONGEST_NAME, r"[^\x00]*"))]] | None,
        Meta(
            description="Up to 20 parts of names, any case, every character literally: "
            "an agent is listed when its name holds one of them.",
            examples=[["desk", "sales"]],
            extra_json_schema={"maxItems": MOST_NAMES},
        ),
    ] = None


class AgentListRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of which list."""

    page: PageNumber = None
    limit: Annotated[
        int | None,
        Meta(
            description="How many on a page.",
            examples=[20],
            extra_json_schema=whole(1, 100) | default(20),
        ),
    ] = None
    sort_by: Annotated[
        str | None,
        Meta(
            description="What to sort by.",
            examples=["updated_at"],
            extra_json_schema=choices(*SORTS, None) | default("updated_at"),
        ),
    ] = None
    sort_order: SortOrder = None
    filter_criteria: Annotated[
        AgentFilterCriteria | None, Meta(description="Which agents; all, when left out.")
    ] = None


class AgentItem(msgspec.Struct, frozen=True):
    """An agent in a list; its language is the newest version's."""

    agent_id: fields.AgentIdentifier
    agent_name: fields.AgentName
    language: fields.Language
    created_at: Instant
    updated_at: Instant


class AgentList(msgspec.Struct, frozen=True):
    """A page of agents."""

    organization_id: OrganizationName
    agents: Annotated[list[AgentItem], Meta(description="The agents of the page.")]
    returned_count: ReturnedCount
    pagination: Annotated[PagePosition, Meta(description="Where in the list the page lies.")]
    sort_order: UsedOrder
    sort_by: Annotated[
        str,
        Meta(
            description="What the list is sorted by.",
            examples=["updated_at"],
            extra_json_schema=choices(*SORTS),
        ),
    ]


def checked_query(asked: AgentListRequest) -> AgentQuery:
    """Return the list that is asked for.

    Args:
        asked: Values of the right types; null is the same as left out.

    Raises:
        InvalidError: A value breaks its rule.
    """
    criteria = asked.filter_criteria or AgentFilterCriteria()
    return AgentQuery(
        page=check_range(asked.page, "page", 0, 0, LARGEST_INTEGER),
        limit=check_range(asked.limit, "limit", 20, 1, 100),
        sort_by=check_choice(asked.sort_by, "sort_by", "updated_at", tuple(SORTS)),
        sort_order=check_choice(asked.sort_order, "sort_order", "descending", tuple(DIRECTIONS)),
        names=_checked_names(criteria.agent_name or []),
    )


def _checked_names(names: list[str]) -> tuple[str, ...]:
    field = "filter_criteria.agent_name"
    if len(names) > MOST_NAMES:
        raise InvalidError(field, "length", f"must have at most {MOST_NAMES} items")
    for index, name in enumerate(names):
        if "\0" in name:
            reason = "must not hold the NUL character"
            raise InvalidError(f"{field}[{index}]", "characters", reason)
        if not 1 <= len(name) <= LONGEST_NAME:
            reason = f"must have 1 to {LONGEST_NAME} characters"
            raise InvalidError(f"{field}[{index}]", "length", reason)
    return tuple(names)


def agent_list(organization_id: OrganizationId, query: AgentQuery, page: AgentPage) -> AgentList:
    """Return a page as it is answered."""
    return AgentList(
        organization_id=organization_id,
        agents=[_item(agent) for agent in page.agents],
        returned_count=len(page.agents),
        pagination=page_position(query.page, query.limit, page.total),
        sort_order=query.sort_order,
        sort_by=query.sort_by,
    )


def _item(agent: AgentSummary) -> AgentItem:
    return AgentItem(
        agent.agent_id,
        agent.agent_name,
        agent.language,
        iso_utc(agent.created_ms),
        iso_utc(agent.updated_ms),
    )
