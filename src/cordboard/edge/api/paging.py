"""Pages on the wire: numbers of the published API count from 0."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Pagination(msgspec.Struct, frozen=True):
    """Where in a list a page lies. A page past the end is empty, not an error."""

    page: Annotated[int, Meta(description="From 0.", examples=[0])]
    limit: Annotated[int, Meta(examples=[50])]
    total_pages: Annotated[int, Meta(examples=[1])]
    total_count: Annotated[int, Meta(description="Exact.", examples=[1])]
    has_next: bool
    has_previous: bool


def pagination(page: int, limit: int, total: int) -> Pagination:
    """Return where page ``page`` of ``total`` things lies."""
    total_pages = -(-total // limit)
    return Pagination(page, limit, total_pages, total, page + 1 < total_pages, page > 0)


class PagePosition(msgspec.Struct, frozen=True):
    """Where in a list of agents a page lies; the published API has other names for it there."""

    page: Annotated[int, Meta(description="From 0.", examples=[0])]
    limit: Annotated[int, Meta(examples=[20])]
    total_count: Annotated[int, Meta(description="Exact.", examples=[1])]
    total_pages: Annotated[int, Meta(examples=[1])]
    has_next_page: bool
    has_previous_page: bool


def page_position(page: int, limit: int, total: int) -> PagePosition:
    """Return where page ``page`` of ``total`` things lies."""
    total_pages = -(-total // limit)
    return PagePosition(page, limit, total, total_pages, page + 1 < total_pages, page > 0)
