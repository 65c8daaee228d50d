"""A binding to a version that nobody serves is warned of where a call is explained."""

from typing import Any

from cordboard.calls.model import Call, EndReason
from cordboard.calls.operations import give_up
from cordboard.calls.store import find_seen
from cordboard.routing.events import Sight
from tests.support.agent_caller import agent_path, change_agent, create_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import Caller
from tests.support.calls import Seat, a_seat, recorded
from tests.support.clock import START_MS, SettableClock
from tests.support.described import untrue
from tests.support.server import RunningServer

EXPLAIN = "/api/route/explain"


def warnings(caller: Caller, number: str) -> list[Any]:
    answer = caller.request("POST", EXPLAIN, {"to": number})
    assert untrue("POST", EXPLAIN, answer) is None
    found: list[Any] = answer.data["warnings"]
    return found


def probed(caller: Caller, agent_id: str) -> bool:
    is_served: bool = caller.request("POST", agent_path(agent_id, "/probe")).data["is_served"]
    return is_served


def bound(caller: Caller, **fields: object) -> tuple[str, str]:
    """Create an agent with a number that it answers."""
    number, agent_id = a_number(), create_agent(caller, **fields)["agent_id"]
    caller.create(number, inbound_agent_id=agent_id)
    return number, agent_id


def answered(server: RunningServer, number: str, at_ms: int) -> Call:
    """Record a call that an agent answers at an instant."""
    seat = a_seat(number, joined_ms=at_ms - 1000)
    return recorded(server, seat, seat.sight(Sight.AUDIO, "agent", at_ms))


def without_agent(server: RunningServer, number: str, at_ms: int) -> None:
    """Record a call that no agent joined, ended at an instant."""
    seat: Seat = a_seat(number, joined_ms=at_ms - 6000)
    call = recorded(server, seat)
    seen = server.read(find_seen, call.cluster_id, call.room_sid)
    server.write(give_up, call, seen, EndReason.NO_AGENT)
    recorded(server, seat, seat.sight(Sight.LEFT, "sip", at_ms, "ROOM_DELETED"))


def test_an_agent_of_which_nothing_is_known_is_not_warned_of(caller: Caller) -> None:
    number, _ = bound(caller)
    assert warnings(caller, number) == []
    caller.patch(number, inbound_agent_id=None)
    assert warnings(caller, number) == []


def test_a_version_that_the_latest_probe_found_unserved_is_warned_of(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller, name = own_server.organization(), a_name("desk")
    number, agent_id = bound(caller, livekit_agent_name=name, livekit_deployment="blue")
    assert probed(caller, agent_id) is False
    assert warnings(caller, number) == [
        {
            "agent_id": agent_id,
            "agent_version": 1,
            "detail": f"{agent_id} version 1 seems to be served by nobody: no worker joined in the "
            f"probe of 2024-01-15T10:30:00Z. Start a worker registered as '{name}', deployment "
            "'blue', then probe it",
        }
    ]
    own_server.lk.register_worker(name, "blue")
    clock.advance(seconds=1)
    assert probed(caller, agent_id) is True
    assert warnings(caller, number) == []


def test_a_probe_of_another_version_or_worker_says_nothing(caller: Caller) -> None:
    number, agent_id = bound(caller)
    assert probed(caller, agent_id) is False
    assert len(warnings(caller, number)) == 1
    # A draft's worker can change; what was probed is not what would be sent for.
    change_agent(caller, agent_id, livekit_deployment="blue")
    assert warnings(caller, number) == []


def test_a_call_that_no_worker_took_is_warned_of_until_one_is_answered(
    own_server: RunningServer,
) -> None:
    caller, number, worker = own_server.organization(), a_number(), a_name("worker")
    caller.create(number, inbound_agent_id=worker)
    answered(own_server, number, START_MS + 10_000)
    assert warnings(caller, number) == []
    without_agent(own_server, number, START_MS + 20_000)
    (warning,) = warnings(caller, number)
    assert warning["agent_id"] == worker
    assert "no worker took the call of 2024-01-15T10:30:14Z" in warning["detail"]
    answered(own_server, number, START_MS + 30_000)
    assert warnings(caller, number) == []


def test_of_a_probe_and_a_call_the_newer_counts(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    number, agent_id = bound(caller)
    assert probed(caller, agent_id) is False
    answered(own_server, number, START_MS + 10_000)
    assert warnings(caller, number) == []
    clock.advance(seconds=20)
    assert probed(caller, agent_id) is False
    assert "in the probe of 2024-01-15T10:30:20Z" in warnings(caller, number)[0]["detail"]
    without_agent(own_server, number, START_MS + 30_000)
    assert "took the call of" in warnings(caller, number)[0]["detail"]
    own_server.lk.register_worker(agent_id)
    clock.advance(seconds=20)
    assert probed(caller, agent_id) is True
    assert warnings(caller, number) == []


def test_another_organization_s_calls_say_nothing(server: RunningServer, caller: Caller) -> None:
    # Two organizations may use one name that only LiveKit knows.
    worker, others, own = a_name("worker"), a_number(), a_number()
    server.organization().create(others, inbound_agent_id=worker)
    caller.create(own, inbound_agent_id=worker)
    without_agent(server, others, START_MS + 10_000)
    assert warnings(caller, own) == []
