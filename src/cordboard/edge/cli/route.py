"""``cordboard route explain``: who would answer a call, and why, without a call."""

from typing import Annotated

import typer

from cordboard.edge.cli.conversation import Common, ask, show
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.cli.output import print_note, print_record
from cordboard.edge.cli.trace import answers, print_trace, refusal, takes_over
from cordboard.edge.client.route import ExplainRoute, RouteExplanation, explain_route

route_app = typer.Typer(no_args_is_help=True)


@route_app.callback()
def routes() -> None:
    """Routes: from a dialled number to an agent."""


@route_app.command("explain")
@grouped
def explain(
    to: Annotated[
        str, typer.Option(metavar="NUMBER", help="What is dialled, as the carrier sends it.")
    ],
    caller: Annotated[
        str | None, typer.Option("--from", metavar="NUMBER", help="Who calls.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="When, in UTC (2026-01-15T10:30:00Z); now if not."),
    ] = None,
    *,
    common: Common,
) -> None:
    """Explain which agent would answer a call, step by step. Nobody is called."""
    answer = ask(common, explain_route(ExplainRoute(to, caller, at)))
    show(common, answer, _print_explanation)


def _print_explanation(explained: RouteExplanation) -> None:
    targets = explained.targets
    print_record(
        [
            ("To", explained.to),
            ("From", explained.from_),
            ("At", explained.at),
            ("Number", explained.phone_number),
            ("Outcome", explained.outcome),
            ("Answered by", answers(targets)) if targets else ("Reason", refusal(explained.reason)),
            ("If it fails", takes_over(targets)),
        ]
    )
    print_trace(explained.trace)
    for warning in explained.warnings:
        print_note(f"Warning: {warning.detail}", "yellow")
