"""The controls that ``cordboard simulate livekit`` offers on loopback, from the outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from cordboard.runtime.invocation import typed_command

if TYPE_CHECKING:
    # aiohttp takes a fifth of a second to import, which help and completion need not wait for.
    import aiohttp

CALLS = "/simulated/calls"
CALLEES = "/simulated/callees"
ANSWERS_WITHIN_S = 5


class SimulationError(Exception):
    """No simulated LiveKit does what is asked; the text says what to do."""


class Job(msgspec.Struct, frozen=True):
    """What the agent that answered was sent for; ``metadata`` is what its worker is told."""

    agent_name: str
    deployment: str
    metadata: str


class Ended(msgspec.Struct, frozen=True):
    """How a call ended: the final SIP response, and why."""

    status: int
    reason: str


class PlacedCall(msgspec.Struct, frozen=True):
    """A call as its caller knows it.

    Attributes:
        id: Its place among the calls of this simulated LiveKit.
        sip_call_id: ``sip.callID``, from which the id of its record is computed; empty as long as
            no room takes the call.
        ladder: Milliseconds since the INVITE, and what was said.
        answered_by: The identity of the agent that was heard first.
    """

    id: int
    sip_call_id: str
    ladder: list[tuple[float, str]]
    answered_by: str | None
    job: Job | None
    ended: Ended | None


class Simulation:
    """A simulated LiveKit that somebody else runs; made by :func:`open_simulation`."""

    def __init__(self, session: "aiohttp.ClientSession", url: str) -> None:
        self._session = session
        self._url = url

    async def place_call(self, to: str, caller: str, source: str) -> PlacedCall:
        """Call a number; the call goes on by itself.

        Raises:
            SimulationError: The call cannot be placed.
        """
        call = {"to": to, "from": caller, "source": source}
        return _placed(await self._ask("POST", CALLS, call))

    async def look_at_call(self, number: int) -> PlacedCall:
        """Return how a call stands.

        Raises:
            SimulationError: It cannot be seen any more.
        """
        return _placed(await self._ask("GET", f"{CALLS}/{number}"))

    async def hang_up(self, number: int) -> None:
        """Give up, or say goodbye.

        Raises:
            SimulationError: Nobody is there to hear it.
        """
        await self._ask("DELETE", f"{CALLS}/{number}")

    async def set_callee(self, number: str, outcome: dict[str, Any]) -> None:
        """Say what happens from now on when a number is called.

        Raises:
            SimulationError: It is not so.
        """
        await self._ask("PUT", f"{CALLEES}/{number}", outcome)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        import aiohttp  # noqa: PLC0415 - as said above

        try:
            async with self._session.request(method, self._url + path, json=body) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            message = (
                f"no simulated LiveKit answers at {self._url}; start one with "
                f"`{typed_command()} simulate livekit`"
            )
            raise SimulationError(message) from error
        if answer.status != HTTPStatus.OK:
            message = f"what answers at {self._url} is no simulated LiveKit (HTTP {answer.status})"
            raise SimulationError(message)
        return raw


@asynccontextmanager
async def open_simulation(url: str) -> AsyncIterator[Simulation]:
    """Open a connection to the simulated LiveKit at a URL; it is closed at the end of the block."""
    import aiohttp  # noqa: PLC0415 - as said above

    timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        yield Simulation(session, url.rstrip("/"))


def _placed(raw: bytes) -> PlacedCall:
    try:
        return msgspec.json.decode(raw, type=PlacedCall)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = "what answers there is no simulated LiveKit of this version"
        raise SimulationError(message) from error
