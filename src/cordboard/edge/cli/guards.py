"""``cordboard calls guards`` and the kill switch: what stands before an outbound dial."""

from typing import Annotated

import msgspec
import typer
from msgspec import UNSET

from cordboard.edge.cli.confirmation import Asking, check_can_ask, confirm
from cordboard.edge.cli.conversation import Common, ask, show
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.cli.output import print_record
from cordboard.edge.client.calls import CallQuery, list_calls
from cordboard.edge.client.guards import GuardChanges, Guards, show_guards, update_guards


class GuardOptions(msgspec.Struct, frozen=True):
    """What to change of the guards."""

    allow_region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGION",
            help="Where calls may go, such as US; once for each, in place of those that are set.",
        ),
    ] = None
    is_own_region: Annotated[
        bool,
        typer.Option("--own-region", help="Calls may go to the region of the number that calls."),
    ] = False
    max_concurrent_calls: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Calls under way at once.")
    ] = None
    max_dials_per_minute: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Calls begun in any 60 s.")
    ] = None
    max_minutes_per_day: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Minutes of one UTC day.")
    ] = None

    def changes(self) -> GuardChanges:
        """Return what is to change.

        Raises:
            typer.BadParameter: Regions are named and taken back at once.
        """
        if self.is_own_region and self.allow_region:
            message = "it takes the place of every --allow-region"
            raise typer.BadParameter(message, param_hint="--own-region")
        regions = [] if self.is_own_region else self.allow_region or None
        limits = ("max_concurrent_calls", "max_dials_per_minute", "max_minutes_per_day")
        given = {name: getattr(self, name) for name in limits}
        return GuardChanges(
            allowed_regions=UNSET if regions is None else regions,
            **{name: UNSET if value is None else value for name, value in given.items()},
        )


@grouped
def show_or_change_guards(options: GuardOptions, common: Common) -> None:
    """Show what guards outbound calls; change first what is given."""
    changes = options.changes()
    organization_id = _organization(common)
    if changes == GuardChanges():
        show(common, ask(common, show_guards(organization_id)), _print_guards)
    else:
        _change(common, organization_id, changes)


@grouped
def stop_calls(asking: Asking, common: Common) -> None:
    """Stop all outbound calls: none begins, and those under way are ended."""
    if not asking.is_sure:
        check_can_ask()
        confirm("Stop all outbound calls, those under way too?")
    _change(common, _organization(common), GuardChanges(is_stopped=True))


@grouped
def resume_calls(common: Common) -> None:
    """Let outbound calls be made again."""
    _change(common, _organization(common), GuardChanges(is_stopped=False))


def _organization(common: Common) -> str:
    """Return whose key pair is used: guards are asked for by the organization's id."""
    return ask(common, list_calls(CallQuery(limit=1))).data.organization_id


def _change(common: Common, organization_id: str, changes: GuardChanges) -> None:
    show(common, ask(common, update_guards(organization_id, changes)), _print_guards)


def _print_guards(guards: Guards) -> None:
    used = guards.usage
    print_record(
        [
            ("Outbound calls", "stopped" if guards.is_stopped else "may be made"),
            ("Regions", " ".join(guards.allowed_regions) or "that of the number that calls"),
            ("At once", f"{guards.max_concurrent_calls} ({used.concurrent_calls} in use)"),
            ("In a minute", f"{guards.max_dials_per_minute} ({used.dials_last_minute} in use)"),
            ("Minutes a day", f"{guards.max_minutes_per_day} ({used.minutes_today} in use)"),
        ]
    )
