"""HTTP/1.1 with as little work as possible: keep-alive, bodies with a length, no more."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

HOST = "127.0.0.1"
_END = b"\r\n\r\n"


def _message(received: bytearray) -> tuple[bytes, bytes] | None:
    """Take head and body of a whole message out of what was received; None before it is whole."""
    end = received.find(_END)
    if end < 0:
        return None
    head = bytes(received[:end])
    place = head.lower().find(b"content-length:")
    length = 0 if place < 0 else int(head[place + 15 :].split(b"\r\n", 1)[0])
    whole = end + len(_END) + length
    if len(received) < whole:
        return None
    body = bytes(received[whole - length : whole])
    del received[:whole]
    return head, body


class Answerer(asyncio.Protocol):
    """Answers every request with 200 and protobuf."""

    def __init__(self, answer: Callable[[str, bytes], Awaitable[bytes]]) -> None:
        """Answer with what a function of path and body returns."""
        self._answer = answer
        self._received = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._received += data
        while (message := _message(self._received)) is not None:
            head, body = message
            path = head.split(b" ", 2)[1].decode()
            task = asyncio.ensure_future(self._respond(path, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _respond(self, path: str, body: bytes) -> None:
        content = await self._answer(path, body)
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\n"
        head += f"Content-Length: {len(content)}\r\n\r\n"
        self._transport.write(head.encode() + content)


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = bytearray()
        self.answered: asyncio.Future[bytes] | None = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        message = _message(self._received)
        if message is not None and self.answered is not None:
            self.answered.set_result(message[0])


class Posting:
    """A few connections on which events are posted, each when one is free."""

    def __init__(self, port: int, path: str, connections: int) -> None:
        """Connect nothing yet."""
        self._port, self._path, self._count = port, path, connections
        self._free: asyncio.LifoQueue[tuple[asyncio.WriteTransport, _Connection]]
        self._free = asyncio.LifoQueue()

    async def open(self) -> None:
        """Connect."""
        loop = asyncio.get_running_loop()
        for _ in range(self._count):
            self._free.put_nowait(await loop.create_connection(_Connection, HOST, self._port))

    async def post(self, body: bytes, token: bytes) -> None:
        """Post an event and wait until it is acknowledged.

        Raises:
            RuntimeError: It was refused.
        """
        transport, connection = await self._free.get()
        connection.answered = asyncio.get_running_loop().create_future()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {HOST}\r\n"
            f"Content-Type: application/webhook+json\r\nContent-Length: {len(body)}\r\n"
        )
        transport.write(head.encode() + b"Authorization: " + token + _END + body)
        answer = await connection.answered
        self._free.put_nowait((transport, connection))
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"an event was answered with {answer[:60]!r}")
