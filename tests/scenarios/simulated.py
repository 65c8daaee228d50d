"""The simulated LiveKit as a driver, at the speed of the wall clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cordboard.simulated.livekit import (
    Behaviour,
    Call,
    Dialled,
    Outcome,
    SimulatedLiveKit,
    Worker,
    simulated_livekit,
)


class SimulatedDriver:
    """A simulated LiveKit, with the workers, callers and callees that are in it."""

    carrier_address = "carrier.example.com"

    def __init__(self, livekit: SimulatedLiveKit) -> None:
        self._livekit = livekit
        self.url, self.api_key, self.api_secret = livekit.url, livekit.api_key, livekit.api_secret

    @property
    def dialled(self) -> list[Dialled]:
        return self._livekit.callees.dialled

    async def register_worker(
        self, agent_name: str, deployment: str, behaviour: Behaviour
    ) -> Worker:
        return self._livekit.register_worker(agent_name, deployment, behaviour)

    async def call(self, to: str, from_: str, *, source: str, from_host: str) -> Call:
        return await self._livekit.call(to, from_, source=source, from_host=from_host)

    async def set_callee(self, number: str, outcome: Outcome) -> None:
        self._livekit.callees.outcomes[number] = outcome

    async def flush(self) -> None:
        self._livekit.flush()


@asynccontextmanager
async def open_driver(folder: Path, webhook_urls: Sequence[str]) -> AsyncIterator[SimulatedDriver]:
    """Run a simulated LiveKit for the time of a block."""
    async with simulated_livekit(webhook_urls=webhook_urls) as livekit:
        yield SimulatedDriver(livekit)
