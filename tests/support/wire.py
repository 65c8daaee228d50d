"""The wire between a client and a server, with its faults: answers as scripted, lost, or late."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urlsplit

HOST = "127.0.0.1"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedServer:
    """Gives the answers it was given, one per connection, and keeps what it was asked.

    An empty answer hangs up; when there are none left, it is silent.
    """

    def __init__(self, answers: list[bytes]) -> None:
        self.url = ""
        self.requests: list[bytes] = []
        self._answers = answers

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and hang up."""
        self.requests.append(await _read_message(reader))
        if not self._answers:
            await reader.read()
            return
        writer.write(self._answers.pop(0))
        await writer.drain()


class LossyWire:
    """Passes requests on to a server; of the answers, the first ones are lost."""

    def __init__(self, upstream: str, lost: int) -> None:
        self.url = ""
        self.passed_on = 0
        self._upstream = urlsplit(upstream)
        self._lost = lost

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on and, unless it is to be lost, its answer back."""
        request = await _read_message(reader)
        from_server, to_server = await asyncio.open_connection(
            self._upstream.hostname, self._upstream.port
        )
        to_server.write(request)
        answer = await _read_message(from_server)
        to_server.close()
        self.passed_on += 1
        if self.passed_on > self._lost:
            writer.write(answer)
            await writer.drain()


class SlowServer:
    """Answers every request with a refusal, a second and a half after it came."""

    DELAY_S = 1.5
    ANSWER = b'{"message": "Slow", "error": "slow", "code": "slow", "request_id": "req_1"}'

    def __init__(self) -> None:
        self._socket = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread in accept() is not woken by close(), but by shutdown().
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    connection.recv(65_536)
                    time.sleep(self.DELAY_S)
                    connection.sendall(an_answer("400 Bad Request", self.ANSWER))


@asynccontextmanager
async def scripted_server(*answers: bytes) -> AsyncIterator[ScriptedServer]:
    """Listen on a free port of this machine and answer as told."""
    server = ScriptedServer(list(answers))
    async with _listening(server.handle) as server.url:
        yield server


@asynccontextmanager
async def lossy_wire(upstream: str, lost: int) -> AsyncIterator[LossyWire]:
    """Listen on a free port of this machine, in front of the server at ``upstream``."""
    wire = LossyWire(upstream, lost)
    async with _listening(wire.handle) as wire.url:
        yield wire


def an_answer(status: str, body: bytes, *headers: str) -> bytes:
    """Return an HTTP answer after which the connection ends."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def _listening(handle: Handler) -> AsyncIterator[str]:
    async def handle_and_hang_up(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await handle(reader, writer)
        finally:
            writer.close()

    listener = await asyncio.start_server(handle_and_hang_up, HOST, 0)
    try:
        yield f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        await listener.wait_closed()


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)
