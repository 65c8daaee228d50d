"""Lists that come in pages, read to their end."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from cordboard.edge.client.request import Answer, Request

if TYPE_CHECKING:
    # Whoever only makes requests need not pay for the HTTP library.
    from cordboard.edge.client.transport import Transport


class Pagination(msgspec.Struct, frozen=True):
    """Where in a list a page lies; pages count from 0."""

    page: int
    limit: int
    total_pages: int
    total_count: int
    has_next: bool


class PagePosition(Pagination, frozen=True):
    """Where a page of agents or calls lies; there the API names one of the fields otherwise."""

    has_next: bool = msgspec.field(name="has_next_page")


class Page(Protocol):
    """The ``data`` of an answer that is one page of a list."""

    @property
    def pagination(self) -> Pagination:
        """Where in the list it lies."""


P = TypeVar("P", bound=Page)


async def every_page(
    transport: "Transport", request_of: Callable[[int], Request[P]]
) -> AsyncIterator[Answer[P]]:
    """Yield every page of a list, the first one too when the list is empty.

    Pages are read one after the other. What is added, changed or deleted meanwhile may move between
    pages, so that it is seen twice or not at all, under a sort order that the change touches.

    Args:
        transport: The server to ask.
        request_of: Makes the request for a page, given its number from 0.

    Raises:
        ClientError: A page could not be had.
    """
    page = 0
    while True:
        answer = await transport.send(request_of(page))
        yield answer
        if not answer.data.pagination.has_next:
            return
        page += 1
