"""``cordboard simulate``: a LiveKit and a caller on a laptop, without carrier, LiveKit or agents.

The simulation is imported when one starts, so that the other commands stay quick.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import typer

from cordboard.runtime.stopping import stop_signal

if TYPE_CHECKING:
    import aiohttp

    from cordboard.simulated.livekit import SimulatedLiveKit
    from cordboard.simulated.livekit.control import Shown

PORT = 7880
LOOKS_EVERY_S = 0.05
NOT_ANSWERED = 1

WORDS = {
    "100": "Trying",
    "180": "Ringing",
    "200": "OK",
    "486": "Rejected",
    "487": "Request Terminated",
    "503": "Try again later",
}

simulate_app = typer.Typer(
    help="A LiveKit and a caller of your own, without carrier and agents.", no_args_is_help=True
)


@simulate_app.command("livekit")
def simulate_livekit(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    worker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:DEPLOYMENT]", help="Run an agent worker of this name. Repeatable."
        ),
    ] = None,
    webhook_url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Send LiveKit's signed events there. Repeatable."),
    ] = None,
) -> None:
    """Run a simulated LiveKit on loopback until SIGINT or SIGTERM."""
    try:
        asyncio.run(_run_livekit(port, worker or [], webhook_url or []))
    except OSError as error:
        typer.echo(f"cordboard: port {port} cannot be listened on: {error.strerror}", err=True)
        raise typer.Exit(1) from error


@simulate_app.command("call")
def simulate_call(
    *,
    to: Annotated[str, typer.Option(metavar="NUMBER", help="What is dialled.")],
    from_: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Who calls.")],
    url: Annotated[
        str, typer.Option(metavar="URL", help="Of the simulated LiveKit.")
    ] = f"http://127.0.0.1:{PORT}",
    source: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address that the call comes from.")
    ] = "127.0.0.1",
    talk: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Hang up so long after the answer.")
    ] = 2.0,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Give up after so much ringing.")
    ] = 60.0,
) -> None:
    """Call a number and show what the caller hears; the status is 1 when nobody answers."""
    call = {"to": to, "from": from_, "source": source}
    typer.echo(f"{from_} calls {to}")
    if not asyncio.run(_follow_call(url.rstrip("/"), call, talk, patience)):
        raise typer.Exit(NOT_ANSWERED)


async def _run_livekit(port: int, workers: list[str], webhook_urls: list[str]) -> None:
    from cordboard.simulated.livekit import (  # noqa: PLC0415 - see the module's words
        simulated_livekit,
    )

    with stop_signal() as stop:
        async with simulated_livekit(port, webhook_urls=webhook_urls) as livekit:
            for worker in workers:
                name, _, deployment = worker.partition(":")
                livekit.register_worker(name, deployment)
            typer.echo(_welcome(livekit))
            await stop.wait()


def _welcome(livekit: "SimulatedLiveKit") -> str:
    workers = [
        (worker.agent_name or "(unnamed)") + (f":{worker.deployment}" if worker.deployment else "")
        for worker in livekit.workers.registered
    ]
    return "\n".join(
        [
            f"A simulated LiveKit answers at {livekit.url}",
            f"Workers: {', '.join(workers) or 'none, so nobody answers a call'}",
            f"Events go to: {', '.join(livekit.webhooks.urls) or 'nobody'}",
            "",
            "Start Cordboard with these settings:",
            f"  CORDBOARD_LIVEKIT_URL={livekit.url}",
            f"  CORDBOARD_LIVEKIT_API_KEY={livekit.api_key}",
            f"  CORDBOARD_LIVEKIT_API_SECRET={livekit.api_secret}",
            "  CORDBOARD_SIP_SOURCE_CIDRS=127.0.0.1/32",
            "",
            "Then call a number of yours:",
            f"  cordboard simulate call --to NUMBER --from +15550009999 --url {livekit.url}",
        ]
    )


async def _follow_call(url: str, call: dict[str, str], talk_s: float, patience_s: float) -> bool:
    """Place a call and print it as it goes on; return whether somebody answered."""
    import aiohttp  # noqa: PLC0415 - see the module's words

    from cordboard.simulated.livekit.control import PATH  # noqa: PLC0415 - see the module's words

    try:
        async with aiohttp.ClientSession() as session:
            async with session.post(url + PATH, json=call) as answer:
                shown = await _shown(answer)
            return await _follow(session, f"{url}{PATH}/{shown.id}", talk_s, patience_s)
    except aiohttp.ClientError as error:
        typer.echo(
            f"cordboard: no simulated LiveKit answers at {url}; start one with "
            "`cordboard simulate livekit`",
            err=True,
        )
        raise typer.Exit(1) from error


async def _follow(
    session: "aiohttp.ClientSession", place: str, talk_s: float, patience_s: float
) -> bool:
    """Print what is said on a call until it is over, and hang up in time."""
    loop = asyncio.get_running_loop()
    printed, gives_up_at, is_answered = 0, loop.time() + patience_s, False
    while True:
        async with session.get(place) as answer:
            shown = await _shown(answer)
        for at_ms, message in shown.ladder[printed:]:
            typer.echo(f"{at_ms / 1000:8.3f} s  {_said(message, shown)}")
        printed = len(shown.ladder)
        if shown.ended is not None:
            return is_answered or shown.answered_by is not None
        if shown.answered_by is not None and not is_answered:
            is_answered, gives_up_at = True, loop.time() + talk_s
        if loop.time() >= gives_up_at:
            await session.delete(place)
        await asyncio.sleep(LOOKS_EVERY_S)


async def _shown(answer: "aiohttp.ClientResponse") -> "Shown":
    import msgspec  # noqa: PLC0415 - see the module's words

    from cordboard.simulated.livekit.control import Shown  # noqa: PLC0415 - see the module's words

    if answer.status != HTTPStatus.OK:
        answer.raise_for_status()
    return msgspec.json.decode(await answer.read(), type=Shown)


def _said(message: str, shown: "Shown") -> str:
    words = f"{message} {WORDS[message]}" if message in WORDS else message
    if message == "200" and shown.job is not None:
        deployment = shown.job.deployment
        of = f", deployment {deployment}" if deployment else ""
        return f"{words}: answered by {shown.job.agent_name}{of}; its job: {shown.job.metadata}"
    if shown.ended is not None and message == shown.ladder[-1][1]:
        return f"{words}: {shown.ended.reason.replace('_', ' ')}"
    return words
