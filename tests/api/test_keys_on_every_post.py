"""Every POST that changes something honours an ``Idempotency-Key``, or refuses it."""

import pytest

from cordboard.routing.events import Sight
from cordboard.simulated.livekit import Behaviour, Fault, FaultKind
from tests.api.test_calls import CALLS, a_bound_number
from tests.support.agent_caller import agent_path, create_agent
from tests.support.builders import a_name
from tests.support.caller import Caller
from tests.support.calls import a_seat, recorded
from tests.support.clock import START_MS
from tests.support.described import operations, resolved, untrue
from tests.support.server import RunningServer

KEY: dict[str, str | bytes | None] = {"Idempotency-Key": "once"}
READS = {"/api/agents", "/api/calls", "/api/phone-numbers/list", "/api/route/explain"}
"""What is a POST only because it has a body: it changes nothing."""

CHANGES = [each for each in operations() if each.method == "post" and each.path not in READS]


@pytest.mark.parametrize("path", [each.path for each in CHANGES])
def test_a_key_that_cannot_be_kept_is_refused_by_every_post_that_changes_something(
    sqlite_server: RunningServer, path: str
) -> None:
    caller = sqlite_server.organization()
    (described,) = (each for each in CHANGES if each.path == path)
    content = described.content.get("requestBody", {}).get("content", {})
    body = resolved(content.get("application/json", {})).get("example", {})
    target = path.replace("{organization_id}", caller.organization_id)
    answer = caller.request("POST", target, body, {"Idempotency-Key": "x" * 256})
    codes = {"validation.idempotency_key", "idempotency.unsupported"}
    assert answer.refusal[0] == 400
    assert answer.refusal[1] in codes
    assert untrue("POST", target, answer) is None


def test_a_call_is_asked_to_end_once_under_a_key(server: RunningServer, caller: Caller) -> None:
    seat = a_seat(a_bound_number(caller))
    end = f"{CALLS}/{recorded(server, seat).call_id}/end"
    first = caller.request("POST", end, headers=KEY)
    recorded(server, seat, seat.sight(Sight.LEFT, "sip", START_MS + 5, "ROOM_DELETED"))
    again = caller.request("POST", end, headers=KEY)
    assert (first.data, again.body) == (again.data, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert caller.request("POST", end, {}, KEY).refusal[:2] == (409, "idempotency.mismatch")
    assert caller.request("POST", end).data["call_status"] == "ENDED"


def test_an_end_that_is_refused_may_be_asked_for_again_under_its_key(caller: Caller) -> None:
    end = f"{CALLS}/call_none/end"
    for _ in range(2):
        assert caller.request("POST", end, headers=KEY).refusal[:2] == (404, "call.not_found")


def test_an_agent_is_probed_once_under_a_key(server: RunningServer, caller: Caller) -> None:
    name = a_name("desk")
    worker = server.lk.register_worker(name, "", Behaviour(joins_after_s=0.05))
    agent_id = create_agent(caller, livekit_agent_name=name)["agent_id"]
    path = agent_path(agent_id, "/probe")
    first, again = (caller.request("POST", path, {"version": 1}, KEY) for _ in range(2))
    assert first.data["is_served"] is True
    assert again.body == first.body
    assert again.headers["idempotency-replayed"] == "true"
    assert len(worker.jobs) == 1
    assert caller.request("POST", path, {}, KEY).refusal[:2] == (409, "idempotency.mismatch")
    assert caller.request("POST", path, {}).status == 200
    assert len(worker.jobs) == 2


def test_a_probe_that_failed_is_not_kept_under_its_key(own_server: RunningServer) -> None:
    caller = own_server.organization()
    path = agent_path(create_agent(caller)["agent_id"], "/probe")
    own_server.lk.faults.add(Fault("CreateDispatch", FaultKind.ERROR_BEFORE))
    assert caller.request("POST", path, headers=KEY).status == 502
    again = caller.request("POST", path, headers=KEY)
    assert (again.status, "idempotency-replayed" in again.headers) == (200, False)
