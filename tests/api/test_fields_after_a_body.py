"""Fields after a body in chunks: read past, never kept, and never without end."""

import socket

import pytest

from cordboard.edge.api.reading import LARGEST_HEAD, LARGEST_READ
from tests.api.test_unreadable_requests import answers, parsed
from tests.support.builders import a_number
from tests.support.caller import CREATE, Caller
from tests.support.server import HOST, RunningServer

MOST = LARGEST_READ + LARGEST_HEAD
FAR_TOO_MANY = 40 * MOST
ENDLESS = {"many fields": b"A: b\r\n" * 10_000, "one field": b"x" * 60_000}


def _head(caller: Caller | None) -> bytes:
    lines = [f"POST {CREATE} HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked"]
    return "\r\n".join([*lines, *_pair(caller), "", ""]).encode()


def _closing(caller: Caller | None) -> bytes:
    return _head(caller).replace(b"Host: ", b"Connection: close\r\nHost: ")


def _pair(caller: Caller | None) -> list[str]:
    if caller is None:
        return []
    return [f"X-API-KEY: {caller.api_key}", f"X-API-SECRET: {caller.api_secret}"]


def _body(phone_number: str) -> bytes:
    body = f'{{"phone_number": "{phone_number}"}}'.encode()
    return b"%x\r\n%b\r\n0\r\n" % (len(body), body)


def _endlessly(server: RunningServer, first: bytes, endless: bytes) -> tuple[int, bytes]:
    """Send until the server hangs up; return how many bytes it let us send, and what it said."""
    sent, answer = 0, b""
    with socket.create_connection((HOST, server.port)) as connection:
        connection.settimeout(20)
        try:
            connection.sendall(first + b"A: b")
            while sent < FAR_TOO_MANY:
                connection.sendall(endless)
                sent += len(endless)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            while data := connection.recv(65_536):
                answer += data
        except ConnectionResetError:
            pass
    return sent, answer


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_without_end_they_are_refused_as_a_head_would_be(
    sqlite_server: RunningServer, endless: bytes
) -> None:
    caller = sqlite_server.organization()
    first = _head(caller) + _body(a_number())
    sent, answer = _endlessly(sqlite_server, first, endless)
    assert sent < FAR_TOO_MANY
    status, headers, said = parsed(answer)
    assert (status, said["code"]) == (431, "request.head_too_large")
    assert headers["connection"] == "close"
    assert said["request_id"] == headers["x-request-id"]
    assert caller.listed() == []


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_without_end_they_are_cut_off_when_the_answer_was_given(
    sqlite_server: RunningServer, endless: bytes
) -> None:
    sent, answer = _endlessly(sqlite_server, _head(None) + _body(a_number()), endless)
    assert sent < FAR_TOO_MANY
    assert parsed(answer)[0] == 401


def test_a_few_of_them_are_read_past(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    few = b"A: " + b"x" * 30_000 + b"\r\nB: " + b"x" * 30_000 + b"\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = answers(sqlite_server, _head(caller) + _body(a_number()) + few + last)
    assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b"HTTP/1.1 ") == 2


def test_large_chunks_are_none_of_them(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    blanks = b" " * (2 * MOST)
    chunk = b"%x\r\n%b\r\n" % (len(blanks), blanks)
    answer = answers(sqlite_server, _closing(caller) + chunk + _body(a_number()) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_credentials_among_them_are_none(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    fields = "\r\n".join([*_pair(caller), "", ""]).encode()
    status, _, said = parsed(answers(sqlite_server, _closing(None) + _body(a_number()) + fields))
    assert (status, said["code"]) == (401, "auth.missing")
    assert caller.listed() == []
