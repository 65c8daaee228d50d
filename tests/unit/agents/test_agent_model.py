"""An agent's rules: its name, its workers, and when a version opens."""

from typing import Any

import pytest

from cordboard.agents.model import Agent, checked_agent, checked_changes, differences
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.ids import AgentId, OrganizationId

CREATED_MS = 1_705_314_600_000


def an_agent(**fields: Any) -> Agent:  # noqa: ANN401 - as the fields are
    """Return an agent as it stands once created."""
    new = checked_agent({"agent_name": "Front desk", **fields})
    return new.created(OrganizationId("org_1"), AgentId("agent_1"), CREATED_MS)


def changed(agent: Agent, now_ms: int = CREATED_MS + 1000, /, **fields: Any) -> Agent:  # noqa: ANN401 - as the fields are
    return agent.changed(checked_changes(fields), now_ms)


def refused(**fields: object) -> tuple[str, str]:
    """Return the rule that a change breaks, and the text."""
    with pytest.raises(InvalidError) as caught:
        checked_changes(fields)
    return caught.value.rule, caught.value.detail


@pytest.mark.parametrize("name", ["x", "x" * 50, "Ü", "x" * 50 + "   ", "a\u200bb"])
def test_a_name_has_1_to_50_characters_after_trimming(name: str) -> None:
    assert an_agent(agent_name=name).agent_name == name.strip()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "length"),
        (" \t\u3000", "length"),
        ("x" * 51, "length"),
        ("a\0b", "characters"),
        (None, "type"),
    ],
)
def test_any_other_name_is_refused(name: str | None, rule: str) -> None:
    assert refused(agent_name=name)[0] == rule


@pytest.mark.parametrize("name", ["a", "Front-desk_2.eu", "x" * 128])
def test_workers_register_under_names_like_ids(name: str) -> None:
    newest = an_agent(livekit_agent_name=name, livekit_deployment=name).newest
    assert (newest.livekit_agent_name, newest.livekit_deployment) == (name, name)


@pytest.mark.parametrize("field", ["livekit_agent_name", "livekit_deployment"])
@pytest.mark.parametrize(
    ("name", "rule"),
    [("", "length"), ("x" * 129, "length"), ("a b", "characters"), ("a\n", "characters")],
)
def test_other_names_of_workers_are_refused(field: str, name: str, rule: str) -> None:
    assert refused(**{field: name})[0] == rule


def test_the_reserved_name_is_refused() -> None:
    text = "livekit_agent_name: cordboard-nobody is reserved"
    assert refused(livekit_agent_name="cordboard-nobody") == ("choice", text)


def test_workers_register_under_the_agent_s_id_unless_they_are_named() -> None:
    assert an_agent().newest.livekit_agent_name == "agent_1"


def test_a_deployment_can_be_cleared_and_a_worker_s_name_cannot() -> None:
    agent = an_agent(livekit_deployment="blue")
    assert changed(agent, livekit_deployment=None).newest.livekit_deployment is None
    assert refused(livekit_agent_name=None)[0] == "type"


def test_the_id_cannot_be_changed_to_anything() -> None:
    text = "agent_id: cannot be changed; leave it out"
    assert refused(agent_id="agent_1") == ("immutable", text)


def test_a_version_changes_in_place_until_it_is_published() -> None:
    after = changed(an_agent(), begin_message="Hi")
    assert (after.newest.version, after.newest.configuration) == (1, {"begin_message": "Hi"})
    assert (after.revision, after.updated_ms, after.created_ms) == (
        2,
        CREATED_MS + 1000,
        CREATED_MS,
    )
    assert after.newest.updated_ms == CREATED_MS + 1000
    assert after.newest.created_ms == CREATED_MS


def test_the_next_change_of_a_published_version_opens_the_next_one() -> None:
    published = an_agent(begin_message="Hi").published(CREATED_MS + 1)
    after = changed(published, livekit_deployment="blue")
    assert published.newest.published_ms == CREATED_MS + 1
    assert (after.newest.version, after.newest.published_ms) == (2, None)
    assert after.newest.created_ms == after.newest.updated_ms == CREATED_MS + 1000
    assert after.newest.configuration == {"begin_message": "Hi"}


def test_a_new_name_opens_no_version() -> None:
    published = an_agent().published(CREATED_MS)
    after = changed(published, agent_name="Sales")
    assert (after.agent_name, after.revision) == ("Sales", published.revision + 1)
    assert after.newest is published.newest


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"agent_name": " Front desk "},
        {"begin_message": "Hi"},
        {"first_message": "Hi"},
        {"configuration": {"b": 2, "a": 1}},
        {"livekit_agent_name": "agent_1", "livekit_deployment": None, "timezone": None},
    ],
)
@pytest.mark.parametrize("is_published", [False, True])
def test_present_values_change_nothing(fields: dict[str, Any], *, is_published: bool) -> None:
    agent = an_agent(begin_message="Hi", configuration={"a": 1, "b": 2})
    agent = agent.published(CREATED_MS) if is_published else agent
    assert changed(agent, **fields) is agent


def test_true_is_a_change_from_1() -> None:
    agent = an_agent(configuration={"a": 1})
    assert changed(agent, configuration={"a": True}).newest.configuration == {
        "configuration": {"a": True}
    }


def test_publishing_twice_changes_nothing() -> None:
    published = an_agent().published(CREATED_MS)
    assert published.published(CREATED_MS + 5000) is published


def test_times_never_go_backwards() -> None:
    agent = an_agent()
    early = CREATED_MS - 1000
    assert changed(agent, early, begin_message="Hi").updated_ms == CREATED_MS
    assert agent.published(early).newest.published_ms == CREATED_MS
    published = agent.published(CREATED_MS + 7000)
    assert changed(published, early, agent_name="x").updated_ms == CREATED_MS + 7000


def test_history_holds_what_lies_between_two_states() -> None:
    before = an_agent(begin_message="Hi", configuration={"a": 1})
    after = changed(before, first_message="Ho", agent_name="Sales")
    assert differences(before, after) == {
        "agent_name": {"from": "Front desk", "to": "Sales"},
        "begin_message": {"from": "Hi", "to": "Ho"},
    }


def test_history_tells_when_a_version_is_published_and_when_the_next_one_opens() -> None:
    agent = an_agent()
    published = agent.published(CREATED_MS)
    opened = changed(published, livekit_deployment="blue")
    at = "2024-01-15T10:30:00Z"
    assert differences(agent, published) == {"published_at": {"from": None, "to": at}}
    assert differences(published, opened) == {
        "version": {"from": 1, "to": 2},
        "published_at": {"from": at, "to": None},
        "livekit_deployment": {"from": None, "to": "blue"},
    }


def test_history_of_a_new_agent_holds_what_it_has() -> None:
    assert differences(None, an_agent(livekit_agent_name="desk")) == {
        "agent_name": {"from": None, "to": "Front desk"},
        "version": {"from": None, "to": 1},
        "livekit_agent_name": {"from": None, "to": "desk"},
    }
