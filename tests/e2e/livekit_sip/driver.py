"""The real livekit-sip on a real livekit-server as a driver of scenarios, with SIPp on both ends.

livekit-sip is in no package registry, so the operator gives it: ``LIVEKIT_SIP_BIN`` names the
binary. Written for livekit-sip 1.10.0 with livekit-server 1.13.5. It starts only on a host that has
an IPv4 address besides loopback, which it need not use, and opens its two HTTP ports on all of
them.
"""

import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import redis.asyncio as redis

from cordboard.simulated.livekit import Behaviour, Dialled, Outcome
from tests.e2e.livekit_server import KEY, SECRET, Stack, livekit_server
from tests.e2e.livekit_sip.callees import Callees
from tests.e2e.livekit_sip.phone import Phone
from tests.e2e.processes import HOST, answers, free_port, running, wait
from tests.e2e.seats import Server, opened_seats
from tests.e2e.tone_worker import ToneWorker, registered_worker

BINARY = "LIVEKIT_SIP_BIN"
RTP_PORTS = "30000-39999"


class SIPDriver:
    """A real livekit-server whose SIP side is livekit-sip."""

    def __init__(
        self, server: Server, folder: Path, sip_port: int, callees: Callees, open_: AsyncExitStack
    ) -> None:
        self.url, self.api_key, self.api_secret = server.url, server.api_key, server.api_secret
        self.carrier_address = f"{HOST}:{callees.port}"
        self._server = server
        self._folder, self._sip_port = folder, sip_port
        self._callees, self._open = callees, open_

    @property
    def dialled(self) -> list[Dialled]:
        return self._callees.dialled

    async def register_worker(
        self, agent_name: str, deployment: str, behaviour: Behaviour
    ) -> ToneWorker:
        registering = registered_worker(agent_name, deployment, behaviour, self._server)
        return await self._open.enter_async_context(registering)

    async def call(self, to: str, from_: str, *, source: str, from_host: str) -> Phone:
        phone = Phone(self._folder, source)
        await phone.dial(to, from_, from_host=from_host, gateway=(HOST, self._sip_port))
        self._open.push_async_callback(phone.put_away)
        return phone

    async def set_callee(self, number: str, outcome: Outcome) -> None:
        await self._callees.tell(number, outcome)

    async def flush(self) -> None:
        async with redis.Redis(host=HOST, port=self._server.redis_port) as client:
            await client.flushall()


def _binaries() -> str:
    """Return livekit-sip's path; what is missing is named."""
    binary = os.environ.get(BINARY, "")
    if not Path(binary).is_file():
        raise RuntimeError(f"{BINARY} must name livekit-sip's binary; it is '{binary}'")
    if shutil.which("sipp") is None:
        raise RuntimeError(f"with {BINARY}, make e2e needs SIPp (Debian: apt install sip-tester)")
    return binary


def _configuration(stack: Stack, sip_port: int, health_port: int) -> str:
    """Return livekit-sip's configuration; JSON is YAML too."""
    return json.dumps(
        {
            "api_key": KEY,
            "api_secret": SECRET,
            "ws_url": stack.url.replace("http", "ws", 1),
            "redis": {"address": f"{HOST}:{stack.redis_port}"},
            "sip_port": sip_port,
            "rtp_port": RTP_PORTS,
            "use_external_ip": False,
            "nat_1_to_1_ip": HOST,
            "listen_ip": HOST,
            "health_port": health_port,
            "max_cpu_utilization": 1,
        }
    )


@contextmanager
def livekit_sip(stack: Stack, folder: Path) -> Iterator[int]:
    """Run livekit-sip for the time of a block; give its SIP port."""
    binary, sip_port, health_port = _binaries(), free_port(), free_port()
    file, log = folder / "sip.yaml", folder / "sip.log"
    file.write_text(_configuration(stack, sip_port, health_port))
    with running([binary, "--config", str(file)], log):
        try:
            wait("livekit-sip", lambda: answers(f"http://{HOST}:{health_port}"))
        except TimeoutError as error:
            error.add_note(log.read_text(errors="replace")[-2000:])
            raise
        yield sip_port


@asynccontextmanager
async def open_driver(folder: Path, webhook_urls: Sequence[str]) -> AsyncIterator[SIPDriver]:
    """Run a livekit-server with livekit-sip for the time of a block."""
    async with AsyncExitStack() as stack:
        livekit = stack.enter_context(livekit_server(folder, webhook_urls))
        sip_port = stack.enter_context(livekit_sip(livekit, folder))
        seats = await stack.enter_async_context(opened_seats(folder))
        server = Server(livekit.url, livekit.redis_port, KEY, SECRET, seats)
        callees = Callees(folder)
        await callees.start()
        stack.push_async_callback(callees.stop)
        async with AsyncExitStack() as inner:
            yield SIPDriver(server, folder, sip_port, callees, inner)
