"""Every code that a number route can answer, provoked once: status, message, code and text.

The exact words of bad fields are held by ``test_bad_inputs.py``; here is one row per code.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from litestar.handlers import HTTPRouteHandler

from cordboard.edge.api.app import ROUTES
from cordboard.numbers.model import NumberRules
from cordboard.organizations.operations import revoke_key
from cordboard.runtime.actor import Actor
from tests.support.agent_caller import agent_path, create_agent
from tests.support.builders import a_foreign_number, a_name, a_number
from tests.support.caller import CREATE, NUMBERS, Answer, Caller, path_of
from tests.support.clock import SettableClock
from tests.support.server import RunningServer

EVERYWHERE = {
    "auth.missing",
    "auth.invalid",
    "auth.scope",
    "route.not_found",
    "route.method_not_allowed",
    "database.unavailable",
    "internal",
}
"""Codes that any route can answer, so that none of them names them."""


class Row(NamedTuple):
    """How a code is provoked, and what is said then."""

    status: int
    message: str
    error: str
    provoke: Callable[[RunningServer, Caller, str], Answer]


def _create(caller: Caller, **fields: object) -> Answer:
    return caller.request("POST", CREATE, {"phone_number": a_number(), **fields})


def _change(caller: Caller, number: str, **fields: object) -> Answer:
    return caller.request("PATCH", path_of(number), fields)


def _with_reading_key(server: RunningServer, caller: Caller, number: str) -> Answer:
    return server.key_pair(caller, "numbers:read").delete(number)


def _with_another_body(server: RunningServer, caller: Caller, number: str) -> Answer:
    key = {"Idempotency-Key": "again"}
    assert caller.request("POST", CREATE, {"phone_number": a_number()}, key).status == 200
    return caller.request("POST", CREATE, {"phone_number": a_number()}, key)


def _in_a_missing_version(server: RunningServer, caller: Caller, number: str) -> Answer:
    agent_id = create_agent(caller)["agent_id"]
    return _change(caller, number, inbound_agent_id=agent_id, inbound_agent_version=2)


def _to_a_deleted_agent(server: RunningServer, caller: Caller, number: str) -> Answer:
    agent_id = create_agent(caller)["agent_id"]
    assert caller.request("DELETE", agent_path(agent_id)).status == 200
    return _change(caller, number, inbound_agent_id=agent_id)


def _with_an_alias_that_is_taken(_: RunningServer, caller: Caller, number: str) -> Answer:
    alias = a_name()
    caller.create(a_number(), aliases=[alias])
    return _change(caller, number, aliases=[alias])


INVALID = "Validation error"
UNAUTHORIZED = "Unauthorized"

# In a text, NUMBER is the caller's number and … stands for what differs from run to run.
CATALOGUE = {
    "validation.json": Row(
        400,
        INVALID,
        "body: is not JSON: it ends, unfinished, at line 1, column 2",
        lambda _, caller, __: caller.request("POST", CREATE, b"{"),
    ),
    "validation.type": Row(
        400,
        INVALID,
        "area_code: must be an integer, not a string",
        lambda _, caller, __: _create(caller, area_code="415"),
    ),
    "validation.unknown_field": Row(
        400,
        INVALID,
        "colour: is not a field of this request",
        lambda _, caller, __: _create(caller, colour="red"),
    ),
    "validation.required": Row(
        400,
        INVALID,
        "phone_number: is required",
        lambda _, caller, __: caller.request("POST", CREATE, {}),
    ),
    "validation.phone_number": Row(
        400,
        INVALID,
        "phone_number: its country code is not in use",
        lambda _, caller, __: caller.request("POST", CREATE, {"phone_number": "+999123456789"}),
    ),
    "validation.area_code": Row(
        400,
        INVALID,
        "area_code: is not the number's own; leave it out or send 415",
        lambda _, caller, __: _create(caller, area_code=212),
    ),
    "validation.url": Row(
        400,
        INVALID,
        "inbound_webhook_url: must name a host",
        lambda _, caller, __: _create(caller, inbound_webhook_url="https:///"),
    ),
    "validation.length": Row(
        400,
        INVALID,
        "nickname: must have 1 to 100 characters",
        lambda _, caller, number: _change(caller, number, nickname=""),
    ),
    "validation.characters": Row(
        400,
        INVALID,
        "nickname: must not hold the NUL character",
        lambda _, caller, number: _change(caller, number, nickname="\0"),
    ),
    "validation.choice": Row(
        400,
        INVALID,
        "number_provider: must be one of twilio, plivo, telnyx, sip, simulated",
        lambda _, caller, number: _change(caller, number, number_provider="acme"),
    ),
    "validation.range": Row(
        400,
        INVALID,
        "limit: must be from 1 to 1000",
        lambda _, caller, __: caller.request("GET", f"{NUMBERS}?limit=0"),
    ),
    "validation.immutable": Row(
        400,
        INVALID,
        "area_code: cannot be changed; leave it out",
        lambda _, caller, number: _change(caller, number, area_code=415),
    ),
    "validation.idempotency_key": Row(
        400,
        INVALID,
        "Idempotency-Key: must be 1 to 255 printable ASCII characters",
        lambda _, caller, __: caller.request(
            "POST", CREATE, {"phone_number": a_number()}, {"Idempotency-Key": ""}
        ),
    ),
    "auth.missing": Row(
        401,
        UNAUTHORIZED,
        "The header X-API-SECRET is missing or empty",
        lambda _, caller, __: caller.request("GET", NUMBERS, headers={"X-API-SECRET": None}),
    ),
    "auth.invalid": Row(
        401,
        UNAUTHORIZED,
        "The API key or secret is invalid",
        lambda _, caller, __: caller.request("GET", NUMBERS, headers={"X-API-SECRET": "no"}),
    ),
    "auth.scope": Row(
        403,
        "Forbidden",
        "This needs a key pair with the scope 'numbers:write'",
        _with_reading_key,
    ),
    "phone_number.not_found": Row(
        404,
        "Phone number not found",
        "Phone number with ID '+12025550123' does not exist in organization 'ORGANIZATION'",
        lambda _, caller, __: caller.delete("+12025550123"),
    ),
    "agent.not_found": Row(
        404,
        "Agent not found",
        "Agent with ID '…' does not exist in organization 'ORGANIZATION'",
        _to_a_deleted_agent,
    ),
    "agent_version.not_found": Row(
        404,
        "Agent version not found",
        "Version 2 of agent '…' does not exist",
        _in_a_missing_version,
    ),
    "route.not_found": Row(
        404,
        "Not found",
        "There is nothing at this path; the API is described at /docs",
        lambda _, caller, __: caller.request("GET", "/api/nowhere"),
    ),
    "route.method_not_allowed": Row(
        405,
        "Method not allowed",
        "This path takes POST",
        lambda _, caller, __: caller.request("GET", CREATE),
    ),
    "phone_number.exists": Row(
        409,
        "Phone number already exists",
        "Phone number with ID 'NUMBER' is already registered",
        lambda _, caller, number: caller.request("POST", CREATE, {"phone_number": number}),
    ),
    "alias.exists": Row(
        409,
        "Alias already exists",
        "Alias … leads to a phone number already",
        _with_an_alias_that_is_taken,
    ),
    "idempotency.mismatch": Row(
        409,
        "Idempotency key reused",
        "Idempotency-Key 'again' was used before with another body",
        _with_another_body,
    ),
    "etag.mismatch": Row(
        412,
        "Precondition failed",
        "Phone number 'NUMBER' is now \"….1\"; read it again and retry",
        lambda _, caller, number: caller.request(
            "PATCH", path_of(number), {"nickname": "x"}, {"If-Match": '"num_old.1"'}
        ),
    ),
    "request.too_large": Row(
        413,
        "Body too large",
        "A body may have up to 1,048,576 bytes",
        lambda _, caller, __: caller.request("POST", CREATE, b" " * 1_048_577),
    ),
    "request.media_type": Row(
        415,
        "Unsupported media type",
        "Send application/json, not text/csv",
        lambda _, caller, __: caller.request("POST", CREATE, b"a,b", {"Content-Type": "text/csv"}),
    ),
}

# These need a database of their own that fails; their tests are further below.
PROVOKED_BELOW = {"database.unavailable", "write.indeterminate", "storage.full", "internal"}


def documented() -> set[str]:
    """Return the codes that the routes of phone numbers say they can answer."""
    codes: set[str] = set()
    for handler in ROUTES:
        assert isinstance(handler, HTTPRouteHandler)
        operation = handler.opt["operation"]
        if operation.tag == "Phone numbers":
            codes.update(operation.codes)
    return codes


def test_every_code_that_a_number_route_documents_is_provoked_here() -> None:
    assert documented() | EVERYWHERE == CATALOGUE.keys() | PROVOKED_BELOW


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_code_comes_with_its_status_message_and_text(
    server: RunningServer, caller: Caller, code: str
) -> None:
    row = CATALOGUE[code]
    number = a_number()
    caller.create(number)

    answer = row.provoke(server, caller, number)

    failure = answer.json
    assert answer.status == row.status
    assert (failure["message"], failure["code"]) == (row.message, code)
    expected = row.error.replace("ORGANIZATION", caller.organization_id).replace("NUMBER", number)
    start, _, end = expected.partition("…")
    assert failure["error"].startswith(start)
    assert failure["error"].endswith(end)
    assert ("…" in expected) or failure["error"] == expected
    assert "data" not in failure


def test_a_path_that_takes_other_methods_lists_them_in_allow(caller: Caller) -> None:
    answer = caller.request("PUT", path_of("+12025550123"))
    assert (answer.status, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH")


def test_a_refused_pair_is_asked_for_its_credentials(caller: Caller) -> None:
    answer = caller.request("GET", NUMBERS, headers={"X-API-KEY": None})
    assert answer.headers["www-authenticate"] == 'ApiKey realm="cordboard"'


def id_of(caller: Caller, pair: Caller) -> str:
    """Return the id of a key pair, which is not its public half."""
    path = f"/api/organizations/{caller.organization_id}/api-keys"
    keys: list[dict[str, str]] = caller.request("GET", path).data["api_keys"]
    return next(key["api_key_id"] for key in keys if key["api_key"] == pair.api_key)


def test_the_unknown_the_wrong_the_revoked_and_the_expired_pair_get_the_same_answer(
    own_server: RunningServer, clock: SettableClock
) -> None:
    good = own_server.organization()
    revoked = own_server.key_pair(good)
    expired = own_server.key_pair(good, expires_ms=clock())
    actor = Actor(good.organization_id, None, "operator")
    own_server.write(revoke_key, actor, id_of(good, revoked))
    answers = [
        good.request("GET", NUMBERS, headers={"X-API-KEY": "sk_unknown"}),
        good.request("GET", NUMBERS, headers={"X-API-SECRET": "s3cr3t_wrong"}),
        good.request("GET", NUMBERS, headers={"X-API-SECRET": revoked.api_secret}),
        revoked.request("GET", NUMBERS),
        expired.request("GET", NUMBERS),
    ]
    texts = {answer.body.replace(answer.json["request_id"].encode(), b"") for answer in answers}
    assert ({answer.status for answer in answers}, len(texts)) == ({401}, 1)
    assert good.request("GET", NUMBERS).status == 200


def test_a_revoked_pair_that_was_just_used_is_refused_within_a_second(
    own_server: RunningServer, clock: SettableClock
) -> None:
    good = own_server.organization()
    pair = own_server.key_pair(good)
    assert pair.request("GET", NUMBERS).status == 200
    actor = Actor(good.organization_id, None, "operator")
    own_server.write(revoke_key, actor, id_of(good, pair))
    clock.advance(seconds=1)
    assert pair.request("GET", NUMBERS).refusal[1] == "auth.invalid"


def test_a_number_of_another_organization_exists_already_and_its_owner_is_not_named(
    server: RunningServer, caller: Caller
) -> None:
    number = a_foreign_number()
    owner = server.organization()
    owner.create(number)
    answer = caller.request("POST", CREATE, {"phone_number": number})
    assert answer.refusal == (
        409,
        "phone_number.exists",
        f"Phone number with ID '{number}' is already registered",
    )
    assert owner.organization_id.encode() not in answer.body


def test_an_agent_of_another_organization_looks_like_one_that_is_not_there(
    server: RunningServer, caller: Caller
) -> None:
    theirs = create_agent(server.organization())["agent_id"]
    answer = _create(caller, outbound_agent_id=theirs)
    assert answer.refusal == (
        404,
        "agent.not_found",
        f"Agent with ID '{theirs}' does not exist in organization '{caller.organization_id}'",
    )


def test_a_name_that_only_livekit_knows_is_not_found_where_agents_must_be_registered(
    database_url: str,
) -> None:
    rules = NumberRules(requires_registered_agents=True)
    with RunningServer(database_url, rules=rules) as strict:
        caller = strict.organization()
        organization_id = caller.organization_id
        assert _create(caller, inbound_agent_id="none_of_ours").refusal == (
            404,
            "agent.not_found",
            f"Agent with ID 'none_of_ours' does not exist in organization '{organization_id}'",
        )
        registered = create_agent(caller)["agent_id"]
        assert _create(caller, inbound_agent_id=registered).status == 200
