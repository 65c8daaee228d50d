"""Lists of agents on the wire, and how they are asked for."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.agents.model import LONGEST_NAME
from cordboard.agents.store import SORTS, AgentPage, AgentQuery, AgentSummary
from cordboard.edge.api import agent_fields as fields
from cordboard.edge.api.paging import (
    ListRequest,
    ListRules,
    PagePosition,
    ReturnedCount,
    UsedOrder,
    page_position,
)
from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.edge.api.schema_rules import choices, text
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.ids import OrganizationId

MOST_NAMES = 20
LISTING = ListRules(limit=20, most=100, sort_by="updated_at", sorts=tuple(SORTS))


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


class AgentListRequest(ListRequest, frozen=True, forbid_unknown_fields=True):
    """Which page of which list."""

    limit: Annotated[int | None, LISTING.limit_field] = None
    sort_by: Annotated[str | None, LISTING.sort_field] = None
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
        **LISTING.checked(asked),
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
