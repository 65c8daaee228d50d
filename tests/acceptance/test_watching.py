"""What an operator sees of a running server: log lines of failures, metrics, housekeeping."""

import json
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from cordboard import __version__
from tests.support.caller import CREATE, Wire, path_of
from tests.support.process import HOST, Place, Serving

NUMBER = "+14155550100"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def behind_its_back(place: Place) -> Iterator[apsw.Connection]:
    """Another connection to the database file, as another process would have it."""
    place.run("migrate")
    connection = apsw.Connection(str(place.folder / "data" / "cordboard.db"))
    yield connection
    connection.close()


def metrics(server: Serving) -> list[str]:
    with Wire(HOST, server.port) as wire:
        return wire.exchange("GET", "/metrics", [], None).body.decode().splitlines()


def test_a_write_that_the_database_does_not_take_is_one_line_that_names_the_request(
    place: Place, behind_its_back: apsw.Connection
) -> None:
    with place.serve() as server:
        caller = server.caller(server.first_pair())
        behind_its_back.execute("BEGIN IMMEDIATE")
        answer = caller.request("POST", CREATE, {"phone_number": NUMBER})
        behind_its_back.execute("ROLLBACK")
        assert answer.refusal[:2] == (503, "database.unavailable")
        assert answer.headers["retry-after"]
        (line,) = server.logged("request_failed")
        assert line["level"] == "warning"
        assert line["request_id"] == answer.headers["x-request-id"]
        assert (line["method"], line["route"]) == ("POST", CREATE)
        assert line["code"] == "database.unavailable"
        assert "BusyError" in line["cause"]
        assert 'cordboard_http_refusals_total{code="database.unavailable"} 1.0' in metrics(server)
        caller.create(NUMBER)


def test_what_nobody_expected_is_one_line_with_a_traceback_and_no_number(
    place: Place, behind_its_back: apsw.Connection
) -> None:
    with place.serve() as server:
        caller = server.caller(server.first_pair())
        behind_its_back.execute("DROP TABLE phone_number")
        answer = caller.request("GET", path_of(NUMBER))
        assert answer.refusal[:2] == (500, "internal")
        assert "phone_number" not in answer.body.decode()
        (line,) = server.logged("request_crashed")
        assert line["request_id"] == answer.headers["x-request-id"]
        assert (line["route"], line["code"]) == (
            "/api/phone-numbers/{phone_number}",
            "internal",
        )
        assert "no such table" in json.dumps(line["exception"])
        assert NUMBER[1:] not in json.dumps(line)


def test_a_client_that_leaves_in_the_middle_is_no_failure(place: Place) -> None:
    with place.serve() as server:
        pair = server.first_pair()
        leaving = server.connect()
        head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        keys = f"X-API-KEY: {pair['api_key']}\r\nX-API-SECRET: {pair['api_secret']}\r\n\r\n"
        leaving.sendall(f"{head}{keys}{{".encode())
        assert server.caller(pair).listed() == []
        leaving.close()
        server.wait_until(
            lambda: any(f'route="{CREATE}",status="400"' in m for m in metrics(server))
        )
        assert server.stop() == 0
        assert [line["event"] for line in server.log] == ["server_started", "server_stopped"]


@pytest.mark.parametrize(("level", "count"), [("debug", 2), ("info", 0)])
def test_answers_are_logged_by_their_route_at_level_debug_only(
    place: Place, level: str, count: int
) -> None:
    with place.serve(CORDBOARD_LOG_LEVEL=level) as server:
        caller = server.caller(server.first_pair())
        caller.create(NUMBER)
        caller.show(NUMBER)
        assert server.stop() == 0
        answered = server.logged("request_answered")
    assert [(line["method"], line["route"], line["status"]) for line in answered] == [
        ("POST", CREATE, 200),
        ("GET", "/api/phone-numbers/{phone_number}", 200),
    ][:count]


def test_metrics_say_what_runs_and_what_it_keeps(place: Place) -> None:
    with place.serve() as server:
        server.caller(server.first_pair()).create(NUMBER)
        shown = metrics(server)
        labels = f'database="sqlite",role="all",version="{__version__}"'
        assert f"cordboard_build_info{{{labels}}} 1.0" in shown
        (wal,) = [line for line in shown if line.startswith("cordboard_database_wal_bytes ")]
        assert float(wal.split()[1]) > 0
        assert NUMBER[1:] not in "\n".join(shown)


def test_a_worker_throws_away_what_is_past(place: Place, behind_its_back: apsw.Connection) -> None:
    behind_its_back.execute(
        "INSERT INTO idempotency_key VALUES ('org_1', 'POST /x', 'old', '', '', NULL, 0)"
    )
    with place.serve("--role", "worker") as worker:
        worker.wait_until(
            lambda: behind_its_back.execute("SELECT * FROM idempotency_key").fetchone() is None
        )
        assert worker.stop() == 0
