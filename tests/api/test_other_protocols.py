"""Requests that ask for another protocol: read as if they did not ask (RFC 9110, section 7.8)."""

import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.connected import Connect, connecting_to
from tests.support.server import HOST, RunningServer

JAVA = (
    b"Connection: Upgrade, HTTP2-Settings\r\n"
    b"Host: localhost\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
    b"Upgrade: h2c\r\n"
)
"""What Java's HttpClient sends with each request over plain HTTP."""

HIDDEN = b"DELETE /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
BODIES = {
    "with a length": b"Content-Length: %d\r\n\r\n%b" % (len(HIDDEN), HIDDEN),
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n3\r\n%b\r\n0\r\nA: b\r\n\r\n"
    % (len(HIDDEN) - 3, HIDDEN[:-3], HIDDEN[-3:]),
}
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    """Answer with what was understood of the request."""
    body, more_body = b"", True
    while more_body:
        message = await receive()
        body += message["body"]
        more_body = message["more_body"]
    names = [name.decode() for name, _ in scope["headers"]]
    said = [scope["method"], scope["path"], body.decode(), "upgrade" in names]
    answer = json.dumps(said).encode() + b"\n"
    length = (b"content-length", str(len(answer)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open connections to a server in this process."""
    async with connecting_to(app) as connected:
        yield connected


async def understood(connect: Connect, *reads: bytes) -> list[list[Any]]:
    """Return what the server understood of each request that these reads hold."""
    client = await connect()
    await client.arrive(*reads)
    lines = (await client.receive()).split(b"\n")
    return [json.loads(line) for line in lines if line.startswith(b"[")]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_is_read_wherever_it_is_cut(connect: Connect, body: bytes) -> None:
    sent = b"POST /first HTTP/1.1\r\n" + JAVA + body + LAST
    first, last = ["POST", "/first", HIDDEN.decode(), False], ["GET", "/last", "", False]
    for cut in range(1, len(sent)):
        assert await understood(connect, sent[:cut], sent[cut:]) == [first, last], cut
    single = [bytes([each]) for each in sent]
    assert await understood(connect, *single) == [first, last]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
async def test_many_in_one_read_are_each_read(connect: Connect, protocol: bytes) -> None:
    asking = JAVA.replace(b"h2c", protocol)
    bodies = [b"\r\n", *BODIES.values(), b"Content-Length: 0\r\n\r\n"] * 3
    sent = b"".join(b"PUT /one HTTP/1.1\r\n" + asking + body for body in bodies) + LAST
    one = [["PUT", "/one", body, False] for body in ["", HIDDEN.decode(), HIDDEN.decode(), ""]]
    assert await understood(connect, sent) == [*one * 3, ["GET", "/last", "", False]]


async def test_what_the_head_says_of_the_connection_still_counts(connect: Connect) -> None:
    closing = JAVA.replace(b"Connection: ", b"Connection: close, ")
    sent = b"POST /first HTTP/1.1\r\n" + closing + BODIES["in chunks"]
    assert await understood(connect, sent) == [["POST", "/first", HIDDEN.decode(), False]]


@pytest.mark.parametrize("is_in_chunks", [False, True])
def test_a_key_is_made_with_the_scopes_that_were_sent(
    sqlite_server: RunningServer, *, is_in_chunks: bool
) -> None:
    caller = sqlite_server.organization()
    pair = f"X-API-KEY: {caller.api_key}\r\nX-API-SECRET: {caller.api_secret}\r\n".encode()
    path = f"/api/organizations/{caller.organization_id}/api-keys"
    body = b'{"scopes": ["numbers:read"]}'
    framed = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    if is_in_chunks:
        framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with socket.create_connection((HOST, sqlite_server.port)) as connection:
        connection.settimeout(20)
        connection.sendall(b"POST %b HTTP/1.1\r\n" % path.encode() + JAVA + pair + framed)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b"HTTP/1.1 ") == 2
    assert b'"scopes":["numbers:read"]' in answer
    assert b'"status":"alive"' in answer
