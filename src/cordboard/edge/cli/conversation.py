"""One command's conversation with its server, from the options to an answer or an exit status."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import msgspec
import typer

from cordboard.edge.cli import values
from cordboard.edge.cli.chosen_server import DEFAULT_PROFILE, NoServerError, choose_server
from cordboard.edge.cli.failures import explanation
from cordboard.edge.cli.output import print_json, print_note
from cordboard.edge.cli.profiles import ProfileFileError, read_profiles
from cordboard.edge.cli.progress import progress
from cordboard.edge.client.errors import ClientError
from cordboard.edge.client.paging import P, Page, every_page
from cordboard.edge.client.request import Answer, Request

if TYPE_CHECKING:
    from cordboard.edge.client.transport import Transport

T = TypeVar("T")

REFUSED = 1
"""The exit status of a command that was refused or has failed; wrong usage is 2."""

ASKS_EVERY_S = 0.5


def _profile_names() -> list[str]:
    try:
        return sorted(read_profiles())
    except ProfileFileError:
        return []


class Common(msgspec.Struct, frozen=True):
    """The options that every command has."""

    profile: Annotated[
        str | None,
        typer.Option(
            help=f"Whose server and key pair to use ({DEFAULT_PROFILE!r} if not given).",
            metavar="NAME",
            autocompletion=_profile_names,
        ),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False


class Writing(msgspec.Struct, frozen=True):
    """The option of every command that makes something new."""

    idempotency_key: Annotated[
        str | None,
        typer.Option(
            parser=values.idempotency_key,
            metavar="KEY",
            help="Repeating the command with the same key does it once.",
        ),
    ] = None


def ask(common: Common, request: Request[T]) -> Answer[T]:
    """Return the server's answer to one request, or end the command."""

    async def one(transport: "Transport", _: Callable[[str], None]) -> Answer[T]:
        return await transport.send(request)

    return _talk(common, one)


def ask_until(common: Common, request: Request[T], is_so: Callable[[T], bool]) -> Answer[T]:
    """Ask again and again until the answer is as it should be, and return that one."""

    async def again(transport: "Transport", say: Callable[[str], None]) -> Answer[T]:
        say("Waiting for the end")
        while True:
            answer = await transport.send(request)
            if is_so(answer.data):
                return answer
            await asyncio.sleep(ASKS_EVERY_S)

    return _talk(common, again)


def ask_for_all(
    common: Common, request_of: Callable[[int], Request[P]], what: str
) -> list[Answer[P]]:
    """Return every page of a list, or end the command; ``what`` is in it, for the progress."""

    async def all_of_them(transport: "Transport", say: Callable[[str], None]) -> list[Answer[P]]:
        answers = []
        async for answer in every_page(transport, request_of):
            answers.append(answer)
            say(_how_far(answer.data, what))
        return answers

    return _talk(common, all_of_them)


def refuse(headline: str, *lines: str) -> NoReturn:
    """Say on stderr what happened and what to do next, and end the command with status 1."""
    print_note(f"Error: {headline}", "bold red")
    for line in lines:
        print_note(f"  {line}")
    raise typer.Exit(REFUSED)


def show(common: Common, answer: Answer[T], print_for_people: Callable[[T], None]) -> None:
    """Print an answer: as JSON for scripts, else as ``print_for_people`` does.

    What a write has done is said on stderr, so that the output holds the thing alone.
    """
    if common.as_json:
        print_json(answer.raw)
        return
    if answer.is_write:
        print_note(answer.message, "green")
    print_for_people(answer.data)


def _talk(
    common: Common,
    work: "Callable[[Transport, Callable[[str], None]], Coroutine[object, object, T]]",
) -> T:
    # aiohttp takes a fifth of a second to import, which help and completion need not wait for.
    from cordboard.edge.client.transport import open_transport  # noqa: PLC0415 - as said above

    try:
        chosen = choose_server(common.profile)
    except NoServerError as error:
        refuse("No server to speak to", str(error))

    async def conversation() -> T:
        async with (
            progress(f"Waiting for {chosen.server.url}") as say,
            open_transport(chosen.server) as transport,
        ):
            return await work(transport, say)

    try:
        return asyncio.run(conversation())
    except ClientError as error:
        headline, lines = explanation(error, chosen)
        refuse(headline, *lines)


def _how_far(page: Page, what: str) -> str:
    pagination = page.pagination
    read = min((pagination.page + 1) * pagination.limit, pagination.total_count)
    return f"{read:,} of {pagination.total_count:,} {what}"
