"""``cordboard organization guards`` and the kill switch: what an organization's calls may do."""

from typing import Annotated, Any

import msgspec
import typer
import uvloop

from cordboard.calls.outbound.limits import Guards, Usage, check_limit, check_regions
from cordboard.calls.outbound.reservations import change_guards
from cordboard.calls.outbound.store.guards import find_guards, get_usage
from cordboard.edge.api.guard_shapes import GuardsAnswer, guards_answer
from cordboard.edge.cli.output import print_record
from cordboard.operator.installation import opened_database
from cordboard.operator.keys import OPERATOR
from cordboard.operator.terminal import (
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
    refusals,
)
from cordboard.organizations.store import get_organization
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.settings import Settings

OrganizationArgument = Annotated[
    str, typer.Argument(metavar="ORGANIZATION", help="Whose calls: org_….")
]
Calls = Annotated[int | None, typer.Option(metavar="N", help="Calls under way at once.")]
Dials = Annotated[int | None, typer.Option(metavar="N", help="Calls begun in any 60 s.")]
Minutes = Annotated[int | None, typer.Option(metavar="N", help="Minutes of one UTC day.")]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-region",
        metavar="REGION",
        help="Where calls may go, such as US; once for each, in place of those that are set.",
    ),
]
OwnRegion = Annotated[
    bool, typer.Option("--own-region", help="Calls may go to the region of the number that calls.")
]


def guards(  # noqa: PLR0913 - one option for each guard, as a person types them
    organization: OrganizationArgument,
    allow_region: Regions = None,
    max_concurrent_calls: Calls = None,
    max_dials_per_minute: Dials = None,
    max_minutes_per_day: Minutes = None,
    database: DatabaseOption = None,
    *,
    own_region: OwnRegion = False,
    as_json: JSONOption = False,
) -> None:
    """Show what guards an organization's outbound calls; change first what is given."""
    limits = {
        "max_concurrent_calls": max_concurrent_calls,
        "max_dials_per_minute": max_dials_per_minute,
        "max_minutes_per_day": max_minutes_per_day,
    }
    with refusals():
        changes: dict[str, Any] = {
            field: check_limit(value, field) for field, value in limits.items() if value is not None
        }
        if own_region or allow_region:
            changes["allowed_regions"] = check_regions(allow_region or [], "--allow-region")
        _change(organization, changes, database, as_json=as_json)


def stop_calls(
    organization: OrganizationArgument,
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """Stop an organization's outbound calls: none begins, and those under way are ended."""
    with refusals():
        _change(organization, {"is_stopped": True}, database, as_json=as_json)


def resume_calls(
    organization: OrganizationArgument,
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """Let an organization make calls again."""
    with refusals():
        _change(organization, {"is_stopped": False}, database, as_json=as_json)


def _change(
    organization: str, changes: dict[str, Any], database: str | None, *, as_json: bool
) -> None:
    settings = configured(database_url=database).settings
    shown = uvloop.run(_changed(settings, OrganizationId(organization), changes))
    if as_json:
        print_as_json(shown)
    else:
        print_record(_fields(shown))


async def _changed(
    settings: Settings, organization_id: OrganizationId, changes: dict[str, Any]
) -> GuardsAnswer:
    async def change_existing(tx: WriteTx) -> tuple[Guards, Usage]:
        await get_organization(tx, organization_id)
        if changes:
            await change_guards(tx, Actor(organization_id, None, OPERATOR), changes)
        found = await find_guards(tx, organization_id)
        return found, await get_usage(tx, organization_id, found.max_dials_per_minute)

    async with opened_database(settings) as db:
        return guards_answer(organization_id, *await db.write(change_existing))


def _fields(shown: GuardsAnswer) -> list[tuple[str, object]]:
    """Return guards as a person reads them: what is in use beside its limit."""
    used = shown.usage
    limits = {
        "max_concurrent_calls": used.concurrent_calls,
        "max_dials_per_minute": used.dials_last_minute,
        "max_minutes_per_day": used.minutes_today,
    }
    values = msgspec.structs.asdict(shown)
    del values["usage"]
    values["allowed_regions"] = " ".join(shown.allowed_regions) or "that of the number that calls"
    return [
        (name, f"{value} ({limits[name]} in use)" if name in limits else value)
        for name, value in values.items()
    ]
