"""Lists of phone numbers on the wire, and how they are asked for."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cordboard.edge.api.number_fields import PhoneNumber
from cordboard.edge.api.number_shapes import NumberItem, Revision, number_item
from cordboard.edge.api.paging import (
    ListRequest,
    ListRules,
    Pagination,
    ReturnedCount,
    UsedOrder,
    pagination,
)
from cordboard.edge.api.query import LARGEST_INTEGER
from cordboard.edge.api.resource_fields import OrganizationName
from cordboard.edge.api.schema_rules import choices, text, whole
from cordboard.numbers.store import SORTS, NumberFilter, NumberPage, NumberQuery
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.ids import OrganizationId

LONGEST_FILTER = 128
LISTING = ListRules(limit=50, most=1000, sort_by="updated_at", sorts=tuple(SORTS))
FILTER_TEXT = text(1, LONGEST_FILTER, r"[^\x00]*")


class FilterCriteria(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which numbers to list; null does not filter."""

    nickname: Annotated[
        str | None,
        Meta(
            description="A part of the nickname, any case, every character literally.",
            examples=["service"],
            extra_json_schema=FILTER_TEXT,
        ),
    ] = None
    area_code: Annotated[
        int | None,
        Meta(
            description="The three digits of a +1 number.",
            examples=[415],
            extra_json_schema=whole(0),
        ),
    ] = None
    agent_id: Annotated[
        str | None,
        Meta(
            description="An agent that answers or dials.",
            examples=["agent_abc123"],
            extra_json_schema=FILTER_TEXT,
        ),
    ] = None


class NumberListRequest(ListRequest, frozen=True, forbid_unknown_fields=True):
    """Which page of which list."""

    limit: Annotated[int | None, LISTING.limit_field] = None
    sort_by: Annotated[str | None, LISTING.sort_field] = None
    filter_criteria: Annotated[
        FilterCriteria | None, Meta(description="Which numbers; all, when left out.")
    ] = None


class NumberList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of numbers. ``applied_filters`` is there when the filters came in the query."""

    organization_id: OrganizationName
    phone_numbers: Annotated[list[NumberItem], Meta(description="The numbers of the page.")]
    returned_count: ReturnedCount
    pagination: Annotated[Pagination, Meta(description="Where in the list the page lies.")]
    sort_order: UsedOrder
    sort_by: Annotated[
        str,
        Meta(
            description="What the list is sorted by.",
            examples=["updated_at"],
            extra_json_schema=choices(*SORTS),
        ),
    ]
    applied_filters: Annotated[
        dict[str, Any] | None,
        Meta(
            description="The filters in use, when they came in the query.",
            examples=[{"area_code": 415}],
        ),
    ] = None


class NumberHistory(msgspec.Struct, frozen=True):
    """A page of a number's history."""

    phone_number: PhoneNumber
    revisions: Annotated[list[Revision], Meta(description="The changes, newest first.")]
    pagination: Annotated[Pagination, Meta(description="Where in the history the page lies.")]


def checked_query(asked: NumberListRequest, prefix: str = "") -> NumberQuery:
    """Return the list that is asked for.

    Args:
        asked: Values of the right types; null is the same as left out.
        prefix: The path of the filters, for errors (``filter_criteria.`` or nothing).

    Raises:
        InvalidError: A value breaks its rule.
    """
    criteria = asked.filter_criteria or FilterCriteria()
    return NumberQuery(
        **LISTING.checked(asked),
        filter=NumberFilter(
            nickname=_checked_text(criteria.nickname, f"{prefix}nickname"),
            area_code=_checked_area_code(criteria.area_code, f"{prefix}area_code"),
            agent_id=_checked_text(criteria.agent_id, f"{prefix}agent_id"),
        ),
    )


def _checked_text(text: str | None, field: str) -> str | None:
    if text is None:
        return None
    if "\0" in text:
        raise InvalidError(field, "characters", "must not hold the NUL character")
    if not 1 <= len(text) <= LONGEST_FILTER:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_FILTER} characters")
    return text


def _checked_area_code(value: int | None, field: str) -> int | None:
    if value is not None and not 0 <= value <= LARGEST_INTEGER:
        raise InvalidError(field, "range", f"must be from 0 to {LARGEST_INTEGER}")
    return value


def number_list(
    organization_id: OrganizationId,
    query: NumberQuery,
    page: NumberPage,
    applied_filters: dict[str, Any] | None,
) -> NumberList:
    """Return a page as it is answered."""
    return NumberList(
        organization_id=organization_id,
        phone_numbers=[number_item(number) for number in page.numbers],
        returned_count=len(page.numbers),
        pagination=pagination(query.page, query.limit, page.total),
        sort_order=query.sort_order,
        sort_by=query.sort_by,
        applied_filters=applied_filters,
    )
