"""How much and how long a slow or hostile client may hold, where uvicorn sets no bound.

uvicorn has a deadline for the pause between two requests only. Here are the others: for the head of
a request, for its body, for an answer that is not read, and for the size of a head. Times are
checked by one look at all connections each second, so that a request costs nothing more.
"""

import resource
from asyncio import AbstractEventLoop, Transport
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cordboard.edge.api.envelope import JSON
from cordboard.edge.api.errors import failure_of, status_of
from cordboard.edge.api.observe import NOT_KEPT, next_request_id
from cordboard.edge.api.refusals import HeadTooLargeError, MalformedRequestError
from cordboard.runtime.errors import DomainError

LARGEST_HEAD = 65_536
"""Bytes of request line and headers, give or take one read from the socket."""

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

UNREADABLE = (
    "This is not proper HTTP: the request line, a header, or where the body ends cannot be read"
)


def refusing_answer(error: DomainError, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the whole last answer of a connection, for a request that reaches no route.

    It has what every other answer has: the envelope, and an id of its own.
    """
    request_id = next_request_id()
    body = failure_of(error, request_id)
    status = HTTPStatus(status_of(error))
    headers = [
        *default_headers,
        (b"content-type", JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        NOT_KEPT,
        (b"connection", b"close"),
    ]
    lines = [f"HTTP/1.1 {status} {status.phrase}".encode(), *(b": ".join(one) for one in headers)]
    return b"\r\n".join([*lines, b"", body])


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


class BoundedProtocol(HttpToolsProtocol):
    """A connection that can be told what it waits for, and that takes no endless head."""

    _is_in_head = False
    _head_size = 0
    _seen: tuple[Phase, Any] = (Phase.HEAD, None)
    _seen_at_s = 0.0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's own signature is as narrow
        """Take a connection, unless all places are taken."""
        super().connection_made(cast("Transport", JoinedWrites(transport, self.loop)))
        self._seen_at_s = self.loop.time()
        if len(self.connections) > most_connections():
            transport.abort()

    def on_message_begin(self) -> None:
        """Begin to count the bytes of a head."""
        self._is_in_head = True
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse a head that does not end."""
        super().data_received(data)
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD and not self.transport.is_closing():
                self._refuse(HeadTooLargeError(LARGEST_HEAD))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        """Refuse what cannot be parsed; uvicorn would answer in plain text."""
        self._refuse(MalformedRequestError(UNREADABLE))

    def _refuse(self, error: DomainError) -> None:
        """End the connection by a refusal, which must not pass for the answer to anything else.

        Whole requests that came before are answered, and then it ends; what is half answered
        already, or would be answered after others, is left without an answer.
        """
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                self.flow.pause_reading()
                return
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        self.transport.write(refusing_answer(error, self.server_state.default_headers))
        self.transport.close()

    def phase(self) -> Phase:
        """Return what the connection waits for now."""
        cycle: Any = self.cycle
        if self.transport.is_closing() or self.flow.write_paused:
            return Phase.READER
        if cycle is None or cycle.response_complete:
            return Phase.HEAD if self.timeout_keep_alive_task is None else Phase.IDLE
        return Phase.BODY if cycle.more_body else Phase.WORK

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
