"""What cannot be parsed as HTTP: refused like everything else, and never in another one's place."""

import json
import socket
from typing import Any

import pytest

from tests.support.builders import a_number
from tests.support.caller import CREATE, Caller, path_of
from tests.support.server import HOST, RunningServer

_HOST = b"Host: localhost\r\n"
_GET = b"GET /healthz HTTP/1.1\r\n" + _HOST
_POST = b"POST /api/agents/create HTTP/1.1\r\n" + _HOST
ALIVE = b'{"status":"alive"}'
GARBAGE = b"GARBAGE\r\n\r\n"

UNREADABLE = {
    "a request line that is none": GARBAGE,
    "a version that is none": b"GET / HTTP/9.9\r\n" + _HOST + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a target that is none": b"GET http:// HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a target in UTF-8": "GET /é HTTP/1.1\r\n".encode() + _HOST + b"\r\n",
    "a header with a blank in its name": _GET + b"Bad Header: x\r\n\r\n",
    "a header without a colon": _GET + b"Nocolon\r\n\r\n",
    "a header with NUL": _GET + b"A: x\0y\r\n\r\n",
    "a chunk without a length": _POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "two lengths": _POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a length and chunks": _POST
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": _POST + b"Content-Length: -2\r\n\r\n",
    "a tunnel": b"CONNECT localhost:80 HTTP/1.1\r\n" + _HOST + b"\r\n" + _GET + b"\r\n",
    "a tunnel to a path": b"CONNECT /healthz HTTP/1.1\r\n" + _HOST + b"\r\n" + _GET + b"\r\n",
    "a transfer coding that is not chunked": _POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
}
"""Name → what is sent."""


def answers(server: RunningServer, sent: bytes) -> bytes:
    """Send something and return all that comes until the server hangs up."""
    with socket.create_connection((HOST, server.port)) as connection:
        connection.settimeout(20)
        connection.sendall(sent)
        return connection.makefile("rb").read()


def parsed(answer: bytes) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and JSON of one answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(each.lower().split(": ", 1) for each in lines)
    assert headers["content-length"] == str(len(body))
    return int(line.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_http_gets_the_envelope_that_every_refusal_has(
    sqlite_server: RunningServer, sent: bytes
) -> None:
    status, headers, said = parsed(answers(sqlite_server, sent))
    assert (status, headers["content-type"]) == (400, "application/json")
    assert (headers["connection"], headers["cache-control"]) == ("close", "no-store")
    assert "date" in headers
    assert list(said) == ["message", "status", "error", "code", "request_id"]
    assert (said["message"], said["status"]) == ("Malformed request", "error")
    assert said["code"] == "request.malformed"
    assert said["error"].startswith("This is not proper HTTP: ")
    assert said["request_id"] == headers["x-request-id"]


def test_each_of_them_has_an_id_of_its_own(sqlite_server: RunningServer) -> None:
    ids = {parsed(answers(sqlite_server, GARBAGE))[1]["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_head_without_end_gets_the_envelope_too(sqlite_server: RunningServer) -> None:
    with socket.create_connection((HOST, sqlite_server.port)) as connection:
        connection.settimeout(20)
        connection.sendall(_GET + b"A: " + b"x" * 66_000)
        status, headers, said = parsed(connection.makefile("rb").read())
    assert (status, said["code"]) == (431, "request.head_too_large")
    assert said["request_id"] == headers["x-request-id"]
    assert said["error"] == "Request line and headers may have up to 65,536 bytes together"


def a_head(size: int) -> bytes:
    """Return a request whose head has exactly so many bytes."""
    begin = _GET + b"Connection: close\r\n" + (b"A: " + b"x" * 7000 + b"\r\n") * 9 + b"B: "
    return begin + b"x" * (size - len(begin) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize("piece", [65_000, 9_000])
def test_a_head_may_have_64_kib_and_no_byte_more_wherever_it_is_cut(
    sqlite_server: RunningServer, piece: int
) -> None:
    for size, expected in (65_536, 200), (65_537, 431), (66_000, 431):
        sent = a_head(size)
        assert len(sent) == size
        address = HOST, sqlite_server.port
        with socket.create_connection(address) as connection, connection.makefile("rb") as stream:
            connection.settimeout(20)
            # Another request comes with its beginning, and is answered before the rest comes.
            connection.sendall(_GET + b"\r\n" + sent[:piece])
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            while stream.readline().strip():
                pass
            assert stream.read(len(ALIVE)) == ALIVE
            for at in range(piece, size, piece):
                connection.sendall(sent[at : at + piece])
            assert stream.readline().startswith(b"HTTP/1.1 %d " % expected)


@pytest.mark.parametrize("size", [65_537, 66_000, 100_000])
def test_a_head_that_is_too_large_and_comes_at_once_is_refused(
    sqlite_server: RunningServer, size: int
) -> None:
    assert answers(sqlite_server, a_head(65_536)).startswith(b"HTTP/1.1 200 ")
    status, _, said = parsed(answers(sqlite_server, a_head(size)))
    assert (status, said["code"]) == (431, "request.head_too_large")


def test_they_are_counted_by_their_code(sqlite_server: RunningServer) -> None:
    def counted() -> float:
        text = sqlite_server.wire().exchange("GET", "/metrics", [], None).body.decode()
        name = 'cordboard_http_refusals_total{code="request.malformed"} '
        return sum(float(line.removeprefix(name)) for line in text.splitlines() if name in line)

    before = counted()
    answers(sqlite_server, GARBAGE)
    assert counted() == before + 1


def test_a_whole_request_is_answered_though_garbage_follows_it(
    sqlite_server: RunningServer,
) -> None:
    status, headers, said = parsed(answers(sqlite_server, _GET + b"\r\n" + GARBAGE))
    assert (status, said) == (200, {"status": "alive"})
    assert headers["connection"] == "close"


def test_each_of_many_whole_requests_is_answered_once_and_garbage_is_not(
    sqlite_server: RunningServer,
) -> None:
    answer = answers(sqlite_server, (_GET + b"\r\n") * 5 + GARBAGE * 2)
    assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b"HTTP/1.1 ") == 5


def test_a_broken_request_never_takes_the_answer_of_the_one_before(
    sqlite_server: RunningServer,
) -> None:
    broken = UNREADABLE["a chunk without a length"]
    answer = answers(sqlite_server, _GET + b"\r\n" + broken)
    assert not answer.startswith(b"HTTP/1.1 400")


def head_of(caller: Caller, method: str, path: str) -> bytes:
    """Return the head of a request by a caller, of which the framing of the body is left out."""
    pair = f"X-API-KEY: {caller.api_key}\r\nX-API-SECRET: {caller.api_secret}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{pair}".encode()


@pytest.mark.parametrize(
    "body",
    [b"Transfer-Encoding: chunked\r\n\r\nZZZZ\r\n", b"Transfer-Encoding: gzip\r\n\r\n"],
)
def test_what_is_refused_for_its_body_is_not_done(
    sqlite_server: RunningServer, body: bytes
) -> None:
    caller = sqlite_server.organization()
    number = a_number()
    assert caller.request("POST", CREATE, {"phone_number": number}).status == 200
    sent = head_of(caller, "DELETE", path_of(number)) + body
    status, _, said = parsed(answers(sqlite_server, sent))
    assert (status, said["code"]) == (400, "request.malformed")
    assert caller.request("POST", CREATE, {"phone_number": a_number()}).status == 200
    assert number in caller.listed()


def test_a_body_that_breaks_later_is_refused_where_it_is_read(
    sqlite_server: RunningServer,
) -> None:
    caller = sqlite_server.organization()
    head = head_of(caller, "POST", CREATE) + b"Expect: 100-continue\r\n"
    with socket.create_connection((HOST, sqlite_server.port)) as connection:
        connection.settimeout(20)
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"2\r\n{}\r\nZZZZ\r\n")
        status, headers, said = parsed(connection.makefile("rb").read())
    assert (status, said["code"]) == (400, "request.malformed")
    assert said["error"].startswith("This is not proper HTTP: ")
    assert said["request_id"] == headers["x-request-id"]
    assert headers["connection"] == "close"
    assert caller.listed() == []


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ({"Content-Type": "text/csv"}, ("accept", "application/json")),
        ({"Content-Encoding": "gzip"}, ("accept-encoding", "identity")),
    ],
)
def test_a_body_that_is_not_taken_is_told_what_would_be(
    caller: Caller, sent: dict[str, str], taken: tuple[str, str]
) -> None:
    answer = caller.request("POST", CREATE, {"phone_number": a_number()}, {**sent})
    assert answer.refusal[:2] == (415, "request.media_type")
    assert taken in answer.headers.items()


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_a_body_that_is_not_encoded_may_say_so(caller: Caller, coding: str) -> None:
    body = {"phone_number": a_number()}
    assert caller.request("POST", CREATE, body, {"Content-Encoding": coding}).status == 200


@pytest.mark.parametrize("coding", ["gzip, chunked", "identity, chunked", "Gzip,chunked"])
def test_a_body_that_is_encoded_beside_its_chunks_is_not_read_as_if_it_were_not(
    sqlite_server: RunningServer, coding: str
) -> None:
    caller = sqlite_server.organization()
    number = f'{{"phone_number": "{a_number()}"}}'.encode()
    head = head_of(caller, "POST", CREATE) + b"Connection: close\r\n"
    head += f"Transfer-Encoding: {coding}\r\n\r\n".encode()
    sent = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(number), number)
    status, _, said = parsed(answers(sqlite_server, sent))
    assert (status, said["code"]) == (400, "request.malformed")
    assert said["error"].endswith(f"not {coding.lower()}")
    assert caller.listed() == []
