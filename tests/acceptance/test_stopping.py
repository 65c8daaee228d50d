"""A server that is told to stop finishes what is in flight and exits with status 0."""

import contextlib
import signal
import socket
from pathlib import Path

import pytest

from tests.support.databases import postgres_clone
from tests.support.postgres_server import PostgresServer
from tests.support.process import Place, Serving
from tests.support.stalling_wire import StallingWire

BODY = b'{"phone_number": "+14155550100"}'


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    return Place(tmp_path, CORDBOARD_DATABASE_URL=database_url)


def create_request(pair: dict[str, str], body: bytes) -> bytes:
    """A request for a number, whole or as far as ``body`` goes."""
    lines = [
        "POST /api/phone-numbers/create HTTP/1.1",
        "Host: localhost",
        f"X-API-KEY: {pair['api_key']}",
        f"X-API-SECRET: {pair['api_secret']}",
        f"Content-Length: {len(BODY)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def is_refused(server: Serving, port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return True
    return server.process.poll() is not None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_finished(place: Place, how: signal.Signals) -> None:
    with place.serve() as server:
        pair = server.first_pair()
        connection, port = server.connect(), server.port
        connection.sendall(create_request(pair, BODY[:10]))
        # The server has read the head once it answers what came after it on another connection.
        assert server.caller(pair).listed() == []
        server.process.send_signal(how)
        server.wait_until(lambda: is_refused(server, port))
        connection.sendall(BODY[10:])
        answer = connection.makefile("rb").read()
        assert server.process.wait(20) == 0
        assert server.log[-1]["event"] == "server_stopped"
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    with place.serve() as server:
        assert server.caller(pair).listed() == ["+14155550100"]


def test_neither_idle_nor_silent_nor_endless_clients_keep_it_from_stopping(place: Place) -> None:
    with place.serve() as server:
        pair = server.first_pair()
        idle = server.caller(pair)
        assert idle.listed() == []
        silent, half_a_head, half_a_body = (server.connect() for _ in range(3))
        half_a_head.sendall(b"GET /api/phone-numbers HTTP/1.1\r\nHost:")
        half_a_body.sendall(create_request(pair, BODY[:10]))
        assert idle.listed() == []
        assert server.stop() == 0
        for connection in (silent, half_a_head, half_a_body):
            assert_hung_up(connection)
        assert [line["level"] for line in server.log] == ["info", "info"]


def test_a_database_that_hangs_does_not_keep_it_from_stopping(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    with (
        postgres_clone(postgres_server) as url,
        StallingWire(url) as wire,
        Place(tmp_path, CORDBOARD_DATABASE_URL=wire.url).serve() as server,
    ):
        pair = server.first_pair()
        assert server.caller(pair).listed() == []
        wire.stall()
        waiting = server.connect()
        waiting.sendall(create_request(pair, BODY))
        assert server.stop() == 0
        assert_hung_up(waiting)
        (cut_short,) = server.logged("stop_cut_short")
        assert cut_short["level"] == "warning"


def assert_hung_up(connection: socket.socket) -> None:
    """Nothing came, and nothing will."""
    with contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""


def test_a_worker_takes_no_connection_and_stops_when_told(place: Place) -> None:
    place.run("migrate")
    with place.serve("--role", "worker") as worker:
        (started,) = worker.logged("server_started")
        assert (started["role"], started["url"]) == ("worker", None)
        assert "sk_" not in worker.out
        assert worker.stop() == 0


def test_a_signal_while_it_starts_stops_it_too(place: Place) -> None:
    with place.serve() as server:
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
