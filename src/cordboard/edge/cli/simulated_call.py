"""One call at a simulated LiveKit, followed from the INVITE to its end."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from cordboard.edge.cli.chosen_server import ChosenServer
from cordboard.edge.cli.decisions import Decision, NoDecisionError, decision_about
from cordboard.edge.cli.output import print_note
from cordboard.edge.cli.simulation import Job, PlacedCall, Simulation
from cordboard.edge.cli.trace import answers, refusal, trace_lines
from cordboard.edge.client.calls import call_id_of
from cordboard.runtime.invocation import typed_command

LOOKS_EVERY_S = 0.05
RECORDED_WITHIN_S = 4
"""A server that gets no events looks at LiveKit's rooms each second, so its record may be late."""

WORDS = {
    "100": "Trying",
    "180": "Ringing",
    "200": "OK",
    "486": "Rejected",
    "487": "Request Terminated",
    "503": "Try again later",
}
ANSWER = "200"
INDENT = " " * 12
NO_ROOM = "No trunk and rule at LiveKit took this call (`cordboard livekit drift` may say why)."
NO_RECORD = (
    "Cordboard has no record of this call. Does it use this LiveKit (CORDBOARD_LIVEKIT_URL), and "
    "is the number of the organization whose key pair is used?"
)


class Call(msgspec.Struct, frozen=True):
    """Who calls whom."""

    to: Annotated[str, typer.Option(metavar="NUMBER", help="What is dialled.")]
    caller: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Who calls.")]
    source: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address that the call comes from.")
    ] = "127.0.0.1"


class Caller(msgspec.Struct, frozen=True):
    """What the caller does."""

    talk: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Hang up so long after the answer.")
    ] = 2.0
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Give up after so much ringing.")
    ] = 60.0


class Followed(msgspec.Struct, frozen=True):
    """A call that is over: what its caller heard, and what was decided where that is known."""

    call: PlacedCall
    call_id: str | None
    decision: Decision | None


async def follow_call(
    simulation: Simulation,
    call: Call,
    caller: Caller,
    chosen: ChosenServer | None,
    say: Callable[[str], None],
) -> Followed:
    """Place a call, and say what its caller hears and what the server decides about it.

    Args:
        simulation: The simulated LiveKit that takes the call.
        call: Who calls whom.
        caller: What the caller does.
        chosen: The server that is asked for its decision; None asks nobody.
        say: Shows a line.

    Raises:
        SimulationError: There is no simulated LiveKit, or it has gone.
    """
    say(f"{call.caller} calls {call.to}")
    placed = await simulation.place_call(call.to, call.caller, call.source)
    call_id: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    deciding = asyncio.create_task(_decision(call_id, chosen, say))

    def show(placed: PlacedCall, said: int) -> None:
        if placed.sip_call_id and not call_id.done():
            call_id.set_result(call_id_of(placed.sip_call_id))
        for line in _rungs(placed, said):
            say(line)

    try:
        placed = await _until_over(simulation, placed, caller, show)
        if not call_id.done():
            print_note(NO_ROOM, "dim")
            return Followed(placed, None, None)
        return Followed(placed, call_id.result(), await _decided(deciding, call_id.result(), say))
    finally:
        deciding.cancel()


async def _decided(
    deciding: "asyncio.Task[Decision | None]", call_id: str, say: Callable[[str], None]
) -> Decision | None:
    """Wait a little for the decision about a call that is over, and say where its record is."""
    await asyncio.wait([deciding], timeout=RECORDED_WITHIN_S)
    if not deciding.done():
        print_note(NO_RECORD, "dim")
        return None
    decision = deciding.result()
    if decision is not None:
        shows = f"show {call_id}" if decision.targets else "unmatched"
        say(f"Its record: {typed_command()} calls {shows}")
    return decision


async def _until_over(
    simulation: Simulation,
    placed: PlacedCall,
    caller: Caller,
    show: Callable[[PlacedCall, int], None],
) -> PlacedCall:
    """Show what is said on a call until it is over, and hang up in time."""
    now_s = asyncio.get_running_loop().time
    hangs_up_at, is_answered, said = now_s() + caller.patience, False, 0
    while True:
        show(placed, said)
        said = len(placed.ladder)
        if placed.ended is not None:
            return placed
        if placed.answered_by is not None and not is_answered:
            is_answered, hangs_up_at = True, now_s() + caller.talk
        if now_s() >= hangs_up_at:
            await simulation.hang_up(placed.id)
        await asyncio.sleep(LOOKS_EVERY_S)
        placed = await simulation.look_at_call(placed.id)


async def _decision(
    call_id: asyncio.Future[str], chosen: ChosenServer | None, say: Callable[[str], None]
) -> Decision | None:
    """Say what the server decides as soon as it has; None when it cannot be asked."""
    if chosen is None:
        return None
    try:
        decision = await decision_about(await call_id, chosen)
    except NoDecisionError as error:
        headline, *lines = str(error).splitlines()
        print_note(f"Cordboard's decision is not shown: {headline}", "dim")
        for line in lines:
            print_note(f"  {line}", "dim")
        return None
    outcome = answers(decision.targets) or f"nobody answers, {refusal(decision.reason)}"
    say(f"{INDENT}Cordboard decides: {outcome}")
    for line in trace_lines(decision.trace):
        say(f"{INDENT}  {line}")
    return decision


def _rungs(call: PlacedCall, said: int) -> list[str]:
    """Return the lines for what was said on a call after so many messages."""
    lines = []
    for number, (at_ms, message) in enumerate(call.ladder[said:], said + 1):
        words = f"{message} {WORDS[message]}" if message in WORDS else message
        if message == ANSWER and call.job is not None:
            words += f": answered by {_worker(call.job)}"
        elif call.ended is not None and number == len(call.ladder):
            words += f": {refusal(call.ended.reason)}"
        lines.append(f"{at_ms / 1000:8.3f} s  {words}")
        if message == ANSWER and call.job is not None:
            lines.append(f"{INDENT}its job: {call.job.metadata}")
    return lines


def _worker(job: Job) -> str:
    return f"{job.agent_name}, deployment {job.deployment}" if job.deployment else job.agent_name
