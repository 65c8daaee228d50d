"""An agent's life over HTTP: both generations of the published API find their own names."""

from typing import Any

import pytest

from tests.support.agent_caller import (
    AGENTS,
    CREATE,
    agent_path,
    change_agent,
    create_agent,
    publish_agent,
    show_agent,
    versions,
    without,
)
from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.clock import SettableClock
from tests.support.server import RunningServer

AT = "2024-01-15T10:30:00Z"
NEWER = {
    "begin_message": "Hello {{name}}!",
    "begin_message_variables": ["name"],
    "begin_message_delay_ms": 1000,
    "test_variables": {"name": "Ada"},
    "webhook_url": "https://example.com/agent",
    "post_call_webhook_id": "webhook_123",
    "end_call_after_silence_ms": 30000,
    "max_call_duration_ms": 600000,
    "take_turn_after_silence_seconds": 6,
    "timezone": "UTC",
    "knowledge_base_ids": ["kb_1"],
    "mcp_server_ids": ["mcp_1"],
    "rag_config": {"chunks_to_retrieve": 10, "similarity_threshold": 0.7},
    "llm_config": {"system_message": "Be kind.", "temperature": 0.7, "tools": []},
    "stt_config": {"language": "en", "language_name": "English", "use_realtime": True},
    "tts_config": {"voice_id": "alloy", "voice_speed": 1.0, "provider": "openai"},
    "post_call_analysis_data": [{"name": "mood"}],
    "post_call_evaluation_criteria": ["polite"],
    "additional_languages": ["de"],
    "post_call_analysis_model": {"model": "gpt"},
    "widget_config": {"colour": "red"},
    "access_info": {"owner": "me"},
}
OLDER = {
    "language": "en",
    "voice": {"provider": "openai", "voice_id": "alloy"},
    "first_message": "Hello!",
    "model": "gpt",
    "transcription_model": "nova",
    "knowledge_base_ids": ["kb_1"],
    "rag_config": {"chunks_to_retrieve": 10},
}
OURS = {
    "configuration": {"tone": "formal"},
    "livekit_agent_name": "front-desk",
    "livekit_deployment": "blue",
}
EMPTY = dict.fromkeys([*NEWER, *OLDER])
VARYING = ("agent_id", "organization_id", "created_at", "updated_at")


def test_create_answers_the_newer_fields_as_they_came(own_server: RunningServer) -> None:
    caller = own_server.organization()
    answer = caller.request("POST", CREATE, {"agent_name": " Front desk ", **NEWER})
    data = answer.data
    assert answer.json == {
        "message": "Agent created successfully",
        "status": "success",
        "error": None,
        "data": {
            "agent_id": data["agent_id"],
            "organization_id": caller.organization_id,
            "created_at": AT,
            "updated_at": AT,
            "agent_name": "Front desk",
            **NEWER,
            "language": "en",
            "voice": {"provider": "openai", "voice_id": "alloy"},
            "first_message": "Hello {{name}}!",
            "model": None,
            "transcription_model": None,
        },
    }
    assert list(data)[:6] == [
        "agent_id",
        "organization_id",
        "created_at",
        "updated_at",
        "agent_name",
        "begin_message",
    ]
    assert "etag" not in answer.headers


def test_create_answers_the_older_fields_as_they_came(caller: Caller) -> None:
    data = create_agent(caller, agent_name="Front desk", **OLDER)
    assert without(data, *VARYING) == EMPTY | OLDER | {
        "agent_name": "Front desk",
        "begin_message": "Hello!",
        "llm_config": {"model": "gpt"},
        "stt_config": {"language": "en", "model": "nova"},
        "tts_config": {"language": "en", "provider": "openai", "voice_id": "alloy"},
    }


def test_what_has_no_value_is_null_and_ours_are_left_out(caller: Caller) -> None:
    data = create_agent(caller, agent_name="Front desk", begin_message=None, voice=None)
    assert without(data, *VARYING) == {"agent_name": "Front desk", **EMPTY}


def test_ours_are_answered_where_they_were_asked_for(caller: Caller) -> None:
    data = create_agent(caller, agent_name="Front desk", **OURS)
    assert without(data, *VARYING) == {"agent_name": "Front desk", **EMPTY, **OURS}


def test_get_shows_everything(caller: Caller) -> None:
    created = create_agent(caller, **NEWER)
    answer = caller.request("GET", agent_path(created["agent_id"]))
    assert answer.json["message"] == "Agent retrieved successfully"
    assert answer.data == created | {
        "configuration": None,
        "livekit_agent_name": created["agent_id"],
        "livekit_deployment": None,
        "version": 1,
        "published_at": None,
    }


def test_get_full_shows_the_same_under_its_own_message(caller: Caller) -> None:
    agent_id = create_agent(caller, **OLDER, **OURS)["agent_id"]
    answer = caller.request("GET", agent_path(agent_id, "/full"))
    assert answer.json["message"] == "Full agent data retrieved successfully"
    assert answer.data == show_agent(caller, agent_id)


def test_an_agent_s_parts_of_another_type_do_not_pass_for_older_fields(caller: Caller) -> None:
    free = {"llm_config": {"model": {"name": "gpt"}}, "tts_config": {"voice_id": 7}}
    data = create_agent(caller, **free)
    assert (data["model"], data["voice"], data["tts_config"]) == (None, None, {"voice_id": 7})


def test_patch_changes_what_is_sent_and_answers_as_create(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    created = create_agent(caller, **NEWER)
    clock.advance(seconds=65)
    body = {"agent_name": " Sales ", "voice": {"voice_id": "echo"}, "timezone": None}
    answer = caller.request("PATCH", agent_path(created["agent_id"]), body)
    assert answer.json["message"] == "Agent updated successfully"
    assert answer.data == created | {
        "agent_name": "Sales",
        "timezone": None,
        "tts_config": {"voice_id": "echo", "voice_speed": 1.0, "provider": "openai"},
        "voice": {"provider": "openai", "voice_id": "echo"},
        "updated_at": "2024-01-15T10:31:05Z",
    }
    assert show_agent(caller, created["agent_id"]).items() >= answer.data.items()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"agent_name": "Front desk"},
        {"first_message": "Hello!", "begin_message": "Hello!"},
        {"voice": {"voice_id": "alloy"}, "livekit_deployment": None},
    ],
)
def test_patch_of_present_values_changes_nothing(
    own_server: RunningServer, clock: SettableClock, body: dict[str, Any]
) -> None:
    caller = own_server.organization()
    created = create_agent(caller, agent_name="Front desk", **OLDER)
    publish_agent(caller, created["agent_id"])
    before = show_agent(caller, created["agent_id"])
    clock.advance(hours=1)
    change_agent(caller, created["agent_id"], **body)
    assert show_agent(caller, created["agent_id"]) == before
    assert versions(caller, created["agent_id"]) == [1]


def test_null_clears_what_can_be_empty(caller: Caller) -> None:
    agent_id = create_agent(caller, agent_name="Front desk", **NEWER, **OURS)["agent_id"]
    cleared = [*NEWER, "configuration", "livekit_deployment"]
    data = change_agent(caller, agent_id, **dict.fromkeys(cleared))
    assert without(data, *VARYING) == {
        "agent_name": "Front desk",
        **EMPTY,
        "livekit_agent_name": "front-desk",
    }


def test_two_agents_may_have_one_name(caller: Caller) -> None:
    first, second = (create_agent(caller, agent_name="Same") for _ in range(2))
    assert first["agent_id"] != second["agent_id"]


def test_a_copy_is_a_new_agent_with_the_newest_version(caller: Caller) -> None:
    agent_id = create_agent(caller, **NEWER, **OURS)["agent_id"]
    publish_agent(caller, agent_id)
    change_agent(caller, agent_id, configuration={"tone": "warm"})
    body = {"agent_name": " Copy "}
    answer = caller.request("POST", agent_path(agent_id, "/duplicate"), body)
    assert answer.json["message"] == "Agent duplicated successfully"
    copy = show_agent(caller, answer.data["agent_id"])
    assert copy.items() >= answer.data.items()
    assert copy["agent_id"] != agent_id
    changed = {"agent_name": "Copy", "version": 1, "published_at": None}
    assert without(copy, *VARYING) == without(show_agent(caller, agent_id), *VARYING) | changed


def test_a_copy_is_answered_by_the_workers_of_its_original(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    body = {"agent_name": "Copy"}
    copy = caller.request("POST", agent_path(agent_id, "/duplicate"), body).data
    assert copy["livekit_agent_name"] == agent_id


def test_a_copy_changes_apart_from_its_original(caller: Caller) -> None:
    agent_id = create_agent(caller, **OLDER)["agent_id"]
    body = {"agent_name": "Copy"}
    copy = caller.request("POST", agent_path(agent_id, "/duplicate"), body).data
    change_agent(caller, copy["agent_id"], first_message="Other")
    assert show_agent(caller, agent_id)["first_message"] == "Hello!"


def test_delete_takes_the_agent_away(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    answer = caller.request("DELETE", agent_path(agent_id))
    assert answer.json == {
        "message": "Agent deleted successfully",
        "status": "success",
        "error": None,
        "data": {"agent_id": agent_id, "organization_id": caller.organization_id},
    }
    refusal = (
        404,
        "agent.not_found",
        f"Agent with ID '{agent_id}' does not exist in organization '{caller.organization_id}'",
    )
    assert caller.request("GET", agent_path(agent_id)).refusal == refusal
    assert caller.request("DELETE", agent_path(agent_id)).refusal == refusal
    assert caller.request("GET", AGENTS).data["agents"] == []


@pytest.mark.parametrize("query", ["", "?force=false"])
def test_an_agent_in_use_is_not_deleted(caller: Caller, query: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    for _ in range(2):
        caller.create(a_number(), inbound_agent_id=agent_id, outbound_agent_id=agent_id)
    answer = caller.request("DELETE", agent_path(agent_id, query))
    assert answer.json["message"] == "Agent in use"
    how = "unbind first, or delete with force=true"
    text = f"Agent with ID '{agent_id}' is bound to 2 phone numbers; {how}"
    assert answer.refusal == (409, "agent.in_use", text)
    show_agent(caller, agent_id)


def test_with_force_its_numbers_are_unbound(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    number = a_number()
    before = caller.create(number, inbound_agent_id=agent_id, outbound_agent_id="at-livekit")
    assert caller.request("DELETE", agent_path(agent_id, "?force=true")).status == 200
    after = caller.show(number)
    assert (after["inbound_agent_id"], after["outbound_agent_id"]) == (None, "at-livekit")
    assert (before["inbound_agent_id"], after["revision"]) == (agent_id, 2)
    assert caller.history(number)[0]["changes"] == {
        "inbound_agent_id": {"from": agent_id, "to": None}
    }


def test_a_number_is_bound_to_versions_that_exist(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    number = a_number()
    caller.create(number, inbound_agent_id=agent_id, inbound_agent_version=1)
    body = {"inbound_agent_version": 2}
    path = f"/api/phone-numbers/%2B{number[1:]}"
    refusal = (404, "agent_version.not_found", f"Version 2 of agent '{agent_id}' does not exist")
    assert caller.request("PATCH", path, body).refusal == refusal
    publish_agent(caller, agent_id)
    change_agent(caller, agent_id, first_message="Hi")
    assert caller.request("PATCH", path, body).data["inbound_agent_version"] == 2


def test_a_deleted_agent_is_not_found_by_numbers(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    caller.request("DELETE", agent_path(agent_id))
    body = {"phone_number": a_number(), "inbound_agent_id": agent_id}
    answer = caller.request("POST", "/api/phone-numbers/create", body)
    assert answer.refusal[:2] == (404, "agent.not_found")
