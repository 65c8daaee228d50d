"""An agent's worker is sent for in an empty room, and the answer says who came."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cordboard.agents import store
from cordboard.provisioning.probe_agent import SWEPT_AFTER_MS, Probing, sweep_probe_rooms
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.runtime.ids import AgentId
from cordboard.simulated.livekit import Behaviour, Fault, FaultKind, Worker
from tests.support.agent_caller import agent_path, change_agent, create_agent, publish_agent
from tests.support.builders import a_name
from tests.support.caller import Answer, Caller
from tests.support.clock import SettableClock
from tests.support.described import untrue
from tests.support.server import PROBE_DEADLINE_S, RunningServer

SOON = Behaviour(joins_after_s=0.05)


def probe(caller: Caller, agent_id: str, body: object = None) -> Answer:
    return caller.request("POST", agent_path(agent_id, "/probe"), body)


def found(caller: Caller, agent_id: str, **body: object) -> Any:  # noqa: ANN401 - JSON as it came
    return probe(caller, agent_id, body or None).data


def a_worker(
    server: RunningServer, name: str, deployment: str = "", behaviour: Behaviour = SOON
) -> Worker:
    return server.lk.register_worker(name, deployment, behaviour)


def rooms_of(server: RunningServer, worker: Worker) -> set[str]:
    """Return the rooms of a worker's jobs that are still open."""
    return {job.room for job in worker.jobs} & server.lk.rooms.by_name.keys()


@pytest.fixture
def unnamed(server: RunningServer) -> Iterator[Worker]:
    """A worker without a name, which LiveKit starts wherever nobody is sent for."""
    worker = a_worker(server, "")
    yield worker
    server.lk.workers.unregister(worker)


def test_a_worker_of_the_version_s_deployment_answers_a_probe_and_no_other_does(
    server: RunningServer, caller: Caller, unnamed: Worker
) -> None:
    name = a_name("desk")
    blue, plain = a_worker(server, name, "blue"), a_worker(server, name)
    agent_id = create_agent(caller, livekit_agent_name=name, livekit_deployment="blue")["agent_id"]
    data = found(caller, agent_id)
    assert (data["is_served"], data["worker_id"]) == (True, blue.id)
    assert (data["livekit_agent_name"], data["livekit_deployment"]) == (name, "blue")
    assert data["joined_after_ms"] >= 0
    assert data["agent_identity"] == blue.jobs[0].identity
    assert "joined" in data["detail"]
    change_agent(caller, agent_id, livekit_deployment="red")
    red = found(caller, agent_id)
    assert (red["is_served"], red["worker_id"], red["joined_after_ms"]) == (False, None, None)
    assert f"no agent of a worker registered as '{name}', deployment 'red'" in red["detail"]
    assert "LIVEKIT_AGENT_DEPLOYMENT" in red["detail"]
    assert (len(blue.jobs), plain.jobs, unnamed.jobs) == (1, [], [])
    assert rooms_of(server, blue) == set()


def test_the_job_s_metadata_says_that_it_is_a_probe_and_of_what(
    server: RunningServer, caller: Caller
) -> None:
    name = a_name("desk")
    worker = a_worker(server, name)
    agent_id = create_agent(caller, livekit_agent_name=name)["agent_id"]
    found(caller, agent_id)
    (job,) = worker.jobs
    assert json.loads(job.metadata) == {
        "cordboard": 1,
        "probe": True,
        "organization_id": caller.organization_id,
        "agent_id": agent_id,
        "agent_version": 1,
        "cluster": "default",
    }
    assert len(job.metadata.encode()) <= 512
    assert name not in job.room


def test_the_newest_version_is_probed_unless_another_is_named(
    server: RunningServer, caller: Caller
) -> None:
    old, new = a_name("old"), a_name("new")
    a_worker(server, old)
    agent_id = create_agent(caller, livekit_agent_name=old)["agent_id"]
    publish_agent(caller, agent_id)
    change_agent(caller, agent_id, livekit_agent_name=new)
    assert found(caller, agent_id, version=1)["is_served"] is True
    newest = found(caller, agent_id)
    assert (newest["version"], newest["is_served"]) == (2, False)
    assert f"'{new}', without a deployment" in newest["detail"]
    assert found(caller, agent_id, version=None)["version"] == 2
    missing = probe(caller, agent_id, {"version": 3})
    assert missing.refusal[:2] == (404, "agent_version.not_found")
    huge = probe(caller, agent_id, {"version": 10**30})
    assert huge.refusal[:2] in {(400, "validation.type"), (404, "agent_version.not_found")}


def test_a_worker_that_takes_the_job_and_never_joins_is_told_apart(
    server: RunningServer, caller: Caller
) -> None:
    name = a_name("desk")
    worker = a_worker(server, name, behaviour=Behaviour(joins_after_s=None))
    data = found(caller, create_agent(caller, livekit_agent_name=name)["agent_id"])
    assert (data["is_served"], data["worker_id"]) == (False, worker.id)
    assert f"{worker.id}, registered as '{name}'" in data["detail"]
    assert f"did not join within {PROBE_DEADLINE_S:g} s" in data["detail"]
    assert rooms_of(server, worker) == set()


def test_of_two_probes_of_an_agent_at_once_one_is_refused(
    server: RunningServer, caller: Caller
) -> None:
    agent_id = create_agent(caller, livekit_agent_name=a_name())["agent_id"]
    callers = [caller.on(server.wire()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda each: probe(each, agent_id), callers))
    assert sorted(answer.status for answer in answers) == [200, 409]
    (refused,) = (answer for answer in answers if answer.status == 409)
    assert refused.refusal[1] == "agent.probe_running"
    assert untrue("POST", agent_path(agent_id, "/probe"), refused) is None
    assert probe(caller, agent_id).status == 200


def test_while_livekit_is_down_nothing_is_said_of_the_agent(own_server: RunningServer) -> None:
    caller = own_server.organization()
    agent_id = create_agent(caller)["agent_id"]
    own_server.lk.faults.is_down = True
    answer = probe(caller, agent_id)
    assert answer.refusal[:2] == (502, "livekit.unanswered")
    assert untrue("POST", agent_path(agent_id, "/probe"), answer) is None
    kept = own_server.read(store.find_probe, caller.organization_id, AgentId(agent_id), 1)
    assert kept is None
    own_server.lk.faults.is_down = False
    assert found(caller, agent_id)["is_served"] is False


def test_what_a_probe_found_last_is_kept(own_server: RunningServer, clock: SettableClock) -> None:
    caller = own_server.organization()
    name = a_name("desk")
    agent_id = create_agent(caller, livekit_agent_name=name)["agent_id"]
    assert found(caller, agent_id)["is_served"] is False
    clock.advance(hours=1)
    a_worker(own_server, name)
    data = found(caller, agent_id)
    assert (data["is_served"], data["probed_at"]) == (True, "2024-01-15T11:30:00Z")
    kept = own_server.read(store.find_probe, caller.organization_id, AgentId(agent_id), 1)
    assert kept is not None
    assert (kept.is_served, kept.livekit_agent_name, kept.probed_ms) == (True, name, clock())


@pytest.mark.parametrize("kind", [FaultKind.ERROR_BEFORE, FaultKind.ERROR_AFTER])
def test_a_room_that_could_not_be_removed_is_swept_later(
    own_server: RunningServer, clock: SettableClock, kind: FaultKind
) -> None:
    caller, lk = own_server.organization(), own_server.lk
    lk.faults.add(Fault("DeleteRoom", kind), Fault("DeleteDispatch", kind, times=None))
    assert found(caller, create_agent(caller)["agent_id"])["is_served"] is False
    (room,) = lk.rooms.by_name or ["gone already"]
    assert lk.rooms.by_name == {} or lk.rooms.by_name[room].info.empty_timeout < 60

    async def sweep() -> None:
        key = APIKey(lk.api_key, lk.api_secret)
        livekit = LiveKit("default", lk.url, (key,))
        await sweep_probe_rooms(Probing(own_server.db, livekit, 1)).run()
        await livekit.aclose()

    async def left() -> list[str]:
        return await own_server.db.read(store.list_old_probe_rooms, "default", -1, 10)

    own_server.run(sweep)
    assert len(own_server.run(left)) == 1
    clock.advance(ms=SWEPT_AFTER_MS + 1)
    own_server.run(sweep)
    assert (own_server.run(left), lk.rooms.by_name) == ([], {})


def test_probing_needs_the_scope_to_write_agents(server: RunningServer, caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    reader = server.key_pair(caller, "agents:read", "numbers:write", "calls:write")
    assert probe(reader, agent_id).refusal[:2] == (403, "auth.scope")
    assert probe(server.key_pair(caller, "agents:write"), agent_id).status == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"version": 0}, "validation.range"),
        ({"version": "1"}, "validation.type"),
        ({"deployment": "blue"}, "validation.unknown_field"),
        ([], "validation.type"),
        (b"{", "validation.json"),
    ],
)
def test_a_bad_request_for_a_probe_is_refused(
    sqlite_server: RunningServer, body: object, code: str
) -> None:
    caller = sqlite_server.organization()
    answer = probe(caller, create_agent(caller)["agent_id"], body)
    assert answer.refusal[:2] == (400, code)
