"""What is wrong with a request about agents is said exactly, and leaves nothing behind."""

from typing import Any

import pytest

from tests.support.agent_caller import AGENTS, CREATE, agent_path, create_agent, show_agent
from tests.support.caller import Caller
from tests.support.server import RunningServer

NAME = "agent_name: must have 1 to 50 characters"
WORKER = "must have 1 to 128 characters"
LETTERS = "may only hold A-Z a-z 0-9 _ - ."
NUL = "must not hold the NUL character"
LARGE = "what is kept for the worker would be 32794 bytes of JSON in all, the most is 32768"
PARAMETERS = "page, limit, sort_by, sort_order"

FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"agent_name": ""}, "length", NAME),
    ({"agent_name": " \u3000\n"}, "length", NAME),
    ({"agent_name": "x" * 51}, "length", NAME),
    ({"agent_name": "a\0"}, "characters", f"agent_name: {NUL}"),
    ({"agent_name": 7}, "type", "agent_name: must be a string, not an integer"),
    ({"agent_name": ["a"]}, "type", "agent_name: must be a string, not an array"),
    ({"agent_nam": "a"}, "unknown_field", "agent_nam: is not a field of this request"),
    ({"organization_id": "o"}, "unknown_field", "organization_id: is not a field of this request"),
    ({"version": 2}, "unknown_field", "version: is not a field of this request"),
    ({"begin_message": 1}, "type", "begin_message: must be a string, not an integer"),
    (
        {"begin_message_variables": ["a", 1]},
        "type",
        "begin_message_variables[1]: must be a string, not an integer",
    ),
    (
        {"begin_message_delay_ms": "1000"},
        "type",
        "begin_message_delay_ms: must be an integer, not a string",
    ),
    ({"max_call_duration_ms": -1}, "range", "max_call_duration_ms: must be from 0 to 2147483647"),
    (
        {"max_call_duration_ms": 2**31},
        "range",
        "max_call_duration_ms: must be from 0 to 2147483647",
    ),
    ({"test_variables": []}, "type", "test_variables: must be an object, not an array"),
    ({"llm_config": "gpt"}, "type", "llm_config: must be an object, not a string"),
    ({"configuration": "x"}, "type", "configuration: must be an object, not a string"),
    ({"configuration": {"a": ["\0"]}}, "characters", f"configuration.a[0]: {NUL}"),
    ({"configuration": {"\0": 1}}, "characters", f"configuration: {NUL}"),
    ({"voice": "alloy"}, "type", "voice: must be an object, not a string"),
    ({"voice": {"speed": 1}}, "unknown_field", "voice.speed: is not a field of this request"),
    (
        {"first_message": "a", "begin_message": "b"},
        "choice",
        "first_message: must equal begin_message, whose older name it is",
    ),
    (
        {"voice": {"voice_id": "a"}, "tts_config": {"voice_id": "b"}},
        "choice",
        "voice.voice_id: must equal tts_config.voice_id, whose older name it is",
    ),
    ({"livekit_agent_name": ""}, "length", f"livekit_agent_name: {WORKER}"),
    ({"livekit_agent_name": "x" * 129}, "length", f"livekit_agent_name: {WORKER}"),
    ({"livekit_agent_name": "a b"}, "characters", f"livekit_agent_name: {LETTERS}"),
    ({"livekit_deployment": "ü"}, "characters", f"livekit_deployment: {LETTERS}"),
    (
        {"livekit_agent_name": "cordboard-nobody"},
        "choice",
        "livekit_agent_name: cordboard-nobody is reserved",
    ),
    (
        {"configuration": {"a": "x" * 32_768}},
        "length",
        f"configuration: {LARGE}",
    ),
]
PATCHES: list[tuple[dict[str, Any], str, str]] = [
    ({"agent_name": None}, "type", "agent_name: must not be null; leave it out to keep it"),
    (
        {"livekit_agent_name": None},
        "type",
        "livekit_agent_name: must not be null; leave it out to keep it",
    ),
    ({"agent_id": "agent_1"}, "immutable", "agent_id: cannot be changed; leave it out"),
]
LISTS: list[tuple[dict[str, Any], str, str]] = [
    ({"page": -1}, "range", "page: must be from 0 to 2147483647"),
    ({"page": "0"}, "type", "page: must be an integer, not a string"),
    ({"limit": 0}, "range", "limit: must be from 1 to 100"),
    ({"limit": 101}, "range", "limit: must be from 1 to 100"),
    (
        {"sort_by": "language"},
        "choice",
        "sort_by: must be one of updated_at, created_at, agent_name",
    ),
    ({"sort_order": "asc"}, "choice", "sort_order: must be one of ascending, descending"),
    (
        {"filter_criteria": {"agent_name": "desk"}},
        "type",
        "filter_criteria.agent_name: must be an array, not a string",
    ),
    (
        {"filter_criteria": {"agent_name": [""]}},
        "length",
        "filter_criteria.agent_name[0]: must have 1 to 50 characters",
    ),
    (
        {"filter_criteria": {"agent_name": ["a", "x" * 51]}},
        "length",
        "filter_criteria.agent_name[1]: must have 1 to 50 characters",
    ),
    (
        {"filter_criteria": {"agent_name": ["\0"]}},
        "characters",
        f"filter_criteria.agent_name[0]: {NUL}",
    ),
    (
        {"filter_criteria": {"agent_name": ["a"] * 21}},
        "length",
        "filter_criteria.agent_name: must have at most 20 items",
    ),
    (
        {"filter_criteria": {"language": "en"}},
        "unknown_field",
        "filter_criteria.language: is not a field of this request",
    ),
]


def shown(row: object) -> str:
    return repr(row)[:60]


@pytest.mark.parametrize(("body", "rule", "text"), FIELDS, ids=shown)
def test_a_bad_field_is_refused_when_an_agent_is_created(
    caller: Caller, body: dict[str, Any], rule: str, text: str
) -> None:
    answer = caller.request("POST", CREATE, {"agent_name": "Desk", **body})
    assert answer.json["message"] == "Validation error"
    assert answer.refusal == (400, f"validation.{rule}", text)
    assert caller.request("GET", AGENTS).data["agents"] == []


def test_a_bad_field_is_refused_when_an_agent_is_changed(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    before = show_agent(caller, agent_id)
    for body, rule, text in [*FIELDS, *PATCHES]:
        answer = caller.request("PATCH", agent_path(agent_id), body)
        assert answer.refusal == (400, f"validation.{rule}", text)
    assert show_agent(caller, agent_id) == before


def test_a_bad_name_is_refused_when_an_agent_is_copied(caller: Caller) -> None:
    agent_id = create_agent(caller, agent_name="Desk")["agent_id"]
    for body, rule, text in FIELDS[:7]:
        answer = caller.request(
            "POST", agent_path(agent_id, "/duplicate"), {"agent_name": "Desk", **body}
        )
        assert answer.refusal == (400, f"validation.{rule}", text)
    assert len(caller.request("GET", AGENTS).data["agents"]) == 1


def test_a_name_is_required(caller: Caller) -> None:
    refusal = (400, "validation.required", "agent_name: is required")
    assert caller.request("POST", CREATE, {}).refusal == refusal
    agent_id = create_agent(caller)["agent_id"]
    assert caller.request("POST", agent_path(agent_id, "/duplicate"), {}).refusal == refusal


def test_publishing_with_fields_is_refused(caller: Caller) -> None:
    agent_id = create_agent(caller)["agent_id"]
    answer = caller.request("POST", agent_path(agent_id, "/publish"), {"version": 1})
    text = "version: is not a field of this request"
    assert answer.refusal == (400, "validation.unknown_field", text)
    assert show_agent(caller, agent_id)["published_at"] is None


@pytest.mark.parametrize(("body", "rule", "text"), LISTS, ids=shown)
def test_a_bad_list_is_refused(caller: Caller, body: dict[str, Any], rule: str, text: str) -> None:
    assert caller.request("POST", AGENTS, body).refusal == (400, f"validation.{rule}", text)


@pytest.mark.parametrize(
    ("query", "rule", "text"),
    [
        ("limit=101", "range", "limit: must be from 1 to 100"),
        ("page=x", "type", "page: must be an integer"),
        ("sort_order=asc", "choice", "sort_order: must be one of ascending, descending"),
        (
            "agent_name=desk",
            "unknown_field",
            f"agent_name: is not a parameter of this request, which takes {PARAMETERS}",
        ),
    ],
)
def test_a_bad_query_is_refused(caller: Caller, query: str, rule: str, text: str) -> None:
    answer = caller.request("GET", f"{AGENTS}?{query}")
    assert answer.refusal == (400, f"validation.{rule}", text)


@pytest.mark.parametrize("value", ["1", "True", "yes", ""])
def test_force_is_true_or_false(caller: Caller, value: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    answer = caller.request("DELETE", agent_path(agent_id, f"?force={value}"))
    assert answer.refusal == (400, "validation.choice", "force: must be one of true, false")
    show_agent(caller, agent_id)


JSON_TEXTS: list[tuple[bytes, str]] = [
    (b'{"agent_name": "a", "agent_name": "a"}', "validation.json"),
    (b'{"agent_name": "a", "configuration": {"b": 1, "b": 1}}', "validation.json"),
    (b'{"agent_name": "a", "configuration": {"b": NaN}}', "validation.json"),
    (b'{"agent_name": "a", "configuration": {"b": "\\ud800"}}', "validation.characters"),
    (b'{"agent_name": "a", "configuration": {"\\ud800": 1}}', "validation.characters"),
    (b'{"agent_name": "a", "configuration": {"b": "\xff"}}', "validation.json"),
    (b'{"agent_name": "a", "configuration": {"b": 1e999}}', "validation.range"),
    (b'{"agent_name": "a", "configuration": {"b": ' + b"9" * 5000 + b"}}", "validation.range"),
    (
        b'{"agent_name": "a", "configuration": {"b": ' + b"[" * 65 + b"]" * 65 + b"}}",
        "validation.json",
    ),
    (
        b'{"agent_name": "a", "configuration": {"b": ' + b"[" * 9999 + b"]" * 9999 + b"}}",
        "validation.json",
    ),
    (
        b'{"agent_name": "a", "configuration": {"b": [' + b"1," * 200_000 + b"1]}}",
        "validation.length",
    ),
]


@pytest.mark.parametrize(("body", "code"), JSON_TEXTS, ids=shown)
def test_what_is_no_good_json_is_refused(caller: Caller, body: bytes, code: str) -> None:
    assert caller.request("POST", CREATE, body).refusal[:2] == (400, code)


def test_a_depth_at_the_limit_of_the_decoder_is_no_crash(caller: Caller) -> None:
    for depth in range(850, 1000, 5):
        nested = b"[" * depth + b"]" * depth
        body = b'{"agent_name": "a", "configuration": {"b": ' + nested + b"}}"
        assert caller.request("POST", CREATE, body).refusal[:2] == (400, "validation.json")


ROUTES = [
    ("GET", "", None),
    ("GET", "/full", None),
    ("PATCH", "", {"agent_name": "Mine"}),
    ("DELETE", "", None),
    ("DELETE", "?force=true", None),
    ("POST", "/duplicate", {"agent_name": "Mine"}),
    ("POST", "/publish", None),
    ("GET", "/versions", None),
    ("GET", "/versions/1", None),
    ("GET", "/versions/none", None),
]


@pytest.mark.parametrize(("method", "suffix", "body"), ROUTES)
def test_another_organization_s_agent_is_missing_like_any_other(
    server: RunningServer, caller: Caller, method: str, suffix: str, body: object
) -> None:
    theirs = create_agent(server.organization())["agent_id"]
    missing = "agent_" + "0" * 24
    answers = [
        caller.request(method, agent_path(agent_id, suffix), body) for agent_id in (theirs, missing)
    ]
    ids = [answer.json["request_id"].encode() for answer in answers]
    bodies = [answer.body.replace(i, b"") for answer, i in zip(answers, ids, strict=True)]
    assert bodies[0].replace(theirs.encode(), missing.encode()) == bodies[1]
    assert answers[0].refusal == (
        404,
        "agent.not_found",
        f"Agent with ID '{theirs}' does not exist in organization '{caller.organization_id}'",
    )
    assert answers[0].headers.keys() == answers[1].headers.keys()


@pytest.mark.parametrize(
    ("path", "named"),
    [("%00", "\0"), ("%FF", "\ufffd"), ("a%20b", "a b"), ("x" * 200, "x" * 100 + "…")],
)
def test_what_can_be_no_id_names_no_agent(caller: Caller, path: str, named: str) -> None:
    answer = caller.request("GET", agent_path(path))
    text = f"Agent with ID '{named}' does not exist in organization '{caller.organization_id}'"
    assert answer.refusal == (404, "agent.not_found", text)


@pytest.mark.parametrize(("method", "suffix", "body"), ROUTES)
def test_each_route_asks_for_its_scope(
    server: RunningServer, caller: Caller, method: str, suffix: str, body: object
) -> None:
    agent_id = create_agent(caller)["agent_id"]
    scope, other = "agents:read", "agents:write"
    if method != "GET":
        scope, other = other, scope
    refused = server.key_pair(caller, other, "numbers:read", "numbers:write")
    answer = refused.request(method, agent_path(agent_id, suffix), body)
    text = f"This needs a key pair with the scope '{scope}'"
    assert answer.refusal == (403, "auth.scope", text)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", CREATE, "POST"),
        ("DELETE", AGENTS, "GET, HEAD, POST"),
        ("PUT", f"{AGENTS}/agent_1", "DELETE, GET, HEAD, PATCH"),
        ("GET", f"{AGENTS}/agent_1/publish", "POST"),
        ("DELETE", f"{AGENTS}/agent_1/versions/1", "GET, HEAD"),
        ("HEAD", CREATE, "POST"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    caller: Caller, method: str, path: str, allowed: str
) -> None:
    answer = caller.request(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
