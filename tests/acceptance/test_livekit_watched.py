"""What an operator is told about a LiveKit: gaps, missing workers, dropped calls, addresses."""

import asyncio
import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from aiohttp import web

from cordboard.calls.watch import TOLERANCE_MS, watch_name
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit
from tests.support.agent_caller import agent_path, create_agent
from tests.support.builders import a_number
from tests.support.caller import Wire
from tests.support.process import HOST, Place, Serving
from tests.support.raw_sql import run_sql
from tests.support.served import served

HOUR_MS = 3_600_000
DROPPED = 'livekit_sip_calls_terminated{dir="in",node_id="NS_1",reason="flood",to="a"} 4\n'

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 319)"
MANY_PAIRS = f"""{NUMBERS}
    INSERT INTO phone_number_livekit (registration_id, organization_id, cluster_id,
      inbound_trunk_id, status, updated_ms)
    SELECT 'num_' || i, 'org_1', 'default', 'ST_' || i, 'ready', 1 FROM n"""
MANY_CALLS = f"""{NUMBERS}
    INSERT INTO phone_call (call_id, organization_id, cluster_id, room_sid, state, agent_id,
      is_unmatched, started_ms, duration_ms, created_ms, updated_ms, record)
    SELECT 'call_' || i, 'org_1', 'default', 'RM_' || i, 'ended', '', 0,
      CAST($1 AS BIGINT) + i, 0, 1, 1, '{{}}' FROM n"""


class World:
    """A simulated LiveKit, and the metrics of its livekit-sip."""

    def __init__(self, lk: SimulatedLiveKit, metrics_url: str) -> None:
        self.lk = lk
        self.metrics_url = metrics_url


@pytest.fixture
def world() -> Iterator[World]:
    started, stop = threading.Event(), threading.Event()
    found: list[World] = []

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=DROPPED)

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/metrics", metrics)
        async with served(app) as url, simulated_livekit() as lk:
            found.append(World(lk, f"{url}/metrics"))
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    started.wait()
    yield found[0]
    stop.set()
    thread.join()


@pytest.fixture
def place(tmp_path: Path, blank_database_url: str, world: World) -> Place:
    return Place(
        tmp_path,
        CORDBOARD_DATABASE_URL=blank_database_url,
        CORDBOARD_LIVEKIT_URL=world.lk.url,
        CORDBOARD_LIVEKIT_API_KEY=world.lk.api_key,
        CORDBOARD_LIVEKIT_API_SECRET=world.lk.api_secret,
        CORDBOARD_SIP_SOURCE_CIDRS="192.0.2.0/24",
    )


def doctor(place: Place, **environment: str) -> dict[str, list[tuple[str, str]]]:
    ran = place.run("doctor", "--json", **environment)
    found: dict[str, list[tuple[str, str]]] = {}
    for row in json.loads(ran.out)["findings"]:
        found.setdefault(row["check"], []).append((row["level"], row["text"]))
    return found


def pretend_last_beat(url: str, ms_ago: int) -> int:
    """Put the last sign of a server into the past, as if it had ended then."""
    at_ms = time.time_ns() // 1_000_000 - ms_ago
    sql = "UPDATE heartbeat SET at_ms = $1 WHERE name = $2"
    run_sql(url, sql, at_ms, watch_name("default"))
    return at_ms


def event_status(server: Serving, key: str, secret: str) -> int:
    """Post an event that says nothing about any call, signed by a pair; return the answer."""
    raw = json.dumps({"event": "room_started", "id": f"EV_{key}"}).encode()
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    claims = {"iss": key, "exp": int(time.time()) + 300, "sha256": digest}
    wire = Wire(HOST, server.port)
    try:
        token = ("Authorization", jwt.encode(claims, secret, "HS256"))
        return wire.exchange("POST", "/livekit/events", [token], raw).status
    finally:
        wire.close()


def test_events_are_taken_from_every_key_in_use_or_from_their_own_pair_alone(
    place: Place, world: World
) -> None:
    key, secret, older = (
        world.lk.api_key,
        world.lk.api_secret,
        "an-older-secret-of-enough-characters",
    )
    own_secret = "a-secret-for-events-and-nothing-else"
    rotated = {
        "CORDBOARD_LIVEKIT_API_KEY": f"older,{key}",
        "CORDBOARD_LIVEKIT_API_SECRET": f"{older},{secret}",
    }
    with place.serve(**rotated) as server:
        assert event_status(server, key, secret) == 200
        assert event_status(server, "older", older) == 200
        assert event_status(server, "older", secret) == 401
        assert event_status(server, "events", own_secret) == 401
    own = {
        "CORDBOARD_LIVEKIT_WEBHOOK_KEY": "events",
        "CORDBOARD_LIVEKIT_WEBHOOK_SECRET": own_secret,
    }
    with place.serve(**rotated, **own) as server:
        assert event_status(server, "events", own_secret) == 200
        assert event_status(server, key, secret) == 401


def test_the_time_in_which_no_server_ran_is_told_afterwards(
    place: Place, blank_database_url: str
) -> None:
    sql = "SELECT COUNT(*) FROM heartbeat"
    with place.serve() as server:
        server.wait_until(lambda: run_sql(blank_database_url, sql) == [(1,)])
        assert doctor(place)["call records"] == [("ok", "no gap in the last 7 days")]
        assert server.stop() == 0
    pretend_last_beat(blank_database_url, HOUR_MS)
    ((level, text),) = doctor(place)["call records"]
    assert level == "warning"
    assert "no server has run since" in text
    with place.serve() as server:
        server.wait_until(lambda: bool(server.logged("calls_not_recorded")))
        (told,) = server.logged("calls_not_recorded")
    assert 0 <= told["seconds"] - HOUR_MS // 1000 <= 300
    ((level, text),) = doctor(place)["call records"]
    assert level == "warning"
    assert f"no server ran from {told['began_at']} to {told['ended_at']}" in text
    assert "calls that began and ended then are not in the record" in text


def test_a_short_restart_is_no_gap(place: Place, blank_database_url: str) -> None:
    sql = "SELECT COUNT(*) FROM heartbeat"
    with place.serve() as server:
        server.wait_until(lambda: run_sql(blank_database_url, sql) == [(1,)])
        assert server.stop() == 0
    before = pretend_last_beat(blank_database_url, TOLERANCE_MS // 2)
    moved = "SELECT COUNT(*) FROM heartbeat WHERE at_ms > $1"
    with place.serve() as server:
        server.wait_until(lambda: run_sql(blank_database_url, moved, before) == [(1,)])
        assert server.logged("calls_not_recorded") == []


def test_a_number_whose_agent_nobody_serves_is_a_warning_until_somebody_does(
    place: Place, world: World
) -> None:
    with place.serve(CORDBOARD_AGENT_JOIN_TIMEOUT="1") as server:
        caller = server.caller(server.first_pair())
        agent_id = create_agent(caller)["agent_id"]
        caller.create(a_number(), inbound_agent_id="unknown", fallback_agent_id=agent_id)
        assert doctor(place)["workers"] == [("ok", "none is known to be missing")]
        probe = agent_path(agent_id, "/probe")
        assert caller.request("POST", probe).data["is_served"] is False
        ((level, text),) = doctor(place)["workers"]
        assert level == "warning"
        assert f"{agent_id} version 1 seems to be served by nobody" in text
        world.lk.register_worker(agent_id)
        assert caller.request("POST", probe).data["is_served"] is True
        assert doctor(place)["workers"][0][0] == "ok"


def test_the_addresses_of_the_settings_are_shown_where_they_are_needed(
    place: Place, world: World
) -> None:
    endpoints = "b.example;priority=20,a.example;transport=tcp"
    uris = "sip:a.example:5060;transport=tcp, then sip:b.example:5060;transport=udp"
    with place.serve(
        CORDBOARD_LIVEKIT_SIP_ENDPOINTS=endpoints,
        CORDBOARD_PUBLIC_URL="https://cordboard.example.com/",
    ) as server:
        assert f"Carriers send calls to {uris}" in server.out
        caller = server.caller(server.first_pair())
        described = caller.request("GET", "/openapi.json").json
    assert described["servers"] == [{"url": "https://cordboard.example.com"}]
    found = doctor(
        place,
        CORDBOARD_LIVEKIT_SIP_ENDPOINTS=endpoints,
        CORDBOARD_PUBLIC_URL="https://cordboard.example.com",
        CORDBOARD_LIVEKIT_WEBHOOK_KEY="events",
        CORDBOARD_LIVEKIT_WEBHOOK_SECRET="of its own",
    )
    assert found["sip endpoints"] == [("ok", f"carriers send calls to {uris}")]
    ((_, text),) = found["livekit events"]
    assert "https://cordboard.example.com/livekit/events" in text
    assert text.endswith("one of events")


def test_calls_that_were_dropped_unseen_are_a_warning(place: Place, world: World) -> None:
    place.run("organization", "create", "Acme")
    unreadable = "http://127.0.0.1:1/metrics"
    found = doctor(place, CORDBOARD_LIVEKIT_SIP_METRICS_URLS=f"{world.metrics_url},{unreadable}")
    (dropped, unread) = found["sip metrics"]
    assert dropped[0] == unread[0] == "warning"
    assert "4 calls matched no rule" in dropped[1]
    assert "CORDBOARD_SIP_SOURCE_CIDRS" in dropped[1]
    assert "gives no metrics" in unread[1]


def test_more_pairs_and_calls_than_livekit_manages_are_a_warning(
    place: Place, blank_database_url: str
) -> None:
    place.run("organization", "create", "Acme")
    ((level, text),) = doctor(place)["load"]
    assert (level, text.split(";")[0]) == ("ok", "trunks at LiveKit: 0")
    now_ms = time.time_ns() // 1_000_000
    run_sql(blank_database_url, MANY_PAIRS)
    run_sql(blank_database_url, MANY_CALLS, now_ms // 1000 * 1000 - HOUR_MS)
    ((level, text),) = doctor(place)["load"]
    assert level == "warning"
    assert "trunks at LiveKit: 320; calls in the busiest second of the last 7 days: 320" in text
    assert "CORDBOARD_LIVEKIT_TOPOLOGY=shared" in text
    assert "load" not in doctor(place, CORDBOARD_LIVEKIT_TOPOLOGY="shared")


def test_a_ringing_timeout_that_leaves_no_time_for_a_fallback_is_a_warning(place: Place) -> None:
    place.run("organization", "create", "Acme")
    assert "timeouts" not in doctor(place)
    ((level, text),) = doctor(place, CORDBOARD_RINGING_TIMEOUT="10")["timeouts"]
    assert level == "warning"
    assert "CORDBOARD_RINGING_TIMEOUT (10 s) is not longer than" in text
