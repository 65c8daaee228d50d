"""A name that no worker may have, and white space that is no part of a header's value."""

import pytest

from tests.support.builders import a_number
from tests.support.caller import AVAILABLE, CREATE, Caller, path_of


@pytest.mark.parametrize("field", ["inbound_agent_id", "outbound_agent_id", "fallback_agent_id"])
def test_no_number_is_bound_to_the_worker_that_nobody_is(caller: Caller, field: str) -> None:
    refusal = (
        400,
        "validation.choice",
        f"{field}: cordboard-nobody is reserved; name another",
    )
    body = {"phone_number": a_number(), field: "cordboard-nobody"}
    assert caller.request("POST", CREATE, body).refusal == refusal
    number = a_number()
    caller.create(number)
    changed = caller.request("PATCH", path_of(number), {field: "cordboard-nobody"})
    assert changed.refusal == refusal


@pytest.mark.parametrize("blanks", ["  ", "\t"])
def test_blanks_around_credentials_are_no_part_of_them(caller: Caller, blanks: str) -> None:
    padded = {
        "X-API-KEY": f"{caller.api_key}{blanks}",
        "X-API-SECRET": f"{blanks}{caller.api_secret}{blanks}",
    }
    assert caller.request("GET", AVAILABLE, headers=padded).status == 200


def test_credentials_of_blanks_alone_are_missing(caller: Caller) -> None:
    answer = caller.request("GET", AVAILABLE, headers={"X-API-SECRET": "  "})
    assert answer.refusal[:2] == (401, "auth.missing")


def test_an_idempotency_key_is_the_same_with_and_without_blanks_behind_it(caller: Caller) -> None:
    body = {"phone_number": a_number()}
    first = caller.request("POST", CREATE, body, {"Idempotency-Key": "once"})
    again = caller.request("POST", CREATE, body, {"Idempotency-Key": "once  "})
    assert (again.status, again.body) == (200, first.body)
