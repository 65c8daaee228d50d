"""The codes of failures that are not the client's: what was done, and when to ask again."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import apsw
import pytest
import structlog
from litestar import get

from tests.support.builders import a_number
from tests.support.caller import CREATE
from tests.support.databases import postgres_clone
from tests.support.postgres_server import PostgresServer
from tests.support.server import RunningServer


def database_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database that a test may break."""
    with postgres_clone(postgres_server) as url:
        yield url


def test_while_postgresql_is_away_nothing_is_done_and_a_later_try_succeeds(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    name = database_of(postgres_url)
    with RunningServer(postgres_url) as server:
        caller = server.organization()
        postgres_server.run(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        body = {"phone_number": a_number()}
        answer = caller.request("POST", CREATE, body)
        assert (answer.status, answer.json["code"]) == (503, "database.unavailable")
        assert answer.json["message"] == "Temporarily unavailable"
        assert answer.json["error"].endswith("nothing was done")
        assert int(answer.headers["retry-after"]) >= 1
        postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert caller.request("POST", CREATE, body).status == 200


def test_while_another_process_holds_the_sqlite_file_nothing_is_done(
    sqlite_server: RunningServer,
) -> None:
    caller = sqlite_server.organization()
    body = {"phone_number": a_number()}
    other = apsw.Connection(sqlite_server.database_url.removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    answer = caller.request("POST", CREATE, body)
    other.execute("ROLLBACK")
    other.close()
    assert (answer.status, answer.json["code"]) == (503, "database.unavailable")
    assert answer.json["error"].endswith("nothing was done")
    assert answer.headers["retry-after"] == "1"
    assert caller.request("POST", CREATE, body).status == 200


def on_insert(postgres_server: PostgresServer, url: str, timing: str, deed: str) -> None:
    """Make PostgreSQL do something whenever a number is inserted."""
    postgres_server.run(
        f"CREATE FUNCTION deed() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {deed}; "
        "RETURN NULL; END$$",
        f"CREATE CONSTRAINT TRIGGER deed AFTER INSERT ON phone_number DEFERRABLE INITIALLY "
        f"{timing} FOR EACH ROW EXECUTE FUNCTION deed()",
        database=database_of(url),
    )


def test_a_commit_whose_answer_was_lost_is_told_apart_and_settled_by_the_same_key(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    on_insert(
        postgres_server,
        postgres_url,
        "DEFERRED",
        "PERFORM pg_terminate_backend(pg_backend_pid())",
    )
    with RunningServer(postgres_url) as server:
        caller = server.organization()
        body = {"phone_number": a_number()}
        key = {"Idempotency-Key": "once"}
        answer = caller.request("POST", CREATE, body, key)
        assert answer.refusal[:2] == (503, "write.indeterminate")
        assert answer.json["message"] == "Outcome unknown"
        assert "may have happened" in answer.json["error"]
        postgres_server.run("DROP TRIGGER deed ON phone_number", database=database_of(postgres_url))
        assert caller.request("POST", CREATE, body, key).status == 200
        assert caller.listed() == [body["phone_number"]]


def test_a_full_disk_is_told_apart_and_nothing_was_done(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    on_insert(
        postgres_server,
        postgres_url,
        "IMMEDIATE",
        "RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'",
    )
    with RunningServer(postgres_url) as server:
        caller = server.organization()
        answer = caller.request("POST", CREATE, {"phone_number": a_number()})
        assert answer.refusal[:2] == (507, "storage.full")
        assert answer.json["message"] == "Storage full"
        assert answer.json["error"].endswith("nothing was done")
        assert caller.listed() == []


@get("/api/broken", sync_to_thread=False)
def break_down() -> None:
    """Fail as nobody expected."""
    message = "password=hunter2 at +14155550100"
    raise RuntimeError(message)


def test_an_unexpected_failure_is_in_the_log_under_its_request_id_and_nothing_leaves(
    database_url: str,
) -> None:
    with RunningServer(database_url, extra_routes=[break_down]) as server:
        with structlog.testing.capture_logs() as logs:
            answer = server.organization().request("GET", "/api/broken")
        assert answer.refusal == (
            500,
            "internal",
            "The cause is in the server's log under this request_id",
        )
        assert answer.json["message"] == "Internal server error"
        assert "hunter2" not in json.dumps(answer.headers) + answer.body.decode()
        (entry,) = (log for log in logs if log.get("request_id") == answer.json["request_id"])
        assert (entry["event"], entry["log_level"]) == ("request_crashed", "error")
