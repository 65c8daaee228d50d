"""A server with a LiveKit: numbers are provisioned, the doctor and the API say what stands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cordboard.simulated.livekit import (
    Behaviour,
    Fault,
    FaultKind,
    SimulatedLiveKit,
)
from tests.support.agent_caller import agent_path, create_agent
from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.exchange import exchange
from tests.support.process import Place, Serving

DRIFT = "/api/livekit/drift"
CIDRS = "192.0.2.0/24"


@pytest.fixture
def lk() -> Iterator[SimulatedLiveKit]:
    """A simulated LiveKit in a thread of its own."""
    with exchange() as running:
        yield running.lk


@pytest.fixture
def place(tmp_path: Path, blank_database_url: str, lk: SimulatedLiveKit) -> Place:
    return Place(
        tmp_path,
        CORDBOARD_DATABASE_URL=blank_database_url,
        CORDBOARD_LIVEKIT_URL=lk.url,
        CORDBOARD_LIVEKIT_API_KEY=lk.api_key,
        CORDBOARD_LIVEKIT_API_SECRET=lk.api_secret,
        CORDBOARD_SIP_SOURCE_CIDRS=CIDRS,
    )


def details(caller: Caller, number: str) -> Any:  # noqa: ANN401 - the test says what it expects
    return caller.show(number)


def registered(server: Serving, caller: Caller) -> str:
    """Register a number and wait until it stands at LiveKit."""
    number = a_number()
    caller.create(number, inbound_agent_id="desk")
    server.wait_until(lambda: details(caller, number)["livekit_status"] == "ready")
    return number


def doctor(place: Place, **environment: str) -> dict[str, list[tuple[str, str]]]:
    ran = place.run("doctor", "--json", **environment)
    found: dict[str, list[tuple[str, str]]] = {}
    for row in json.loads(ran.out)["findings"]:
        found.setdefault(row["check"], []).append((row["level"], row["text"]))
    return found


def events_taken(caller: Caller) -> int:
    """Return how many of LiveKit's events the server has acknowledged."""
    text = caller.request("GET", "/metrics").body.decode()
    found = re.search(r'http_requests_total{[^}]*route="/livekit/events",status="200"} (.*)', text)
    return 0 if found is None else int(float(found[1]))


def test_a_number_is_provisioned_and_a_deletion_says_what_is_left(
    place: Place, lk: SimulatedLiveKit
) -> None:
    with place.serve() as server:
        caller = server.caller(server.first_pair())
        first, second = registered(server, caller), registered(server, caller)
        assert details(caller, first)["inbound_trunk_id"] in lk.sip.inbound
        gone = caller.delete(first).data["cleanup_results"]
        assert gone == {"dispatch_rule": True, "inbound_trunk": True, "outbound_trunk": True}
        lk.faults.is_down = True
        left = caller.delete(second).data["cleanup_results"]
        assert left == {"dispatch_rule": False, "inbound_trunk": False, "outbound_trunk": True}


def test_the_catch_all_stands_before_the_server_answers(place: Place, lk: SimulatedLiveKit) -> None:
    lk.faults.add(Fault("CreateSIPInboundTrunk", FaultKind.SLOW, delay_s=0.5))
    with place.serve():
        assert (len(lk.sip.inbound), len(lk.sip.rules)) == (1, 1)


def test_the_doctor_and_the_api_say_how_livekit_differs(place: Place, lk: SimulatedLiveKit) -> None:
    with place.serve() as server:
        caller = server.caller(server.first_pair())
        number, organization = registered(server, caller), server.first_pair()["organization_id"]
        assert caller.request("GET", DRIFT).data == {
            "is_catch_all_standing": True,
            "differences": [],
        }
        found = doctor(place)
        levels = {check: rows[0][0] for check, rows in found.items()}
        assert {levels[check] for check in ("livekit", "catch-all", "drift")} == {"ok"}
        assert server.stop() == 0
    lk.sip.flush()
    with place.serve("--role", "api") as server:
        made = place.run("key", "create", "--organization", organization, "--json")
        caller = server.caller({**json.loads(made.out), "organization_id": organization})
        data = caller.request("GET", DRIFT).data
    assert data["is_catch_all_standing"] is False
    assert {each["kind"] for each in data["differences"]} == {"missing"}
    assert number not in str(data)
    found = doctor(place)
    assert found["catch-all"][0][0] == "broken"
    assert "the trunk and the rule of catch-all are missing" in found["catch-all"][0][1]
    assert "missing" in found["drift"][0][1]


def test_a_probe_room_is_no_call_and_a_probe_goes_through_a_running_server(
    place: Place, lk: SimulatedLiveKit
) -> None:
    with place.serve() as server:
        lk.webhooks.urls.append(f"http://127.0.0.1:{server.port}/livekit/events")
        caller = server.caller(server.first_pair())
        agent_id = create_agent(caller)["agent_id"]
        worker = lk.register_worker(agent_id)
        data = caller.request("POST", agent_path(agent_id, "/probe")).data
        assert (data["is_served"], data["worker_id"]) == (True, worker.id)
        assert worker.jobs[0].room not in lk.rooms.by_name
        # Between two looks: only LiveKit's event tells of it.
        worker.behaviour = Behaviour(joins_after_s=0.02, leaves_after_s=0.001)
        assert caller.request("POST", agent_path(agent_id, "/probe")).data["is_served"] is True
        server.wait_until(lambda: events_taken(caller) == len(lk.webhooks.sent))
        assert {"participant_joined", "room_finished"} <= set(lk.webhooks.sent)
        assert caller.request("GET", "/api/calls").data["calls"] == []
        assert caller.request("GET", "/api/calls/unmatched").data["calls"] == []


def test_the_setting_holds_how_many_calls_may_wait_for_their_time(place: Place) -> None:
    with place.serve(CORDBOARD_MAX_SCHEDULED_CALLS="1") as server:
        caller = server.caller(server.first_pair())
        caller.create("+14155550100", outbound_agent_id="desk", outbound_trunk_id="ST_1")
        body = {"from_number": "+14155550100", "to_number": "+12125550123"}
        later = {**body, "scheduled_timestamp": 2_000_000_000}
        first, second = (
            caller.request("POST", "/api/calls/create-phone-call", later) for _ in range(2)
        )
        assert first.data["status"] == "call_scheduled"
        assert second.refusal[:2] == (429, "call.limit")
        assert second.refusal[2].startswith("max_scheduled_calls: 1 of 1 places are taken")


def test_a_livekit_that_is_away_is_a_502_and_broken(place: Place, lk: SimulatedLiveKit) -> None:
    with place.serve() as server:
        caller = server.caller(server.first_pair())
        lk.faults.is_down = True
        assert caller.request("GET", DRIFT).refusal[:2] == (502, "livekit.unanswered")
    assert doctor(place)["livekit"][0][0] == "broken"


def test_a_key_that_livekit_does_not_take_is_broken(place: Place) -> None:
    place.run("organization", "create", "Acme")
    level, text = doctor(place, CORDBOARD_LIVEKIT_API_SECRET="another" * 6)["livekit"][0]
    assert level == "broken"
    assert "takes none of the keys" in text


def test_without_a_livekit_there_is_nothing_to_compare(
    tmp_path: Path, blank_database_url: str
) -> None:
    plain = Place(tmp_path, CORDBOARD_DATABASE_URL=blank_database_url)
    with plain.serve() as server:
        caller = server.caller(server.first_pair())
        assert caller.request("GET", DRIFT).refusal[:2] == (404, "livekit.not_configured")
        probe = agent_path(create_agent(caller)["agent_id"], "/probe")
        assert caller.request("POST", probe).refusal[:2] == (404, "livekit.not_configured")
    assert "livekit" not in doctor(plain)
