"""Lists on the command line: which page, every page, and what is left to see."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
import typer

from cordboard.edge.cli.conversation import Common, ask, ask_for_all
from cordboard.edge.cli.output import print_json, print_note
from cordboard.edge.client.paging import P, Pagination
from cordboard.edge.client.request import Answer, Request


class Paging(msgspec.Struct, frozen=True):
    """The options of every list."""

    page: Annotated[int | None, typer.Option(min=0, metavar="N", help="Which page, from 0.")] = None
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many on a page.")] = (
        None
    )
    all_pages: Annotated[bool, typer.Option("--all", help="Every page, one after the other.")] = (
        False
    )


class Listing(msgspec.Struct, frozen=True):
    """A kind of list.

    Attributes:
        key: Where in the answer's ``data`` the things are.
        what: What they are called.
        most: How many a page may have at most.
        hint: What to do when there is none.
    """

    key: str
    what: str
    most: int
    hint: str = ""


def read_list(
    common: Common,
    paging: Paging,
    listing: Listing,
    request_of: Callable[[int | None, int], Request[P]],
) -> list[Answer[P]]:
    """Return the page that is asked for, or all of them.

    Args:
        common: Which server.
        paging: What is asked for.
        listing: What is listed.
        request_of: Makes the request from the limit (None for the server's) and the page.

    Raises:
        typer.BadParameter: One page and every page are asked for at once.
    """
    if not paging.all_pages:
        return [ask(common, request_of(paging.limit, paging.page or 0))]
    if paging.page is not None:
        message = "--page asks for one page and --all for every page"
        raise typer.BadParameter(message, param_hint="--all")
    limit = paging.limit or listing.most
    return ask_for_all(common, lambda page: request_of(limit, page), listing.what)


def show_list(
    common: Common,
    answers: Sequence[Answer[P]],
    listing: Listing,
    print_for_people: Callable[[Sequence[P]], None],
) -> None:
    """Print what :func:`read_list` has returned, and on stderr what there is more of."""
    if common.as_json:
        print_json(merged([answer.raw for answer in answers], listing.key))
        return
    pages = [answer.data for answer in answers]
    if pages[0].pagination.total_count:
        print_for_people(pages)
    note = what_is_left(pages[-1].pagination, listing, is_all=len(pages) > 1)
    if note:
        print_note(note, "dim")


def what_is_left(pagination: Pagination, listing: Listing, *, is_all: bool) -> str:
    """Return what to say below a list; nothing when it is complete."""
    total = pagination.total_count
    if total == 0:
        return f"No {listing.what}.{listing.hint and ' '}{listing.hint}"
    if pagination.page >= pagination.total_pages:
        return f"The {total:,} {listing.what} end on page {pagination.total_pages - 1}."
    if is_all or total <= pagination.limit:
        return ""
    first = pagination.page * pagination.limit + 1
    last = min(total, first + pagination.limit - 1)
    more = f"--page {pagination.page + 1} or --all" if pagination.has_next else "--all"
    return f"{first:,}–{last:,} of {total:,} {listing.what}; {more} shows more."


def merged(pages: Sequence[bytes], key: str) -> bytes:
    """Return several pages as one that holds everything, in the form of a page.

    Args:
        pages: The ``data`` of each page as JSON.
        key: Where in it the list is.
    """
    if len(pages) == 1:
        return pages[0]
    read = [msgspec.json.decode(page, type=dict[str, msgspec.Raw]) for page in pages]
    things = [
        thing for page in read for thing in msgspec.json.decode(page[key], type=list[msgspec.Raw])
    ]
    result: dict[str, Any] = dict(read[0])
    result[key] = things
    if "returned_count" in result:
        result["returned_count"] = len(things)
    result["pagination"] = _one_page(read[0]["pagination"], len(things))
    return msgspec.json.encode(result)


def _one_page(pagination: msgspec.Raw, count: int) -> dict[str, Any]:
    """Return the first page's place as it would be if the page held everything."""
    place = msgspec.json.decode(pagination, type=dict[str, Any])
    for name, value in place.items():
        if isinstance(value, bool):
            place[name] = False
        elif name == "total_pages":
            place[name] = 1
        elif name in {"limit", "total_count"}:
            place[name] = count
    return place
