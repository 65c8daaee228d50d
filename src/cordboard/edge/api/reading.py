"""How requests are read from a connection, where uvicorn would read them wrongly or without end.

A request for another protocol is read as if it did not ask, and what cannot be read is refused.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cordboard.edge.api.envelope import JSON
from cordboard.edge.api.errors import failure_of, status_of
from cordboard.edge.api.observe import NOT_KEPT, next_request_id
from cordboard.edge.api.refusals import HeadTooLargeError, MalformedRequestError
from cordboard.runtime.errors import DomainError

LARGEST_HEAD = 65_536
"""Bytes of request line and headers, give or take one read from the socket."""

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


class ReadingProtocol(HttpToolsProtocol):
    """A connection that reads requests of HTTP/1.1 and nothing else, and takes no endless head."""

    _is_in_head = False
    _head_size = 0

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
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except HttpParserError:
            self._refuse(MalformedRequestError(UNREADABLE))
            return
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD and not self.transport.is_closing():
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
