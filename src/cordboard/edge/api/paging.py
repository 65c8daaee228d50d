"""Pages on the wire: numbers of the published API count from 0."""

from typing import Annotated

import msgspec
from msgspec import Meta

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
