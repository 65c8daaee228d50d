"""How much and how long a slow or hostile client may hold, where uvicorn sets no bound.

uvicorn has a deadline for the pause between two requests only. Here are the others: for the head of
a request, for its body, and for an answer that is not read. They are checked by one look at all
connections each second, so that a request costs nothing more.
"""

import resource
from asyncio import AbstractEventLoop, Transport
from enum import StrEnum
from functools import cache
from typing import Any, cast

from cordboard.edge.api.reading import ReadingProtocol

FILES_OF_OUR_OWN = 128
"""File descriptors that are kept for the database, the log and what comes."""


class Phase(StrEnum):
    """What a connection waits for."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    WORK = "work"
    READER = "reader"


LONGEST_S = {Phase.HEAD: 10, Phase.BODY: 60, Phase.READER: 30}
"""Seconds after which a connection is cut off, by what its client lets us wait for."""


class JoinedWrites:
    """A transport that sends what is written in one turn of the event loop with one system call.

    uvicorn writes the head and the body of an answer apart; joined, a request costs a tenth less.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        """Write to ``transport``."""
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        """Leave everything else to the transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send ``data`` at the end of this turn."""
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)

    def close(self) -> None:
        """Send what waits, then close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))


class BoundedProtocol(ReadingProtocol):
    """A connection that can be told what it waits for."""

    _seen: tuple[Phase, Any] = (Phase.HEAD, None)
    _seen_at_s = 0.0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's own signature is as narrow
        """Take a connection, unless all places are taken."""
        super().connection_made(cast("Transport", JoinedWrites(transport, self.loop)))
        self._seen_at_s = self.loop.time()
        if len(self.connections) > most_connections():
            transport.abort()

    def phase(self) -> Phase:
        """Return what the connection waits for now."""
        cycle: Any = self.cycle
        if self.transport.is_closing() or self.flow.write_paused:
            return Phase.READER
        if self.timeout_keep_alive_task is not None:
            return Phase.IDLE
        if cycle is not None and cycle.more_body and cycle.scope is self.scope:
            return Phase.BODY
        return Phase.HEAD if cycle is None or cycle.response_complete else Phase.WORK

    def cut_off_if_late(self, now_s: float) -> None:
        """End the connection when its client has let us wait for one thing too long."""
        seen = (self.phase(), self.cycle)
        if seen != self._seen:
            self._seen = seen
            self._seen_at_s = now_s
        elif now_s - self._seen_at_s > LONGEST_S.get(seen[0], float("inf")):
            self.transport.abort()


@cache
def most_connections() -> int:
    """Return how many connections may be open, after raising the limit of files to its maximum."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most_files = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, hard))
    return max(FILES_OF_OUR_OWN, most_files - FILES_OF_OUR_OWN)
