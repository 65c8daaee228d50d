"""Key pairs over HTTP: one pair makes, shows, changes and ends others of its organization."""

from typing import Any

import pytest

from cordboard.edge.api.key_shapes import WARNING
from tests.support.builders import a_number
from tests.support.caller import NUMBERS, Caller, Wire
from tests.support.clock import SettableClock
from tests.support.server import RunningServer

MADE_AT = "2024-01-15T10:30:00Z"
DAY_S = 86_400
NOT_USABLE = (401, "auth.invalid", "The API key or secret is invalid")


def keys_path(caller: Caller, *rest: str) -> str:
    """Return the path of an organization's key pairs, or of one of them."""
    return "/".join((f"/api/organizations/{caller.organization_id}/api-keys", *rest))


def made(caller: Caller, body: object = None) -> dict[str, Any]:
    """Make a key pair and return the ``data`` of the answer."""
    data: dict[str, Any] = caller.request("POST", keys_path(caller), body).data
    return data


def rotated(caller: Caller, key: dict[str, Any], body: object = None) -> dict[str, Any]:
    """Rotate a key pair and return the ``data`` of the answer."""
    path = keys_path(caller, key["api_key_id"], "rotate")
    data: dict[str, Any] = caller.request("POST", path, body).data
    return data


def with_pair(caller: Caller, key: dict[str, Any]) -> Caller:
    """Call with another key pair, on the same connection."""
    wire: Wire = caller.wire
    return Caller(wire, key["organization_id"], key["api_key"], key["api_secret"])


def status_of(caller: Caller) -> int:
    """Use a key pair for something that every scope of numbers allows."""
    return caller.request("GET", NUMBERS).status


def test_a_new_pair_is_answered_whole_once(own_server: RunningServer) -> None:
    caller = own_server.organization()
    body = {
        "name": "  CRM sync ",
        "scopes": ["numbers:write", "numbers:read"],
        "expires_at": "2024-01-15T11:00:00Z",
    }
    answer = caller.request("POST", keys_path(caller), body)
    data = answer.data
    assert list(answer.json) == ["message", "status", "error", "data"]
    assert answer.json["message"] == "API key generated successfully"
    assert data["api_key_id"].startswith("apikey_")
    assert data["api_key"].startswith("sk_")
    assert data["api_secret"].startswith("s3cr3t_")
    ids = {field: data[field] for field in ("api_key_id", "api_key", "api_secret")}
    assert data == ids | {
        "organization_id": caller.organization_id,
        "name": "CRM sync",
        "scopes": ["numbers:read", "numbers:write"],
        "status": "ACTIVE",
        "created_at": MADE_AT,
        "expires_at": "2024-01-15T11:00:00Z",
        "warning": WARNING,
    }
    assert "cache-control" in answer.headers
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [None, {}, b"", {"name": None, "scopes": None}])
def test_an_empty_body_makes_a_pair_that_may_do_what_the_callers_may(
    server: RunningServer, body: object
) -> None:
    caller = server.key_pair(server.organization(), "admin", "calls:read")
    data = made(caller, body)
    assert data["scopes"] == ["calls:read", "admin"]
    assert (data["name"], data["expires_at"]) == (None, None)
    assert status_of(with_pair(caller, data)) == 200


def test_a_pair_may_do_what_its_scopes_say_and_no_more(caller: Caller) -> None:
    reader = with_pair(caller, made(caller, {"scopes": ["numbers:read"]}))
    number = a_number()
    assert status_of(reader) == 200
    refused = reader.request("POST", f"{NUMBERS}/create", {"phone_number": number})
    needed = "This needs a key pair with the scope 'numbers:write'"
    assert refused.refusal == (403, "auth.scope", needed)


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ({"nme": "x"}, "unknown_field", "nme: is not a field of this request"),
        ({"name": 1}, "type", "name: must be a string, not an integer"),
        ({"name": ""}, "length", "name: must have 1 to 100 characters"),
        ({"name": "x" * 101}, "length", "name: must have 1 to 100 characters"),
        ({"name": "a\0b"}, "characters", "name: must not hold the NUL character"),
        ({"scopes": "admin"}, "type", "scopes: must be an array, not a string"),
        ({"scopes": [1]}, "type", "scopes[0]: must be a string, not an integer"),
        ({"scopes": []}, "length", "scopes: name at least one scope, or leave it out"),
        ({"expires_at": 0}, "type", "expires_at: must be a string, not an integer"),
        (
            {"expires_at": "tomorrow"},
            "type",
            "expires_at: must be an ISO 8601 instant in UTC, such as 2030-01-31T12:00:00Z",
        ),
        ({"expires_at": "2024-01-15T10:30:00Z"}, "range", "expires_at: must lie in the future"),
    ],
)
def test_a_wrong_field_is_named(
    caller: Caller, body: dict[str, Any], code: str, error: str
) -> None:
    refusal = caller.request("POST", keys_path(caller), body).refusal
    assert refusal == (400, f"validation.{code}", error)


def test_an_unknown_scope_is_refused_with_those_that_there_are(caller: Caller) -> None:
    body = {"scopes": ["numbers:read", "everything"]}
    status, code, error = caller.request("POST", keys_path(caller), body).refusal
    assert (status, code) == (400, "validation.choice")
    assert error.startswith("scopes[1]: must be one of numbers:read, numbers:write,")


def test_a_list_shows_every_pair_of_the_organization_and_no_secret(
    own_server: RunningServer,
) -> None:
    caller = own_server.organization()
    stranger = own_server.organization("Stranger")
    first = made(caller, {"name": "one"})
    made(stranger, {"name": "theirs"})
    answer = caller.request("GET", keys_path(caller))
    assert answer.json["message"] == "API keys retrieved successfully"
    assert answer.data["organization_id"] == caller.organization_id
    assert answer.data["returned_count"] == 2
    assert {item["name"] for item in answer.data["api_keys"]} == {"first", "one"}
    assert b"s3cr3t_" not in answer.body
    shown = next(item for item in answer.data["api_keys"] if item["name"] == "one")
    assert shown == {
        "api_key_id": first["api_key_id"],
        "api_key": first["api_key"],
        "organization_id": caller.organization_id,
        "name": "one",
        "scopes": ["admin"],
        "status": "ACTIVE",
        "created_at": MADE_AT,
        "expires_at": None,
        "previous_secret_expires_at": None,
        "revoked_at": None,
        "last_used_at": None,
    }


def test_a_list_says_what_became_of_each_pair(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    revoked = made(caller, {"name": "revoked"})
    made(caller, {"name": "expired", "expires_at": "2024-01-15T10:30:01Z"})
    caller.request("DELETE", keys_path(caller, revoked["api_key_id"]))
    clock.advance(seconds=1)
    keys = caller.request("GET", keys_path(caller)).data["api_keys"]
    states = {key["name"]: (key["status"], key["revoked_at"]) for key in keys}
    assert states == {
        "first": ("ACTIVE", None),
        "revoked": ("REVOKED", MADE_AT),
        "expired": ("EXPIRED", None),
    }


def test_a_revoked_pair_ends_at_once_though_it_was_just_used(own_server: RunningServer) -> None:
    caller = own_server.organization()
    other = with_pair(caller, key := made(caller))
    assert status_of(other) == 200
    answer = caller.request("DELETE", keys_path(caller, key["api_key_id"]))
    assert answer.json["message"] == "API key revoked successfully"
    assert (answer.data["status"], answer.data["revoked_at"]) == ("REVOKED", MADE_AT)
    assert other.request("GET", NUMBERS).refusal == NOT_USABLE


def test_a_pair_may_revoke_itself(own_server: RunningServer) -> None:
    caller = own_server.organization()
    own = with_pair(caller, key := made(caller))
    assert own.request("DELETE", keys_path(own, key["api_key_id"])).data["status"] == "REVOKED"
    assert own.request("GET", NUMBERS).refusal == NOT_USABLE
    assert status_of(caller) == 200


def test_revoking_twice_answers_the_same(own_server: RunningServer, clock: SettableClock) -> None:
    caller = own_server.organization()
    path = keys_path(caller, made(caller)["api_key_id"])
    first = caller.request("DELETE", path).body
    clock.advance(hours=1)
    assert caller.request("DELETE", path).body == first


def test_a_revoked_pair_gets_no_new_secret(caller: Caller) -> None:
    key = made(caller)
    caller.request("DELETE", keys_path(caller, key["api_key_id"]))
    answer = caller.request("POST", keys_path(caller, key["api_key_id"], "rotate"))
    text = f"API key with ID '{key['api_key_id']}' is revoked; create a new one"
    assert answer.refusal == (409, "api_key.ended", text)


def test_a_rotation_answers_the_new_secret_while_the_old_one_still_works(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    old = made(caller, {"name": "CRM sync"})
    answer = caller.request("POST", keys_path(caller, old["api_key_id"], "rotate"))
    assert answer.json["message"] == "API key rotated successfully"
    new = answer.data
    assert new["api_secret"] != old["api_secret"]
    assert new == old | {
        "api_secret": new["api_secret"],
        "previous_secret_expires_at": "2024-01-16T10:30:00Z",
    }
    clock.advance(seconds=DAY_S, ms=-1)
    assert (status_of(with_pair(caller, old)), status_of(with_pair(caller, new))) == (200, 200)
    clock.advance(ms=1)
    assert (status_of(with_pair(caller, old)), status_of(with_pair(caller, new))) == (401, 200)


def test_a_rotation_without_grace_ends_the_old_secret_at_once(own_server: RunningServer) -> None:
    caller = own_server.organization()
    old = made(caller)
    assert status_of(with_pair(caller, old)) == 200
    new = rotated(caller, old, {"grace_seconds": 0})
    assert (status_of(with_pair(caller, old)), status_of(with_pair(caller, new))) == (401, 200)


def test_a_second_rotation_ends_the_oldest_secret(own_server: RunningServer) -> None:
    caller = own_server.organization()
    first = made(caller)
    second = rotated(caller, first)
    assert status_of(with_pair(caller, first)) == 200
    third = rotated(caller, first)
    states = [status_of(with_pair(caller, key)) for key in (first, second, third)]
    assert states == [401, 200, 200]


@pytest.mark.parametrize("grace_seconds", [0, 1, 604_800])
def test_a_grace_is_up_to_a_week(own_server: RunningServer, grace_seconds: int) -> None:
    caller = own_server.organization()
    ends_at = {0: MADE_AT, 1: "2024-01-15T10:30:01Z", 604_800: "2024-01-22T10:30:00Z"}
    new = rotated(caller, made(caller), {"grace_seconds": grace_seconds})
    assert new["previous_secret_expires_at"] == ends_at[grace_seconds]


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ({"grace": 1}, "unknown_field", "grace: is not a field of this request"),
        ({"grace_seconds": "1"}, "type", "grace_seconds: must be an integer, not a string"),
        ({"grace_seconds": -1}, "range", "grace_seconds: must be from 0 to 604800"),
        ({"grace_seconds": 604_801}, "range", "grace_seconds: must be from 0 to 604800"),
    ],
)
def test_a_wrong_grace_is_refused(
    caller: Caller, body: dict[str, Any], code: str, error: str
) -> None:
    path = keys_path(caller, made(caller)["api_key_id"], "rotate")
    refusal = caller.request("POST", path, body).refusal
    assert refusal == (400, f"validation.{code}", error)


@pytest.mark.parametrize("key", ["k", "", "\xe9".encode(), "k" * 300])
@pytest.mark.parametrize("rest", [(), ("apikey_0", "rotate")])
def test_an_answer_that_shows_a_secret_takes_no_idempotency_key(
    caller: Caller, key: str | bytes, rest: tuple[str, ...]
) -> None:
    answer = caller.request("POST", keys_path(caller, *rest), {}, {"Idempotency-Key": key})
    text = "Idempotency-Key: this answer shows a secret, so it is never stored"
    assert answer.refusal == (400, "idempotency.unsupported", text)
    assert answer.json["message"] == "Idempotency key unsupported"


ENDPOINTS = [
    ("POST", ()),
    ("GET", ()),
    ("DELETE", ("apikey_0123456789abcdef01234567",)),
    ("POST", ("apikey_0123456789abcdef01234567", "rotate")),
]


@pytest.mark.parametrize(("method", "rest"), ENDPOINTS)
def test_only_an_admin_may_touch_key_pairs(
    server: RunningServer, caller: Caller, method: str, rest: tuple[str, ...]
) -> None:
    other = server.key_pair(caller, "numbers:read", "numbers:write", "carriers:write")
    refusal = other.request(method, keys_path(other, *rest)).refusal
    assert refusal == (403, "auth.scope", "This needs a key pair with the scope 'admin'")


@pytest.mark.parametrize(("method", "rest"), ENDPOINTS)
def test_another_organization_looks_like_a_missing_one(
    server: RunningServer, caller: Caller, method: str, rest: tuple[str, ...]
) -> None:
    stranger = server.organization("Stranger")
    for organization_id in (stranger.organization_id, "org_missing", "org_\N{SNOWMAN}", "%00"):
        path = keys_path(caller, *rest).replace(caller.organization_id, organization_id)
        answer = caller.request(method, path.replace("\N{SNOWMAN}", "%E2%98%83"))
        shown = organization_id.replace("%00", "\0")
        text = f"Organization with ID '{shown}' does not exist"
        assert answer.refusal == (404, "organization.not_found", text)


@pytest.mark.parametrize(("method", "rest"), [("DELETE", ()), ("POST", ("rotate",))])
def test_another_organizations_pair_looks_like_a_missing_one(
    server: RunningServer, caller: Caller, method: str, rest: tuple[str, ...]
) -> None:
    theirs = made(server.organization("Stranger"))["api_key_id"]
    for api_key_id in (theirs, "apikey_0123456789abcdef01234567", "sk_1", "%00", "a%FF"):
        answer = caller.request(method, keys_path(caller, api_key_id, *rest))
        shown = api_key_id.replace("%00", "\0").replace("%FF", "\ufffd")
        text = (
            f"API key with ID '{shown}' does not exist in organization '{caller.organization_id}'"
        )
        assert answer.refusal == (404, "api_key.not_found", text)


def test_an_expired_pair_is_like_an_unknown_one(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    other = with_pair(caller, made(caller, {"expires_at": "2024-01-15T10:30:01Z"}))
    assert status_of(other) == 200
    clock.advance(seconds=1)
    assert other.request("GET", NUMBERS).refusal == NOT_USABLE
