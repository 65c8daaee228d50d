"""Where things are put together: the ``cordboard`` command and the server that it starts.

What only a server needs (Litestar, uvicorn) is imported when one starts: it is half of what there
is to import, and the commands for users are typed all day.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
import structlog
import typer
import uvloop

from cordboard import __version__
from cordboard.edge.cli import (
    agents_app,
    calls_app,
    livekit_app,
    numbers_app,
    route_app,
    simulate_app,
)
from cordboard.operator import keys, organizations
from cordboard.operator.configuration import config
from cordboard.operator.doctor import doctor
from cordboard.operator.first_start import make_first_pair, welcome
from cordboard.operator.installation import opened_database, pepper_of, secret_key_of
from cordboard.operator.migration import migrate
from cordboard.operator.number_rules import number_rules
from cordboard.operator.terminal import DatabaseOption, configured, refusals
from cordboard.organizations.authentication import Authenticator
from cordboard.organizations.model import Pepper
from cordboard.provisioning.keep_house import keep_house
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database
from cordboard.runtime.db.opening import sqlite_path
from cordboard.runtime.errors import DomainError
from cordboard.runtime.repeating import Work, repeated
from cordboard.runtime.responsiveness import keep_responsive
from cordboard.runtime.settings import Settings, shown_value
from cordboard.runtime.stopping import end_when_told, stop_signal
from cordboard.runtime.telemetry.metrics import BUILD
from cordboard.simulated.cli import simulate_livekit

if TYPE_CHECKING:
    from cordboard.operator.livekit import Connected

log = structlog.get_logger(__name__)

FLUSH_EVERY_S = 5
FLUSH_AT_END_S = 1

app = typer.Typer(
    name="cordboard",
    help="Self-hosted switchboard between phone numbers and voice agents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(organizations.app, name="organization")
app.add_typer(keys.app, name="key")
app.command()(migrate)
app.command()(config)
app.command()(doctor)
# The commands for users, which speak to a server over HTTP.
app.add_typer(numbers_app, name="numbers")
app.add_typer(agents_app, name="agents")
app.add_typer(calls_app, name="calls")
app.add_typer(route_app, name="route")
app.add_typer(livekit_app, name="livekit")
simulate_app.command("livekit")(simulate_livekit)
app.add_typer(simulate_app, name="simulate")


class Role(StrEnum):
    """What a process does: answer requests, work in the background, or both."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


class Start(msgspec.Struct, frozen=True):
    """How the server was asked to start.

    Attributes:
        settings: The settings in force.
        role: What this process does.
        migrate: Whether it brings the schema up to date first.
        sockets: Where it will listen; none for a worker, which answers no requests.
    """

    settings: Settings
    role: Role
    migrate: bool
    sockets: list[socket.socket]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer hands the option over like this
    if wanted:
        typer.echo(f"cordboard {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Self-hosted switchboard between phone numbers and voice agents."""


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="In place of CORDBOARD_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="In place of CORDBOARD_PORT.")
    ] = None,
    database: DatabaseOption = None,
    role: Annotated[Role, typer.Option(help="Answer requests, work, or both.")] = Role.ALL,
    migrate: Annotated[bool, typer.Option(help="Bring the schema up to date first.")] = True,
) -> None:
    """Serve the API until SIGINT or SIGTERM; requests in flight are finished."""
    end_when_told()
    from cordboard.edge.api.server import bound_sockets  # noqa: PLC0415 - see the module's words

    with refusals():
        settings = configured(host=host, port=port, database_url=database).settings
        sockets = [] if role is Role.WORKER else bound_sockets(settings.host, settings.port)
        uvloop.run(_run(Start(settings, role, migrate, sockets)))


async def _run(start: Start) -> None:
    """Open the installation, serve or work until told to stop, and close it again."""
    settings = start.settings
    with stop_signal() as stop:
        async with opened_database(settings, create=True, migrate=start.migrate) as db:
            pepper = pepper_of(await secret_key_of(db, settings))
            works = [] if start.role is Role.API else keep_house(db)
            kind = "postgresql" if sqlite_path(_url(settings)) is None else "sqlite"
            BUILD.labels(__version__, start.role, kind).set(1)
            async with _livekit(settings, db) as livekit:
                if livekit is not None:
                    works += livekit.always
                if livekit is not None and start.role is not Role.API:
                    works += livekit.works
                    await livekit.stand()
                keep_responsive()
                if start.role is Role.WORKER:
                    async with repeated(*works):
                        _note_started(settings, start.role, None)
                        await stop.wait()
                else:
                    await _serve_api(start, db, pepper, works, livekit, stop)
    log.info("server_stopped", role=start.role)


@asynccontextmanager
async def _livekit(settings: Settings, db: Database) -> AsyncIterator["Connected | None"]:
    """Return what works with LiveKit; nothing where there is none."""
    if not settings.has_livekit:
        yield None
        return
    from cordboard.operator.livekit import connected  # noqa: PLC0415 - see the module's words

    async with connected(settings, db) as livekit:
        yield livekit


async def _serve_api(
    start: Start,
    db: Database,
    pepper: Pepper,
    works: list[Work],
    livekit: "Connected | None",
    stop: asyncio.Event,
) -> None:
    from cordboard.edge.api.app import build_app  # noqa: PLC0415 - see the module's words
    from cordboard.edge.api.context import Context  # noqa: PLC0415 - see the module's words
    from cordboard.edge.api.server import serve_http  # noqa: PLC0415 - see the module's words
    from cordboard.provisioning.find_drift import find_drift  # noqa: PLC0415 - see the module's words

    settings = start.settings
    authenticator = Authenticator(db, pepper, system_clock)
    context = Context(
        db=db,
        authenticator=authenticator,
        pepper=pepper,
        clock=system_clock,
        number_rules=number_rules(settings),
        has_livekit=settings.has_livekit,
        makes_pairs=settings.livekit_topology == "dedicated",
        find_drift=None if livekit is None else partial(find_drift, livekit.reconciler),
        answering=None if livekit is None else livekit.answering,
        probing=None if livekit is None else livekit.probing,
        max_scheduled_calls=settings.max_scheduled_calls,
        public_url=settings.public_url or "/",
    )
    note_ready = await _first_words(start, db, pepper, livekit)
    # The process that checks a pair is the one that knows it was used, whatever its role.
    flush = Work("flush_last_used", authenticator.flush_last_used, FLUSH_EVERY_S)
    async with repeated(flush, *works):
        await serve_http(build_app(context), start.sockets, stop, note_ready)
    with suppress(DomainError, TimeoutError):
        async with asyncio.timeout(FLUSH_AT_END_S):
            await authenticator.flush_last_used()


async def _first_words(
    start: Start, db: Database, pepper: Pepper, livekit: "Connected | None"
) -> Callable[[], None]:
    """Return what to say once the server listens; the first start makes a key pair to say."""
    from cordboard.edge.api.server import base_url  # noqa: PLC0415 - see the module's words

    settings, url = start.settings, base_url(start.settings.host, start.sockets)
    first = None if settings.is_production else await make_first_pair(db, pepper)

    def say() -> None:
        if not settings.is_production:
            where = f"Cordboard {__version__} answers at {url}, with data in {_shown(settings)}"
            carriers = "" if livekit is None else _carriers_words(livekit)
            typer.echo(where + carriers + (welcome(first, url) if first else ""))
        _note_started(settings, start.role, url)

    return say


def _carriers_words(livekit: "Connected") -> str:
    """Say where carriers send calls, if the settings tell."""
    uris = ", then ".join(endpoint.uri for endpoint in livekit.sip_endpoints)
    return f"\nCarriers send calls to {uris}" if uris else ""


def _note_started(settings: Settings, role: Role, url: str | None) -> None:
    log.info(
        "server_started",
        version=__version__,
        role=role,
        mode=settings.mode,
        url=url,
        database=_shown(settings),
    )


def _url(settings: Settings) -> str:
    return settings.database_url.get_secret_value()


def _shown(settings: Settings) -> str:
    return shown_value(settings.database_url) or ""


def run() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    run()
