"""A wire to PostgreSQL that can be cut at an exact point of a conversation.

It reads the messages (https://www.postgresql.org/docs/current/protocol-message-formats.html) on
their way and cuts the connection before, instead of the answer to, or after the answer to the
first request that holds a given text.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from urllib.parse import parse_qs, urlsplit

HEADER = 5
"""A message is one byte of type and four of length, which counts itself but not the type."""

READY = b"Z"
"""The server's last message of an answer: ready for the next query."""


class Cut(Enum):
    """Where the wire is cut, seen from the client."""

    BEFORE = "the request never arrives"
    INSTEAD_OF_ANSWER = "the request arrives and its answer does not"
    AFTER_ANSWER = "the answer arrives, and then the wire is gone"


class CuttingProxy:
    """Carries connections to a PostgreSQL until it is told to cut one.

    Attributes:
        url: The database's URL, by way of this proxy.
        cuts: How many connections it has cut.
    """

    def __init__(self, upstream: str, port: int) -> None:
        parts = urlsplit(upstream)
        self.url = f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._text = b""
        self._where = Cut.BEFORE
        self._times = 0
        self.cuts = 0

    def cut(self, where: Cut, text: str, *, times: int = 1) -> None:
        """Cut the next connections on which a request with ``text`` is sent."""
        self._where, self._text, self._times = where, text.encode(), times

    async def carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        server, forth = await asyncio.open_unix_connection(self._socket)
        wire = _Wire(self, back)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(wire.carry_requests(client, forth))
                tasks.create_task(wire.carry_answers(server, back))
        except* OSError:
            pass
        finally:
            for writer in (forth, back):
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    def takes(self, request: bytes) -> Cut | None:
        """Return where to cut because of a request, or None."""
        if self._times == 0 or self._text not in request:
            return None
        self._times -= 1
        self.cuts += 1
        return self._where


class _Wire:
    """One connection, and whether its next answer is the last."""

    def __init__(self, proxy: CuttingProxy, back: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._back = back
        self._due: Cut | None = None

    async def carry_requests(
        self, client: asyncio.StreamReader, forth: asyncio.StreamWriter
    ) -> None:
        while data := await client.read(65536):
            cut = self._proxy.takes(data)
            if cut is Cut.BEFORE:
                break
            self._due = cut or self._due
            forth.write(data)
            await forth.drain()
        forth.close()
        self._back.transport.abort()

    async def carry_answers(self, server: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while data := await server.read(65536):
            if self._due is Cut.INSTEAD_OF_ANSWER:
                break
            back.write(data)
            await back.drain()
            if self._due is Cut.AFTER_ANSWER and data[-HEADER - 1 :][:1] == READY:
                break
        back.transport.abort()


@asynccontextmanager
async def cutting_proxy(upstream: str) -> AsyncIterator[CuttingProxy]:
    """Carry connections to the database at ``upstream``, on a free loopback port."""
    proxy: CuttingProxy | None = None

    async def carry(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        assert proxy is not None
        await proxy.carry(client, back)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    proxy = CuttingProxy(upstream, server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        await asyncio.sleep(0)
