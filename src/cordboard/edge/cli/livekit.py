"""``cordboard livekit drift``: how LiveKit differs from what it should be."""

import typer

from cordboard.edge.cli.conversation import Common, ask, show
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.cli.output import print_note, print_table
from cordboard.edge.client.livekit import LiveKitDrift, show_drift

livekit_app = typer.Typer(no_args_is_help=True)


@livekit_app.callback()
def livekit() -> None:
    """LiveKit: what the server made there."""


@livekit_app.command("drift")
@grouped
def drift(common: Common) -> None:
    """Show how LiveKit differs from what it should be. Nothing is changed."""
    show(common, ask(common, show_drift()), _print_drift)


def _print_drift(found: LiveKitDrift) -> None:
    if not found.is_catch_all_standing:
        print_note("The catch-all does not stand: only numbers with a pair ring.", "bold red")
    if not found.differences:
        print_note("LiveKit is as it should be.", "green")
        return
    print_table(
        ("KIND", "REGISTRATION", "AT LIVEKIT", "WHAT"),
        (
            (each.kind, each.registration_id, each.object_id, each.detail)
            for each in found.differences
        ),
    )
