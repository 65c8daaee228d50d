"""Pages on the wire: numbers of the published API count from 0."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cordboard.edge.api.context import HTTPRequest
from cordboard.edge.api.query import (
    LARGEST_INTEGER,
    check_choice,
    check_range,
    integer,
    read_query,
)
from cordboard.edge.api.schema_rules import choices, default, whole

ORDERS = ("ascending", "descending")

PageNumber = Annotated[
    int | None,
    Meta(
        description="Which page, from 0.",
        examples=[0],
        extra_json_schema=whole(0) | default(0),
    ),
]
SortOrder = Annotated[
    str | None,
    Meta(
        description="Which end comes first.",
        examples=["descending"],
        extra_json_schema=choices(*ORDERS, None) | default("descending"),
    ),
]


class ListRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of which list. Each list writes ``limit`` and ``sort_by`` by its own rules."""

    page: PageNumber = None
    limit: int | None = None
    sort_by: str | None = None
    sort_order: SortOrder = None


class ListRules(msgspec.Struct, frozen=True):
    """What may be asked of one list.

    Attributes:
        limit: How many are on a page when nothing is said.
        most: How many at most.
        sort_by: What it is sorted by when nothing is said.
        sorts: What it can be sorted by.
    """

    limit: int
    most: int
    sort_by: str
    sorts: tuple[str, ...]

    @property
    def limit_field(self) -> Meta:
        """What a caller must know of ``limit``."""
        return Meta(
            description="How many on a page.",
            examples=[self.limit],
            extra_json_schema=whole(1, self.most) | default(self.limit),
        )

    @property
    def sort_field(self) -> Meta:
        """What a caller must know of ``sort_by``."""
        return Meta(
            description="What to sort by.",
            examples=[self.sort_by],
            extra_json_schema=choices(*self.sorts, None) | default(self.sort_by),
        )

    def checked(self, asked: ListRequest) -> dict[str, Any]:
        """Return page, limit, sort_by and sort_order, with what counts where nothing is said.

        Raises:
            InvalidError: A value breaks its rule.
        """
        return {
            "page": check_range(asked.page, "page", 0, 0, LARGEST_INTEGER),
            "limit": check_range(asked.limit, "limit", self.limit, 1, self.most),
            "sort_by": check_choice(asked.sort_by, "sort_by", self.sort_by, self.sorts),
            "sort_order": check_choice(asked.sort_order, "sort_order", "descending", ORDERS),
        }


def asked_page(request: HTTPRequest, limit: int) -> tuple[int, int]:
    """Return page and limit of a list of which nothing else can be asked, from the query.

    Args:
        request: What came.
        limit: How many are on a page when nothing is said; 1,000 at most.

    Raises:
        InvalidError: A value breaks its rule, or another parameter is there.
    """
    query = read_query(request, "page", "limit")
    page = check_range(integer(query, "page"), "page", 0, 0, LARGEST_INTEGER)
    return page, check_range(integer(query, "limit"), "limit", limit, 1, 1000)


ReturnedCount = Annotated[int, Meta(description="How many are on this page.", examples=[1])]
UsedOrder = Annotated[
    str,
    Meta(
        description="Which end came first.",
        examples=["descending"],
        extra_json_schema=choices(*ORDERS),
    ),
]
Page = Annotated[int, Meta(description="Which page this is, from 0.", examples=[0])]
TotalPages = Annotated[int, Meta(description="How many pages there are.", examples=[1])]
TotalCount = Annotated[int, Meta(description="How many match in all; exact.", examples=[1])]
HasNext = Annotated[bool, Meta(description="Whether a page comes after it.", examples=[False])]
HasPrevious = Annotated[
    bool, Meta(description="Whether the page is not the first.", examples=[False])
]


class Pagination(msgspec.Struct, frozen=True):
    """Where in a list a page lies. A page past the end is empty, not an error."""

    page: Page
    limit: Annotated[int, Meta(description="How many fit on a page.", examples=[50])]
    total_pages: TotalPages
    total_count: TotalCount
    has_next: HasNext
    has_previous: HasPrevious


def pagination(page: int, limit: int, total: int) -> Pagination:
    """Return where page ``page`` of ``total`` things lies."""
    total_pages = -(-total // limit)
    return Pagination(page, limit, total_pages, total, page + 1 < total_pages, page > 0)


class PagePosition(msgspec.Struct, frozen=True):
    """Where in a list of agents a page lies; the published API has other names for it there."""

    page: Page
    limit: Annotated[int, Meta(description="How many fit on a page.", examples=[20])]
    total_count: TotalCount
    total_pages: TotalPages
    has_next_page: HasNext
    has_previous_page: HasPrevious


def page_position(page: int, limit: int, total: int) -> PagePosition:
    """Return where page ``page`` of ``total`` things lies."""
    total_pages = -(-total // limit)
    return PagePosition(page, limit, total, total_pages, page + 1 < total_pages, page > 0)
