"""``cordboard organization …``: the tenants of an installation."""

from typing import Annotated

import typer
import uvloop

from cordboard.edge.cli.output import print_record, print_table
from cordboard.operator import guards
from cordboard.operator.installation import opened_database, pepper_of, secret_key_of
from cordboard.operator.terminal import (
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
    refusals,
)
from cordboard.organizations.model import IssuedKey, Organization, check_name
from cordboard.organizations.operations import create_organization
from cordboard.organizations.store import list_organizations
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The organizations of this installation.")


@app.command()
def create(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What people call it, 1 to 100 characters.")
    ],
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """Create an organization with its first key pair, whose secret is shown this once.

    Makes the database if it is not there.
    """
    with refusals():
        settings = configured(database_url=database).settings
        organization, issued = uvloop.run(_created(settings, check_name(name, "NAME")))
    result = {
        "organization_id": organization.organization_id,
        "name": organization.name,
        "api_key": issued.key.api_key,
        "api_secret": issued.api_secret,
    }
    if as_json:
        print_as_json(result)
    else:
        print_record(result.items())


@app.command("list")
def list_all(database: DatabaseOption = None, *, as_json: JSONOption = False) -> None:
    """List the organizations, oldest first."""
    with refusals():
        organizations = uvloop.run(_listed(configured(database_url=database).settings))
    rows = [
        {
            "organization_id": organization.organization_id,
            "name": organization.name,
            "created_at": iso_utc(organization.created_ms),
        }
        for organization in organizations
    ]
    if as_json:
        print_as_json(rows)
    else:
        print_table(("organization_id", "name", "created_at"), (list(row.values()) for row in rows))


app.command("guards")(guards.guards)
app.command("stop-calls")(guards.stop_calls)
app.command("resume-calls")(guards.resume_calls)


async def _created(settings: Settings, name: str) -> tuple[Organization, IssuedKey]:
    async with opened_database(settings, create=True, migrate=True) as db:
        pepper = pepper_of(await secret_key_of(db, settings))
        return await db.write(create_organization, name, pepper)


async def _listed(settings: Settings) -> list[Organization]:
    async with opened_database(settings) as db:
        return await db.scan(list_organizations)
