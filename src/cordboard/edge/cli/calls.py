"""``cordboard calls …``: what became of calls, and how to end one."""

from typing import Annotated

import typer

from cordboard.edge.cli import values
from cordboard.edge.cli.call_options import CallFilters, NewCallOptions, Notes
from cordboard.edge.cli.call_tables import (
    described,
    print_call,
    print_calls,
    print_context,
    print_deleted,
    print_noted,
    print_placed,
    print_unmatched,
)
from cordboard.edge.cli.confirmation import Asking, check_can_ask, confirm
from cordboard.edge.cli.conversation import REFUSED, Common, Writing, ask, ask_until, show
from cordboard.edge.cli.guards import resume_calls, show_or_change_guards, stop_calls
from cordboard.edge.cli.lists import Listing, Paging, read_list, show_list
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.cli.output import print_note
from cordboard.edge.client import calls
from cordboard.edge.client.calls import LARGEST_PAGE

calls_app = typer.Typer(
    no_args_is_help=True, help="Calls: what became of them, and how to end one."
)

CallId = Annotated[
    str, typer.Argument(parser=values.identifier, metavar="CALL", help="Its id, call_…")
]

ENDED = "ended"
LISTING = Listing(key="calls", what="calls", most=LARGEST_PAGE)
FILTERED = Listing(key="calls", what="such calls", most=LARGEST_PAGE)
UNMATCHED = Listing(key="calls", what="unmatched calls", most=LARGEST_PAGE)


@calls_app.command("list")
@grouped
def list_calls(filters: CallFilters, paging: Paging, common: Common) -> None:
    """List calls, the last one first."""
    answers = read_list(
        common, paging, LISTING, lambda limit, page: calls.list_calls(filters.query(limit), page)
    )
    show_list(common, answers, FILTERED if filters.is_given else LISTING, print_calls)


@calls_app.command("unmatched")
@grouped
def list_unmatched(paging: Paging, common: Common) -> None:
    """List calls for which no agent was found, to nobody's numbers too, the last one first."""
    answers = read_list(common, paging, UNMATCHED, calls.list_unmatched_calls)
    show_list(common, answers, UNMATCHED, print_unmatched)


@calls_app.command("show")
@grouped
def show_call(call_id: CallId, common: Common) -> None:
    """Show a call, and the decision that was taken when it rang."""
    show(common, ask(common, calls.get_call(call_id)), print_call)


@calls_app.command("context")
@grouped
def show_context(call_id: CallId, common: Common) -> None:
    """Show what a call's worker may want to know."""
    show(common, ask(common, calls.get_call_context(call_id)), print_context)


@calls_app.command("create")
@grouped
def create_call(
    new: NewCallOptions,
    notes: Notes,
    *,
    waits: Annotated[
        bool, typer.Option("--wait", help="Wait until it is over; status 1 if nobody answered.")
    ] = False,
    writing: Writing,
    common: Common,
) -> None:
    """Call somebody, now or later: the agent joins first, then the number is dialled, once."""
    request = calls.create_phone_call(new.asked(notes.given()), writing.idempotency_key)
    placed = ask(common, request)
    if not waits:
        show(common, placed, print_placed)
        return
    print_note(f"{placed.data.call.call_id} is being made", "dim")
    answer = ask_until(
        common, calls.get_call(placed.data.call.call_id), lambda call: call.state == ENDED
    )
    show(common, answer, print_call)
    if answer.data.answered_timestamp is None:
        raise typer.Exit(REFUSED)


@calls_app.command("update")
@grouped
def update_call(call_id: CallId, *, notes: Notes, common: Common) -> None:
    """Note something on a call; a note of the same key is replaced, the others stay."""
    given = notes.given()
    if not given:
        message = "nothing to note: give --note KEY=TEXT or --notes FILE"
        raise typer.BadParameter(message)
    answer = ask(common, calls.update_call(call_id, given))
    show(common, answer, lambda updated: print_noted(updated.call))


@calls_app.command("reschedule")
@grouped
def reschedule_call(
    call_id: CallId,
    at: Annotated[
        int,
        typer.Argument(
            parser=values.instant, metavar="INSTANT", help="In UTC: 2033-05-18T03:33:20Z."
        ),
    ],
    *,
    common: Common,
) -> None:
    """Move a call that waits for its time to another."""
    answer = ask(common, calls.reschedule_call(call_id, at))
    show(common, answer, lambda moved: print_noted(moved.call))


@calls_app.command("cancel")
@grouped
def cancel_call(call_id: CallId, *, asking: Asking, common: Common) -> None:
    """Cancel a call that waits for its time; its record stays."""
    _agree("Cancel", call_id, asking, common)
    answer = ask(common, calls.cancel_call(call_id))
    show(common, answer, lambda cancelled: print_noted(cancelled.call))


@calls_app.command("end")
@grouped
def end_call(call_id: CallId, *, asking: Asking, common: Common) -> None:
    """End a call that is up. One that has ended stays as it is."""
    _agree("End", call_id, asking, common)
    show(common, ask(common, calls.end_call(call_id)), print_call)


@calls_app.command("delete")
@grouped
def delete_call(call_id: CallId, *, asking: Asking, common: Common) -> None:
    """Delete the record of a call that has ended."""
    _agree("Delete the record of", call_id, asking, common)
    show(common, ask(common, calls.delete_call(call_id)), print_deleted)


calls_app.command("guards")(show_or_change_guards)
calls_app.command("stop")(stop_calls)
calls_app.command("resume")(resume_calls)


def _agree(what: str, call_id: str, asking: Asking, common: Common) -> None:
    if not asking.is_sure:
        check_can_ask()
        confirm(f"{what} {described(ask(common, calls.get_call(call_id)).data)}?")
