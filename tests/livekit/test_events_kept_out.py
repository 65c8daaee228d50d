"""What LiveKit's events may not do: come from others, come again, or leave secrets behind."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import jwt
import pytest

from cordboard.simulated.livekit.rooms import Room
from tests.livekit.test_calls_events import catch_all_rule, hash_of, joined, posted
from tests.support.answered import Answered, answered, eventually
from tests.support.builders import a_number
from tests.support.exchange import FROM, Exchange, exchange
from tests.support.process import Serving
from tests.support.raw_sql import is_sqlite, run_sql

REFUSED = (401, "livekit.event_unverified")
TABLES = ("livekit_event", "livekit_room", "phone_call")


def rows(database_url: str) -> list[int]:
    return [run_sql(database_url, f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES]


async def answer_to_head(world: Answered, token: str, length: int) -> bytes:
    """Send the head of a request whose body never comes; return the first line of the answer."""
    host, _, path = world.events_url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    head = [
        f"POST /{path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: {token}",
        "Content-Type: application/webhook+json",
        f"Content-Length: {length}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode())
    try:
        async with asyncio.timeout(10):
            return await reader.readuntil(b"\r\n")
    finally:
        writer.close()


def token(world: Answered, **claims: object) -> str:
    content = {"iss": world.lk.api_key, "exp": int(time.time()) + 300, "sha256": hash_of(b"")}
    return jwt.encode({**content, **claims}, world.lk.api_secret, "HS256")


@pytest.mark.parametrize(
    "claims",
    [{"iss": "another_key"}, {"iss": ""}, {"exp": 1}, {"nbf": 2**40}, {"exp": 2**40}],
    ids=["unknown key", "no key", "expired", "not yet", "without end"],
)
async def test_a_token_that_is_not_taken_is_refused_before_the_body_is_read(
    database_url: str, claims: dict[str, object]
) -> None:
    async with answered(database_url, polls=False) as world:
        answer = await answer_to_head(world, token(world, **claims), 200_000)
        assert answer.startswith(b"HTTP/1.1 401 ")


async def test_what_is_nested_without_end_is_refused_like_any_other_nonsense(
    database_url: str,
) -> None:
    nested = b'{"event": "room_started", "id": "EV_1", "x":' + b"[" * 2000
    claims = base64.urlsafe_b64encode(nested).rstrip(b"=").decode()
    async with answered(database_url, polls=False) as world:
        answer = await answer_to_head(world, f"e30.{claims}.AA", 0)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert await posted(world, nested) == (400, "validation.json")


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        answer = await answer_to_head(world, token(world), 256 * 1024 + 1)
        assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_of_256_kib_is_taken_and_one_byte_more_is_not(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        number = await world.register(None)
        raw = joined(number.phone_number, catch_all_rule(world))
        largest = raw + b" " * (256 * 1024 - len(raw))
        assert (await posted(world, largest + b" "))[0] == 413
        assert await world.records() == []
        assert (await posted(world, largest))[0] == 200
        assert len(await world.records()) == 1


async def test_an_event_that_comes_again_after_days_is_refused_and_changes_nothing(
    database_url: str,
) -> None:
    async with answered(database_url, polls=False) as world:
        number = await world.register(None)
        raw = joined(number.phone_number, catch_all_rule(world))
        assert (await posted(world, raw))[0] == 200
        # Nobody answers the number, so the call is ended; until then its record changes by itself.
        await world.record(lambda call: call.ended_ms is not None)
        before, count = await world.records(), rows(database_url)
        sent_s = int(time.time()) - 3 * 24 * 3600
        assert await posted(world, raw, nbf=sent_s, iat=sent_s, exp=sent_s + 300) == REFUSED
        assert (await world.records(), rows(database_url)) == (before, count)


async def test_what_others_do_at_the_same_livekit_is_not_kept(database_url: str) -> None:
    async with answered(database_url) as world:
        before = rows(database_url)
        client = world.livekit
        await client.create_room("standup", 300)
        for name in ("RM_standup", "PA_egress"):
            body = {
                "event": "participant_joined",
                "id": f"EV_{name}",
                "room": {"sid": name, "name": "standup"},
                "participant": {"sid": "PA_1", "kind": "STANDARD"},
            }
            assert (await posted(world, json.dumps(body).encode()))[0] == 200
        foreign = joined("+14155550100", "SDR_foreign")
        left = joined("+14155550100", "SDR_foreign", event="participant_left")
        assert [(await posted(world, raw))[0] for raw in (foreign, left)] == [200, 200]
        assert rows(database_url) == before
        assert world.sent("DeleteRoom") == world.sent("CreateDispatch") == 0


async def test_nothing_is_kept_of_those_who_meet_in_a_room_that_is_named_as_a_call_s(
    database_url: str,
) -> None:
    async with answered(database_url) as world:
        before = rows(database_url)
        await world.livekit.create_room("call_standup", 300)
        kinds: list[dict[str, object]] = [{}, {"kind": "STANDARD"}, {"kind": "EGRESS"}, {"kind": 7}]
        for number, kind in enumerate(kinds):
            for event in ("participant_joined", "participant_left"):
                body = {
                    "event": event,
                    "id": f"EV_{event}_{number}",
                    "room": {"sid": "RM_standup", "name": "call_standup"},
                    "participant": {"sid": f"PA_{number}", **kind},
                }
                assert (await posted(world, json.dumps(body).encode()))[0] == 200
        await looked_into(world)
        assert rows(database_url) == before


async def looked_into(world: Answered) -> None:
    """Wait until the poller has looked into a room that no event told of."""

    async def is_so() -> bool | None:
        return world.sent("ListParticipants") > 1 or None

    await eventually(is_so)


UP = "SELECT COUNT(*) FROM phone_call WHERE state <> 'ended'"


@pytest.fixture
def line() -> Iterator[Exchange]:
    with exchange() as one:
        yield one


def everything_kept(database_url: str) -> str:
    """Return all that a database holds, as text."""
    if is_sqlite(database_url):
        path = Path(database_url.removeprefix("sqlite:///"))
        files = path.parent.glob(f"{path.name}*")
        return "".join(file.read_bytes().decode("latin-1") for file in files)
    tables = run_sql(
        database_url, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    return "".join(
        str(run_sql(database_url, f'SELECT CAST(t AS TEXT) FROM "{name}" AS t'))
        for (name,) in tables
    )


def calls_on_a_bad_day(line: Exchange, server: Serving, number: str) -> list[Room]:
    """Let calls be answered, refused and lost; return the rooms that there were."""
    calls = line.calls(number, 6)
    line.until_answered(calls)
    refused = line.calls(a_number(), 3)
    rooms = list(line.lk.rooms.by_name.values())
    line.until_settled(refused)
    line.lk.faults.is_down = True
    line.calls(number, 2)
    server.wait_until(lambda: len(server.logged("work_failed")) > 1)
    line.lk.faults.is_down = False
    line.hang_up(calls)
    return rooms


@pytest.mark.long(reason="starts a server", seconds=90)
def test_no_turn_password_is_kept_and_no_log_line_names_a_room_or_a_caller(
    line: Exchange, tmp_path: Path, database_url: str
) -> None:
    line.register_worker("desk")
    place = line.place(tmp_path, database_url)
    with place.serve(CORDBOARD_LOG_LEVEL="debug") as server:
        line.send_events_to(server)
        number = a_number()
        server.caller(server.first_pair()).create(number, inbound_agent_id="desk")
        server.wait_until(lambda: line.has_catch_all)
        rooms = calls_on_a_bad_day(line, server, number)
        server.wait_until(lambda: run_sql(database_url, UP) == [(0,)])
        kept = everything_kept(database_url)
        assert server.stop() == 0
        kept += everything_kept(database_url)
        log = "".join(path.read_text() for path in tmp_path.glob("serve-*.err"))
    assert number in kept, "the search finds what is there"
    assert "poll_calls" in log
    assert len(rooms) >= 6
    for secret in (
        line.lk.api_secret,
        "turnPassword",
        *(room.info.turn_password for room in rooms),
    ):
        assert secret not in kept
        assert secret not in log
    for private in (FROM, number, *(room.name for room in rooms), "call_+"):
        assert private not in log


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_the_route_of_events_takes_nothing_but_post(database_url: str, method: str) -> None:
    async with (
        answered(database_url, polls=False) as world,
        aiohttp.ClientSession() as session,
        session.request(method, world.events_url) as answer,
    ):
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert answer.headers["X-Request-Id"].startswith("req_")
