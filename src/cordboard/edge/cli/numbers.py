"""``cordboard numbers …``: an organization's phone numbers."""

from typing import Annotated, TypeVar

import typer

from cordboard.edge.cli import values
from cordboard.edge.cli.confirmation import Asking, check_can_ask, confirm
from cordboard.edge.cli.conversation import Common, Writing, ask, show
from cordboard.edge.cli.lists import Listing, Paging, read_list, show_list
from cordboard.edge.cli.number_options import Clearable, NumberFields, NumberFilters, changes
from cordboard.edge.cli.number_tables import (
    described,
    print_available,
    print_deleted,
    print_history,
    print_number,
    print_numbers,
)
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.client import numbers
from cordboard.edge.client.numbers import LARGEST_PAGE, NewNumber, Number
from cordboard.edge.client.request import Answer

numbers_app = typer.Typer(
    no_args_is_help=True, help="Phone numbers: register them, bind them to agents, look them up."
)

AnyNumber = TypeVar("AnyNumber", bound=Number)

PhoneNumber = Annotated[
    str,
    typer.Argument(
        parser=values.phone_number,
        metavar="NUMBER",
        help="The number with + and country code; spaces and dashes do not matter.",
    ),
]
IfMatch = Annotated[
    str | None,
    typer.Option(
        parser=values.etag,
        metavar="TAG",
        help="Only if the number still has this tag (numbers show prints it).",
    ),
]
LISTING = Listing(
    key="phone_numbers",
    what="numbers",
    most=LARGEST_PAGE,
    hint="Register one: cordboard numbers create +14155550100",
)
FILTERED = Listing(key="phone_numbers", what="such numbers", most=LARGEST_PAGE)
HISTORY = Listing(key="revisions", what="changes", most=LARGEST_PAGE)


@numbers_app.command("list")
@grouped
def list_numbers(filters: NumberFilters, paging: Paging, common: Common) -> None:
    """List numbers, the last changed first."""
    query = filters.query(None)
    if filters.is_available:
        if query != numbers.NumberQuery() or paging != Paging():
            message = "it lists all of them, and goes with no other filter, order or page"
            raise typer.BadParameter(message, param_hint="--available")
        show(common, ask(common, numbers.list_available_numbers()), print_available)
        return
    answers = read_list(
        common,
        paging,
        LISTING,
        lambda limit, page: numbers.list_numbers(filters.query(limit), page),
    )
    is_filtered = any((filters.nickname, filters.area_code, filters.agent))
    show_list(common, answers, FILTERED if is_filtered else LISTING, print_numbers)


@numbers_app.command("create")
@grouped
def create_number(
    phone_number: PhoneNumber,
    *,
    fields: NumberFields,
    phone_number_type: Annotated[
        str | None,
        typer.Option("--type", metavar="WORD", help="A word of your own (custom if not given)."),
    ] = None,
    writing: Writing,
    common: Common,
) -> None:
    """Register a number and bind it to its agents. Nothing is bought."""
    new = NewNumber(phone_number, phone_number_type=phone_number_type, **fields.given())
    answer = ask(common, numbers.create_number(new, writing.idempotency_key))
    _show(common, answer)


@numbers_app.command("show")
@grouped
def show_number(phone_number: PhoneNumber, common: Common) -> None:
    """Show everything about a number."""
    _show(common, ask(common, numbers.get_number(phone_number)))


@numbers_app.command("update")
@grouped
def update_number(
    phone_number: PhoneNumber,
    *,
    fields: NumberFields,
    clear: Annotated[
        list[Clearable] | None,
        typer.Option(metavar="FIELD", help=f"Empty it: {', '.join(Clearable)}. Repeatable."),
    ] = None,
    if_match: IfMatch = None,
    common: Common,
) -> None:
    """Change what is given of a number, and leave the rest."""
    changed = changes(fields, clear or [])
    _show(common, ask(common, numbers.update_number(phone_number, changed, if_match)))


@numbers_app.command("delete")
@grouped
def delete_number(
    phone_number: PhoneNumber,
    *,
    if_match: IfMatch = None,
    asking: Asking,
    common: Common,
) -> None:
    """Take a number out of every route. Nothing is given back at the carrier."""
    if not asking.is_sure:
        check_can_ask()
        found = ask(common, numbers.get_number(phone_number))
        confirm(f"Delete {described(found.data)}?")
        # What was agreed to is this revision; without --if-match it is not to hit a later one.
        if_match = if_match or found.etag
    show(common, ask(common, numbers.delete_number(phone_number, if_match)), print_deleted)


@numbers_app.command("history")
@grouped
def show_history(phone_number: PhoneNumber, paging: Paging, common: Common) -> None:
    """Show what happened to a number, newest first, also when it is deleted."""
    answers = read_list(
        common,
        paging,
        HISTORY,
        lambda limit, page: numbers.list_history(phone_number, limit, page),
    )
    show_list(common, answers, HISTORY, print_history)


def _show(common: Common, answer: Answer[AnyNumber]) -> None:
    show(common, answer, lambda number: print_number(number, answer.etag))
