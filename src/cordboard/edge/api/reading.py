"""How requests are read from a connection, where uvicorn would read them wrongly or without end.

A request for another protocol is read as if it did not ask, fields after a body are dropped, and
what cannot be read is refused so that no answer says anything but what was done.
"""

from asyncio import Event, Task
from collections.abc import Iterable
from http import HTTPStatus
from inspect import CORO_CREATED, getcoroutinestate
from typing import TYPE_CHECKING, Any, NoReturn, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from cordboard.edge.api.envelope import JSON
from cordboard.edge.api.errors import failure_of, status_of
from cordboard.edge.api.observe import NOT_KEPT, next_request_id
from cordboard.edge.api.refusals import HeadTooLargeError, MalformedRequestError
from cordboard.runtime.errors import DomainError

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

LARGEST_HEAD = 65_536
"""Bytes of request line and headers, or, give or take one read from the socket, of the fields after
a body."""

REST_OF_HEAD = len("  HTTP/1.1\r\n\r\n")
"""Bytes of a head that are neither its method nor its target nor a field's."""

LARGEST_READ = 262_144
"""Bytes that an event loop reads from a socket at once."""

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


class _Dropped(list[tuple[bytes, bytes]]):
    """Where fields after a body go: they may not count as headers (RFC 9110, section 6.5.1)."""

    def append(self, field: tuple[bytes, bytes], /) -> None:
        """Keep nothing."""


_DROPPED = _Dropped()


class _NoMoreBody:
    """Stands for the event by which a request is told that more of its body has come.

    A route that asks for its body is refused where it asks; one that needs none answers what it
    has done.
    """

    def __init__(self, error: DomainError) -> None:
        """Refuse by ``error``."""
        self._error = error

    def set(self) -> None:
        """Tell nobody: nothing comes any more."""

    def clear(self) -> NoReturn:
        """Refuse a route that waited already."""
        raise self._error

    async def wait(self) -> NoReturn:
        """Refuse a route that would wait."""
        raise self._error


def has_not_begun(task: Task[None]) -> bool:
    """Return whether a task has still to do its first step; cancelled now, it does none."""
    return getcoroutinestate(cast("Any", task.get_coro())) == CORO_CREATED


class ReadingProtocol(HttpToolsProtocol):
    """A connection that reads requests of HTTP/1.1 and nothing else, and takes no endless head."""

    _is_in_fields = False
    _fields_size = 0
    _read_size = 0
    _has_ended_one = False
    _task: Task[None] | None = None

    def on_message_begin(self) -> None:
        """Begin to count the bytes of a head; the pause between two requests is over."""
        self._unset_keepalive_if_required()
        self._is_in_fields = True
        # What the request before has of this read may not count; how much that is, nobody tells.
        self._is_from_within = self._has_ended_one
        self._fields_size = -self._read_size if self._is_from_within else 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting; drop the fields that are still to come.

        Raises:
            HeadTooLargeError: Together they are too large, which is known exactly now. It is
                looked at only where so much may have come.
        """
        if self._is_from_within or self._fields_size + self._read_size > LARGEST_HEAD:
            self._check_head()
        self._is_in_fields = False
        super().on_headers_complete()
        self.headers = _DROPPED

    def _check_head(self) -> None:
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.parser.get_method()) + len(self.url) + REST_OF_HEAD + fields > LARGEST_HEAD:
            raise HeadTooLargeError(LARGEST_HEAD)

    def on_chunk_header(self) -> None:
        """Count again: fields follow, unless this chunk holds something.

        What this read holds before them may not count; how much that is, nobody tells.
        """
        self._is_in_fields = True
        self._fields_size = -LARGEST_READ

    def on_body(self, body: bytes) -> None:
        """Stop counting: what comes are no fields."""
        self._is_in_fields = False
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        """Stop counting."""
        self._is_in_fields = False

    def on_message_complete(self) -> None:
        """Let the pause between two requests begin, if this one is answered already.

        uvicorn lets it begin with the answer, and forgets it when the rest of the body comes.
        """
        self._has_ended_one = True
        super().on_message_complete()
        cycle: Any = self.cycle
        is_of_this = cycle is not None and cycle.scope is self.scope
        if is_of_this and cycle.response_complete and not self.transport.is_closing():
            cycle.more_body = False
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse a head that does not end."""
        self._unset_keepalive_if_required()
        self._read_size = len(data)
        self._has_ended_one = False
        try:
            self._parse(data)
        except HttpParserError as error:
            is_too_large = isinstance(error.__context__, HeadTooLargeError)
            self._refuse(
                HeadTooLargeError(LARGEST_HEAD)
                if is_too_large
                else MalformedRequestError(UNREADABLE)
            )
            return
        if self._is_in_fields:
            self._fields_size += len(data)
            if self._fields_size > LARGEST_HEAD and not self.transport.is_closing():
                self._refuse(HeadTooLargeError(LARGEST_HEAD))

    def _parse(self, data: bytes | memoryview) -> None:
        """Parse ``data``, in which requests may ask for another protocol.

        That may be ignored (RFC 9110, section 7.8), but the parser takes what follows such a head
        for the other protocol, not for a body.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as asked:
                data = memoryview(data)[asked.args[0] :]
                self._begin_without_upgrade()
            else:
                return

    def _should_upgrade(self) -> bool:
        """Make no request yet of a head that asks for another protocol."""
        return True

    def _begin_without_upgrade(self) -> None:
        """Let a new parser begin with the head that came last, as if it asked for nothing.

        Raises:
            HttpParserError: It asks for a tunnel, which cannot be ignored.
        """
        method, version = self.scope["method"], self.scope["http_version"]
        if method == "CONNECT":
            raise HttpParserError
        line = b"%b %b HTTP/%b" % (method.encode(), self.url, version.encode())
        headers = [b": ".join(one) for one in self.scope["headers"] if one[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join([line, *headers, b"", b""]))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        """Do as uvicorn does, and know the task, which a broken body may stop."""
        self._task = self.loop.create_task(cycle.run_asgi(app))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def _refuse(self, error: DomainError) -> None:
        """End the connection by a refusal, which must not pass for the answer to anything else.

        Whole requests that came before are answered, and then it ends.
        """
        cycle: Any = self.cycle
        if cycle is not None and cycle.more_body and cycle.scope is self.scope:
            self._refuse_body(cycle, error)
        elif cycle is not None and not cycle.response_complete:
            self._end_with_this_answer(cycle)
        else:
            self._answer_last(error)

    def _refuse_body(self, cycle: RequestResponseCycle, error: DomainError) -> None:
        """End the connection by a refusal of a body, without a word that could be untrue.

        What has not begun does not begin. What is at work already answers for itself. What is half
        answered already, or would be answered after others, is left without an answer.
        """
        if cycle.response_started or self.pipeline:
            self.transport.close()
        elif self._task is not None and has_not_begun(self._task):
            self._task.cancel()
            self._answer_last(error)
        else:
            cycle.message_event.set()
            cycle.message_event = cast("Event", _NoMoreBody(error))
            cycle.more_body = False
            self._end_with_this_answer(cycle)

    def _end_with_this_answer(self, cycle: RequestResponseCycle) -> None:
        cycle.keep_alive = False
        self.flow.pause_reading()

    def _answer_last(self, error: DomainError) -> None:
        self.transport.write(refusing_answer(error, self.server_state.default_headers))
        self.transport.close()
