"""``cordboard key …``: the key pairs of an organization.

A pair is named by its public half, ``sk_…``, because that is what stands in a client's settings.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from cordboard.edge.cli.output import print_record, print_table
from cordboard.operator.installation import opened_database, pepper_of, secret_key_of
from cordboard.operator.terminal import (
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
    refusals,
)
from cordboard.organizations import operations, store
from cordboard.organizations.model import (
    ADMIN,
    SCOPES,
    APIKey,
    IssuedKey,
    Pepper,
    check_name,
    check_scopes,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.clock import iso_utc, system_clock
from cordboard.runtime.db import ReadTx, WriteTx
from cordboard.runtime.errors import InvalidError, StartError
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.settings import Settings

T = TypeVar("T")

OPERATOR = "operator"
LONGEST_GRACE_S = 604_800
UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

app = typer.Typer(no_args_is_help=True, help="The key pairs of an organization.")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The public half, sk_….")]
OrganizationOption = Annotated[
    str, typer.Option("--organization", metavar="ID", help="Whose: org_….")
]


def grace_ms(text: str) -> int:
    """Return a time such as ``24h``, ``30m``, ``7d`` or ``90`` (seconds) in milliseconds.

    Raises:
        InvalidError: It is no such time, or longer than seven days.
    """
    match = re.fullmatch(r"(\d{1,7})([smhd]?)", text)
    seconds = int(match[1]) * UNITS_S[match[2]] if match else -1
    if not 0 <= seconds <= LONGEST_GRACE_S:
        raise InvalidError(
            "--grace", "range", "must be a time from 0 to 7d, such as 90s, 24h or 7d"
        )
    return seconds * 1000


@app.command()
def create(
    organization: OrganizationOption,
    name: Annotated[str, typer.Option(help="What people call it.")] = OPERATOR,
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"May be repeated; all of them when left out: {', '.join(SCOPES)}."),
    ] = None,
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """Create a key pair; its secret is shown this once."""
    with refusals():
        settings = configured(database_url=database).settings
        scopes = check_scopes(scope or None, frozenset({ADMIN}))
        new = operations.NewKey(check_name(name, "--name"), scopes)
        actor = Actor(OrganizationId(organization), None, OPERATOR)
        issued = uvloop.run(_with_pepper(settings, operations.create_key, actor, new))
    _print_issued(issued, as_json=as_json)


@app.command("list")
def list_all(
    organization: OrganizationOption,
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """List an organization's key pairs, oldest first, revoked ones too; never a secret."""
    with refusals():
        settings = configured(database_url=database).settings
        keys = uvloop.run(_listed(settings, OrganizationId(organization)))
    rows = [_shown(key) for key in keys]
    if as_json:
        print_as_json(rows)
        return
    columns = ("api_key", "name", "status", "scopes", "last_used_at")
    print_table(columns, ([_cell(row[column]) for column in columns] for row in rows))


@app.command()
def revoke(
    key: KeyArgument, database: DatabaseOption = None, *, as_json: JSONOption = False
) -> None:
    """End a key pair for good, within a second on every node. Asking twice is safe."""
    with refusals():
        revoked = uvloop.run(_revoked(configured(database_url=database).settings, key))
    result = _shown(revoked)
    if as_json:
        print_as_json(result)
    else:
        print_record([("api_key", revoked.api_key), ("status", result["status"])])


@app.command()
def rotate(
    key: KeyArgument,
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="How long the old secret goes on working.")
    ] = "24h",
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """Give a key pair a new secret, shown this once; the old one works until its grace ends."""
    with refusals():
        settings = configured(database_url=database).settings
        issued = uvloop.run(_with_pepper(settings, _rotated, key, grace_ms(grace)))
    _print_issued(issued, as_json=as_json)


async def _with_pepper(settings: Settings, fn: Callable[..., Awaitable[T]], /, *args: object) -> T:
    """Run a write that hashes a secret, so that needs the secret key."""
    async with opened_database(settings) as db:
        pepper = pepper_of(await secret_key_of(db, settings))
        return await db.write(fn, *args, pepper)


async def _rotated(tx: WriteTx, api_key: str, grace: int, pepper: Pepper) -> IssuedKey:
    found = await _find(tx, api_key)
    actor = Actor(found.organization_id, None, OPERATOR)
    return await operations.rotate_key(tx, actor, found.api_key_id, grace, pepper)


async def _revoked(settings: Settings, api_key: str) -> APIKey:
    async def revoke_found(tx: WriteTx) -> APIKey:
        found = await _find(tx, api_key)
        actor = Actor(found.organization_id, None, OPERATOR)
        return await operations.revoke_key(tx, actor, found.api_key_id)

    async with opened_database(settings) as db:
        return await db.write(revoke_found)


async def _find(tx: WriteTx, api_key: str) -> APIKey:
    found = await store.find_key(tx, api_key)
    if found is None:
        message = f"there is no key pair '{api_key}'; `cordboard key list` shows them"
        raise StartError(message)
    return found


async def _listed(settings: Settings, organization_id: OrganizationId) -> list[APIKey]:
    async def list_existing(tx: ReadTx) -> list[APIKey]:
        await store.get_organization(tx, organization_id)
        return await store.list_keys(tx, organization_id)

    async with opened_database(settings) as db:
        return await db.scan(list_existing)


def _print_issued(issued: IssuedKey, *, as_json: bool) -> None:
    key = issued.key
    result: dict[str, Any] = {
        "api_key": key.api_key,
        "api_secret": issued.api_secret,
        "organization_id": key.organization_id,
        "scopes": sorted(key.scopes),
    }
    if key.previous_secret_expires_ms is not None:
        result["previous_secret_expires_at"] = iso_utc(key.previous_secret_expires_ms)
    if as_json:
        print_as_json(result)
    else:
        print_record((name, _cell(value)) for name, value in result.items())


def _shown(key: APIKey) -> dict[str, Any]:
    return {
        "api_key": key.api_key,
        "api_key_id": key.api_key_id,
        "organization_id": key.organization_id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "status": key.status_at(system_clock()),
        "created_at": iso_utc(key.created_ms),
        "expires_at": None if key.expires_ms is None else iso_utc(key.expires_ms),
        "last_used_at": None if key.last_used_ms is None else iso_utc(key.last_used_ms),
    }


def _cell(value: object) -> object:
    return " ".join(value) if isinstance(value, list) else value
