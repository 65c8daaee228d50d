"""Versions over HTTP: what is published never changes, and a worker may keep it."""

import pytest

from tests.support.agent_caller import (
    agent_path,
    change_agent,
    create_agent,
    publish_agent,
    show_agent,
    show_version,
    versions,
)
from tests.support.caller import Caller
from tests.support.clock import SettableClock
from tests.support.server import RunningServer

AT = "2024-01-15T10:30:00Z"
LATER = "2024-01-15T10:30:10Z"
IMMUTABLE = "private, max-age=31536000, immutable"


def test_publishing_answers_the_agent_with_its_version(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    agent_id = create_agent(caller, first_message="Hi")["agent_id"]
    before = show_agent(caller, agent_id)
    clock.advance(seconds=10)
    answer = caller.request("POST", agent_path(agent_id, "/publish"))
    assert answer.json["message"] == "Agent version published successfully"
    assert answer.data == before | {"published_at": LATER, "updated_at": LATER}
    assert answer.data == show_agent(caller, agent_id)


@pytest.mark.parametrize("body", [None, b"", b"{}", b" {} "])
def test_publishing_takes_no_fields(caller: Caller, body: bytes | None) -> None:
    agent_id = create_agent(caller)["agent_id"]
    answer = caller.request("POST", agent_path(agent_id, "/publish"), body)
    assert answer.data["version"] == 1


def test_publishing_what_is_published_changes_nothing_and_answers_the_same(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    agent_id = create_agent(caller)["agent_id"]
    first = caller.request("POST", agent_path(agent_id, "/publish"))
    clock.advance(hours=1)
    assert caller.request("POST", agent_path(agent_id, "/publish")).body == first.body
    assert show_agent(caller, agent_id) == first.data


def test_a_change_after_publishing_opens_the_next_version(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    agent_id = create_agent(caller, first_message="Hi", livekit_agent_name="desk")["agent_id"]
    publish_agent(caller, agent_id)
    published = show_version(caller, agent_id).body
    clock.advance(seconds=10)
    changed = change_agent(caller, agent_id, livekit_deployment="blue")
    assert (changed["version"], changed["first_message"]) == (2, "Hi")
    assert "published_at" not in changed
    assert show_version(caller, agent_id).body == published
    data = show_version(caller, agent_id, 2).data
    assert (data["livekit_agent_name"], data["livekit_deployment"]) == ("desk", "blue")
    assert (data["published_at"], data["created_at"]) == (None, LATER)


def test_until_it_is_published_a_version_changes_in_place(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    for message in ("One", "Two"):
        assert "version" not in change_agent(caller, agent_id, first_message=message)
    assert versions(caller, agent_id) == [1]
    assert show_version(caller, agent_id).data["begin_message"] == "Two"


def test_a_new_name_opens_no_version(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    publish_agent(caller, agent_id)
    published = show_version(caller, agent_id).body
    change_agent(caller, agent_id, agent_name="Renamed")
    assert versions(caller, agent_id) == [1]
    assert show_version(caller, agent_id).body == published


def test_versions_are_listed_newest_first(own_server: RunningServer, clock: SettableClock) -> None:
    caller = own_server.organization()
    agent_id = create_agent(caller, livekit_deployment="green")["agent_id"]
    publish_agent(caller, agent_id)
    clock.advance(seconds=10)
    change_agent(caller, agent_id, livekit_deployment=None, livekit_agent_name="desk")
    answer = caller.request("GET", agent_path(agent_id, "/versions"))
    assert answer.json["message"] == "Agent versions retrieved successfully"
    assert answer.data == {
        "agent_id": agent_id,
        "versions": [
            {
                "version": 2,
                "livekit_agent_name": "desk",
                "livekit_deployment": None,
                "published_at": None,
                "created_at": LATER,
                "updated_at": LATER,
            },
            {
                "version": 1,
                "livekit_agent_name": agent_id,
                "livekit_deployment": "green",
                "published_at": AT,
                "created_at": AT,
                "updated_at": AT,
            },
        ],
    }


def test_a_version_is_shown_whole_under_the_newer_names(own_server: RunningServer) -> None:
    caller = own_server.organization()
    agent_id = create_agent(
        caller, first_message="Hi", voice={"voice_id": "alloy"}, configuration={"a": [1, None]}
    )["agent_id"]
    answer = show_version(caller, agent_id)
    assert answer.json["message"] == "Agent version retrieved successfully"
    assert {field: value for field, value in answer.data.items() if value is not None} == {
        "agent_id": agent_id,
        "organization_id": caller.organization_id,
        "version": 1,
        "livekit_agent_name": agent_id,
        "created_at": AT,
        "updated_at": AT,
        "begin_message": "Hi",
        "tts_config": {"voice_id": "alloy"},
        "configuration": {"a": [1, None]},
    }
    assert {"published_at", "livekit_deployment", "widget_config"} <= answer.data.keys()
    assert not {"agent_name", "voice", "language"} & answer.data.keys()


def test_a_published_version_may_be_kept_for_good(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    open_version = show_version(caller, agent_id)
    assert open_version.headers["cache-control"] == "no-store"
    assert "etag" not in open_version.headers
    publish_agent(caller, agent_id)
    published = show_version(caller, agent_id)
    assert published.headers["cache-control"] == IMMUTABLE
    assert published.headers["etag"] == f'"{agent_id}.1"'


@pytest.mark.parametrize("template", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_a_published_version_is_told_so_in_few_bytes(caller: Caller, template: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    publish_agent(caller, agent_id)
    etag = show_version(caller, agent_id).headers["etag"]
    path = agent_path(agent_id, "/versions/1")
    answer = caller.request("GET", path, headers={"If-None-Match": template.format(etag)})
    assert (answer.status, answer.body) == (304, b"")
    assert (answer.headers["etag"], answer.headers["cache-control"]) == (etag, IMMUTABLE)


@pytest.mark.parametrize("tags", ['"other"', "agent.1", ""])
def test_who_has_another_one_gets_it_whole(caller: Caller, tags: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    publish_agent(caller, agent_id)
    path = agent_path(agent_id, "/versions/1")
    answer = caller.request("GET", path, headers={"If-None-Match": tags})
    assert answer.data["version"] == 1


def test_a_version_that_can_change_is_always_sent_whole(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    path = agent_path(agent_id, "/versions/1")
    assert caller.request("GET", path, headers={"If-None-Match": "*"}).data["version"] == 1


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("0", "0"),
        ("2", "2"),
        ("-1", "-1"),
        ("01", "01"),
        ("1.0", "1.0"),
        ("abc", "abc"),
        ("latest", "latest"),
        ("9999999999999999999999", "9999999999999999999999"),
        ("%00", "\0"),
        ("%EF%BC%91", "\uff11"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_version_that_is_not_there_is_not_found(caller: Caller, version: str, shown: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    answer = show_version(caller, agent_id, version)
    assert answer.json["message"] == "Agent version not found"
    assert answer.refusal == (
        404,
        "agent_version.not_found",
        f"Version {shown} of agent '{agent_id}' does not exist",
    )
