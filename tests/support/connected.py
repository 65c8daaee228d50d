"""Connections of which a test has both ends: a client's socket, and the server's protocol."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from cordboard.edge.api.connections import BoundedProtocol, Phase

TURNS = 5
"""Turns of the event loop after which a request that can go on has gone on."""


async def until(is_so: Callable[[], bool]) -> None:
    """Let the server go on until something has come true."""
    while not is_so():  # noqa: ASYNC110 - a connection sets no event that could be waited for
        await asyncio.sleep(0.01)


class Connected:
    """A client, and the server's side of its connection."""

    def __init__(self, client: socket.socket, connection: BoundedProtocol) -> None:
        self.client = client
        self.connection = connection
        self.loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        await self.loop.sock_sendall(self.client, data)

    async def arrive(self, *reads: bytes) -> None:
        """Let the server read these, one after the other, and work in between."""
        for data in reads:
            if not self.connection.transport.is_closing():
                self.connection.data_received(data)
            for _ in range(TURNS):
                await asyncio.sleep(0)

    async def phase_becomes(self, phase: Phase) -> None:
        await until(lambda: self.connection.phase() is phase)

    async def receive(self) -> bytes:
        """What comes until the server hangs up."""
        received = b""
        try:
            while data := await self.loop.sock_recv(self.client, 65536):
                received += data
        except ConnectionResetError:
            pass
        return received

    def is_cut_off_after(self, seconds: float) -> bool:
        """Let the server look twice, with so many seconds between."""
        now_s = self.loop.time()
        self.connection.cut_off_if_late(now_s)
        self.connection.cut_off_if_late(now_s + seconds)
        return self.connection.transport.is_closing()


Connect = Callable[[], Awaitable[Connected]]


@asynccontextmanager
async def connecting_to(app: Any) -> AsyncIterator[Connect]:  # noqa: ANN401 - as ASGI has it
    """Open connections to a server of ``app`` in this process, for the time of a block."""
    loop = asyncio.get_running_loop()
    config = uvicorn.Config(app, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    listening = await loop.create_server(
        lambda: BoundedProtocol(config, state, {}, loop), "127.0.0.1", 0
    )
    clients: list[socket.socket] = []

    async def connected() -> Connected:
        before = set(state.connections)
        client = socket.socket()
        clients.append(client)
        client.setblocking(False)  # noqa: FBT003 - the socket's own interface
        await loop.sock_connect(client, listening.sockets[0].getsockname())
        await until(lambda: bool(set(state.connections) - before))
        (connection,) = set(state.connections) - before
        assert isinstance(connection, BoundedProtocol)
        return Connected(client, connection)

    yield connected
    for client in clients:
        client.close()
    for connection in list(state.connections):
        connection.transport.abort()
    for task in list(state.tasks):
        task.cancel()
    listening.close()
    await listening.wait_closed()
