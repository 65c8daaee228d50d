"""``cordboard simulate livekit``: a LiveKit on a laptop, without carrier, LiveKit or agents.

The simulation is imported when one starts, so that the other commands stay quick.
"""

import asyncio
import os
import shlex
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cordboard.runtime.invocation import typed_command
from cordboard.runtime.stopping import stop_signal

if TYPE_CHECKING:
    from cordboard.simulated.livekit import SimulatedLiveKit

PORT = 7880
CORDBOARD_PORT = "8080"
NOBODY = "cordboard-nobody"
"""The worker that Cordboard's rules name where it decides itself; nobody may run it."""

FAILED = 1


def simulate_livekit(
    *,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="-- COMMAND",
            help="Run this beside it, with the settings that lead to it, such as make serve.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    worker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:DEPLOYMENT]",
            help="Run an agent worker of this name, and no others. Repeatable. "
            "Without it there is one for every agent that is sent for.",
        ),
    ] = None,
    webhook_url: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Send LiveKit's signed events there, not to the Cordboard on this machine. "
            "Repeatable.",
        ),
    ] = None,
) -> None:
    """Run a simulated LiveKit on loopback until SIGINT or SIGTERM, or until a command has ended."""
    urls = webhook_url or [_events_of_cordboard()]
    try:
        status = asyncio.run(_run(port, worker or [], urls, command or []))
    except OSError as error:
        typer.echo(f"cordboard: port {port} cannot be listened on: {error.strerror}", err=True)
        raise typer.Exit(FAILED) from error
    raise typer.Exit(status)


def _events_of_cordboard() -> str:
    """Return where a Cordboard on this machine takes events, unless it is told otherwise."""
    port = os.environ.get("CORDBOARD_PORT", CORDBOARD_PORT)
    return f"http://127.0.0.1:{port}/livekit/events"


async def _run(port: int, workers: list[str], webhook_urls: list[str], command: list[str]) -> int:
    """Run until told to stop, or until the command has ended; return the exit status."""
    from cordboard.simulated.livekit import (  # noqa: PLC0415 - see the module's words
        simulated_livekit,
    )

    with stop_signal() as stop:
        async with simulated_livekit(port, webhook_urls=webhook_urls) as livekit:
            for worker in workers:
                name, _, deployment = worker.partition(":")
                livekit.register_worker(name, deployment)
            livekit.callees.is_every_trunk_known = True
            if not workers:
                livekit.workers.hires = _is_hired
            typer.echo(_welcome(livekit, command))
            if not command:
                await stop.wait()
                return 0
            return await _run_beside(command, _settings(livekit), stop)


def _is_hired(name: str) -> bool:
    return name not in {"", NOBODY}


def _settings(livekit: "SimulatedLiveKit") -> dict[str, str]:
    return {
        "CORDBOARD_LIVEKIT_URL": livekit.url,
        "CORDBOARD_LIVEKIT_API_KEY": livekit.api_key,
        "CORDBOARD_LIVEKIT_API_SECRET": livekit.api_secret,
        "CORDBOARD_SIP_SOURCE_CIDRS": "127.0.0.1/32",
    }


async def _run_beside(command: list[str], settings: dict[str, str], stop: asyncio.Event) -> int:
    """Run a command until it ends or is told to, with settings in its environment."""
    try:
        # A session of its own: what is typed at the terminal comes to this process alone, which
        # passes it on, so that nobody is told twice.
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **settings}, start_new_session=True
        )
    except OSError as error:
        typer.echo(f"cordboard: {command[0]} cannot be run: {error.strerror}", err=True)
        return FAILED
    ended, told = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait([ended, told], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not ended.done():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        if await ended == -signal.SIGTERM:
            # make, for one, ends by the signal that it is sent: it was asked to.
            return 0
    status = await ended
    return status if status >= 0 else FAILED


def _welcome(livekit: "SimulatedLiveKit", command: list[str]) -> str:
    workers = [
        (worker.agent_name or "(unnamed)") + (f":{worker.deployment}" if worker.deployment else "")
        for worker in livekit.workers.registered
    ]
    lines = [
        f"A simulated LiveKit answers at {livekit.url}",
        f"Workers: {', '.join(workers) or 'one for every agent that is sent for'}",
        f"Events go to: {', '.join(livekit.webhooks.urls)}",
        "",
    ]
    if command:
        lines += [f"Starting beside it: {shlex.join(command)}", ""]
    else:
        exports = (f"  export {name}={value}" for name, value in _settings(livekit).items())
        lines += ["Start Cordboard with these settings:", *exports, ""]
    call = f"{typed_command()} simulate call --to NUMBER --from +12125550100"
    if livekit.url != f"http://127.0.0.1:{PORT}":
        call += f" --url {livekit.url}"
    return "\n".join([*lines, "Call a number of yours from another terminal:", f"  {call}", ""])
