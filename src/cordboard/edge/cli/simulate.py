"""``cordboard simulate …``: a caller, and people to call, at a simulated LiveKit."""

import asyncio
from typing import Annotated

import msgspec
import typer

from cordboard.edge.cli import values
from cordboard.edge.cli.chosen_server import ChosenServer, NoServerError, choose_server
from cordboard.edge.cli.conversation import REFUSED, Common, refuse
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.cli.output import print_json, print_note, visible
from cordboard.edge.cli.simulated_call import Call, Caller, Followed, follow_call
from cordboard.edge.cli.simulation import SimulationError, open_simulation

simulate_app = typer.Typer(
    help="A LiveKit, a caller and people to call, without a carrier.", no_args_is_help=True
)

URL = Annotated[
    str, typer.Option("--url", metavar="URL", help="Of the simulated LiveKit.", show_default=True)
]
DEFAULT_URL = "http://127.0.0.1:7880"


@simulate_app.command("call")
@grouped
def simulate_call(call: Call, caller: Caller, url: URL = DEFAULT_URL, *, common: Common) -> None:
    """Call a number: what the caller hears, what Cordboard decides and why, and who answers.

    The status is 1 when nobody answers.
    """
    chosen = _server_to_ask(common)

    def say(line: str) -> None:
        if not common.as_json:
            typer.echo(visible(line))

    async def followed() -> Followed:
        async with open_simulation(url) as simulation:
            return await follow_call(simulation, call, caller, chosen, say)

    try:
        result = asyncio.run(followed())
    except SimulationError as error:
        refuse("The call was not made", str(error))
    if common.as_json:
        print_json(msgspec.json.encode(result))
    if result.call.answered_by is None:
        raise typer.Exit(REFUSED)


def _server_to_ask(common: Common) -> ChosenServer | None:
    """Return the server that is to tell its decision; the call goes on without one as well."""
    try:
        return choose_server(common.profile)
    except NoServerError as error:
        print_note(f"Cordboard's decision is not shown: {error}", "dim")
        return None


class Does(msgspec.Struct, frozen=True):
    """What somebody does who is called."""

    status: Annotated[
        int,
        typer.Option(
            min=200,
            max=699,
            metavar="CODE",
            help="The final SIP response: 200 answers, 486 is busy, 603 declines, 404 is unknown.",
        ),
    ] = 200
    is_silent: Annotated[
        bool, typer.Option("--silent", help="Never answer; it rings until the dial times out.")
    ] = False
    after: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long it rings before that.")
    ] = 0.3
    talk: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0, help="Hang up so long after the answer (never if not given)."
        ),
    ] = None


@simulate_app.command("callee")
@grouped
def simulate_callee(
    number: Annotated[str, typer.Argument(parser=values.phone_number, metavar="NUMBER")],
    does: Does,
    url: URL = DEFAULT_URL,
) -> None:
    """Say what happens from now on when a number is called. Whoever is not told answers."""
    outcome = {
        "status": None if does.is_silent else does.status,
        "after_s": does.after,
        "hangs_up_after_s": does.talk,
    }

    async def told() -> None:
        async with open_simulation(url) as simulation:
            await simulation.set_callee(number, outcome)

    try:
        asyncio.run(told())
    except SimulationError as error:
        refuse("Nobody was told", str(error))
    what = "never answers" if does.is_silent else f"says {does.status} after {does.after:g} s"
    print_note(f"{number} {what}", "green")
