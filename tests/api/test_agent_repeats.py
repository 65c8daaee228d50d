"""A repeated request about agents is answered, not repeated."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.agent_caller import (
    AGENTS,
    CREATE,
    agent_path,
    change_agent,
    create_agent,
    versions,
)
from tests.support.caller import Answer, Caller
from tests.support.server import RunningServer

KEY: dict[str, str | bytes | None] = {"Idempotency-Key": "once"}


@pytest.mark.parametrize(
    ("suffix", "body"),
    [("create", {"agent_name": "Desk"}), ("duplicate", {"agent_name": "Copy"}), ("publish", None)],
)
def test_the_second_request_gets_the_first_answer(
    caller: Caller, suffix: str, body: object
) -> None:
    agent_id = create_agent(caller)["agent_id"]
    path = CREATE if suffix == "create" else agent_path(agent_id, f"/{suffix}")
    first = caller.request("POST", path, body, KEY)
    agents = caller.request("GET", AGENTS).body
    change_agent(caller, agent_id, first_message="Later")
    second = caller.request("POST", path, body, KEY)
    assert (first.status, second.status) == (200, 200)
    assert second.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    total = caller.request("GET", AGENTS).data["pagination"]["total_count"]
    assert total == agents.count(b'"agent_id"')


def test_a_replayed_publish_does_not_publish_what_came_after(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    path = agent_path(agent_id, "/publish")
    caller.request("POST", path, headers=KEY)
    change_agent(caller, agent_id, first_message="Not yet")
    assert caller.request("POST", path, headers=KEY).data["version"] == 1
    assert versions(caller, agent_id) == [2, 1]
    listed = caller.request("GET", agent_path(agent_id, "/versions")).data["versions"]
    assert listed[0]["published_at"] is None


@pytest.mark.parametrize("suffix", ["create", "duplicate"])
def test_the_same_key_with_another_body_is_refused(caller: Caller, suffix: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    path = CREATE if suffix == "create" else agent_path(agent_id, "/duplicate")
    caller.request("POST", path, {"agent_name": "One"}, KEY)
    answer = caller.request("POST", path, {"agent_name": "Two"}, KEY)
    assert answer.refusal[:2] == (409, "idempotency.mismatch")


def test_a_key_belongs_to_one_path(caller: Caller) -> None:
    first, second = (create_agent(caller)["agent_id"] for _ in range(2))
    for agent_id in (first, second):
        answer = caller.request("POST", agent_path(agent_id, "/publish"), headers=KEY)
        assert answer.data["agent_id"] == agent_id


def test_a_refused_request_may_be_corrected_under_its_key(caller: Caller) -> None:
    assert caller.request("POST", CREATE, {"agent_name": ""}, KEY).status == 400
    assert caller.request("POST", CREATE, {"agent_name": "Desk"}, KEY).status == 200


def test_requests_at_the_same_time_make_one_agent(server: RunningServer, caller: Caller) -> None:
    def create(own: Caller) -> Answer:
        return own.request("POST", CREATE, {"agent_name": "Desk"}, KEY)

    callers = [caller.on(server.wire()) for _ in range(8)]
    with ThreadPoolExecutor(len(callers)) as threads:
        answers = list(threads.map(create, callers))
    assert {answer.body for answer in answers} == {answers[0].body}
    assert caller.request("GET", AGENTS).data["pagination"]["total_count"] == 1
