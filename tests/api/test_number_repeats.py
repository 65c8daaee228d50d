"""``Idempotency-Key``: a repeated create is answered again, not done again."""

from typing import Any

import pytest

from tests.support.agent_caller import AGENTS
from tests.support.builders import a_name, a_number
from tests.support.caller import CREATE, LIST, Answer, Caller, path_of
from tests.support.events import events_of
from tests.support.server import RunningServer

UNREPEATED = {"x-request-id", "date"}


def create(caller: Caller, body: object, key: str, path: str = CREATE) -> Answer:
    return caller.request("POST", path, body, {"Idempotency-Key": key})


def a_request(**fields: object) -> dict[str, Any]:
    return {"phone_number": a_number(), **fields}


def test_the_answer_is_repeated_byte_for_byte_with_its_tag(caller: Caller) -> None:
    body = a_request(nickname="Sales")
    first = create(caller, body, "k")
    second = create(caller, body, "k")
    assert second.body == first.body
    assert "idempotency-replayed" not in first.headers
    replayed = first.headers | {"idempotency-replayed": "true"}
    assert {k: v for k, v in second.headers.items() if k not in UNREPEATED} == {
        k: v for k, v in replayed.items() if k not in UNREPEATED
    }
    assert second.headers["x-request-id"] != first.headers["x-request-id"]


def test_the_repeated_answer_is_the_first_one_though_the_number_has_changed_since(
    caller: Caller,
) -> None:
    body = a_request(nickname="Sales")
    first = create(caller, body, "k")
    caller.patch(body["phone_number"], nickname="Support")
    second = create(caller, body, "k")
    assert (second.body, second.headers["etag"]) == (first.body, first.headers["etag"])
    assert caller.show(body["phone_number"])["nickname"] == "Support"


def test_the_repeated_answer_brings_no_deleted_number_back(caller: Caller) -> None:
    body = a_request()
    first = create(caller, body, "k")
    caller.delete(body["phone_number"])
    assert create(caller, body, "k").body == first.body
    assert caller.listed() == []


def test_a_repeat_has_one_effect(server: RunningServer, caller: Caller) -> None:
    body = a_request()
    for _ in range(3):
        assert create(caller, body, "k").status == 200
    assert caller.listed() == [body["phone_number"]]
    assert len(caller.history(body["phone_number"])) == 1
    assert len(server.read(events_of, caller.organization_id)) == 1


def test_without_a_key_the_second_create_is_refused(caller: Caller) -> None:
    body = a_request()
    assert caller.request("POST", CREATE, body).status == 200
    assert caller.request("POST", CREATE, body).refusal[1] == "phone_number.exists"


@pytest.mark.parametrize(
    "other",
    [
        '{"phone_number": "NUMBER", "nickname": "Sales"}',
        '{"phone_number": "NUMBER", "nickname": null}',
        '{"phone_number":"NUMBER"}',
        ' {"phone_number": "NUMBER"}',
        '{"phone\\u005fnumber": "NUMBER"}',
    ],
)
def test_another_body_under_the_same_key_is_refused_though_it_means_the_same(
    caller: Caller, other: str
) -> None:
    number = a_number()
    first = f'{{"phone_number": "{number}"}}'.encode()
    assert create(caller, first, "k").status == 200
    assert create(caller, other.replace("NUMBER", number).encode(), "k").refusal == (
        409,
        "idempotency.mismatch",
        "Idempotency-Key 'k' was used before with another body",
    )
    assert create(caller, first, "k").headers["idempotency-replayed"] == "true"


def test_a_refused_request_is_not_stored_and_may_be_corrected_under_its_key(
    server: RunningServer, caller: Caller
) -> None:
    taken = a_number()
    server.organization().create(taken)
    good = a_request()
    for bad in ({"phone_number": "+1"}, a_request(area_code=1), {"phone_number": taken}):
        assert create(caller, bad, "k").status in {400, 409}
    answer = create(caller, good, "k")
    assert answer.status == 200
    assert "idempotency-replayed" not in answer.headers
    assert create(caller, good, "k").headers["idempotency-replayed"] == "true"


def test_a_refused_pair_does_not_get_the_stored_answer(
    server: RunningServer, caller: Caller
) -> None:
    body = a_request()
    create(caller, body, "k")
    reader = server.key_pair(caller, "numbers:read")
    assert create(reader, body, "k").refusal[1] == "auth.scope"
    wrong = {"Idempotency-Key": "k", "X-API-SECRET": "s3cr3t_wrong"}
    assert caller.request("POST", CREATE, body, wrong).refusal[1] == "auth.invalid"


def test_a_key_belongs_to_the_organization_not_to_the_pair(
    server: RunningServer, caller: Caller
) -> None:
    body = a_request()
    first = create(caller, body, "k")
    assert create(server.key_pair(caller), body, "k").body == first.body


def test_another_organization_s_key_is_another_key(server: RunningServer, caller: Caller) -> None:
    theirs = server.organization()
    assert create(caller, a_request(), "k").status == 200
    answer = create(theirs, a_request(), "k")
    assert answer.status == 200
    assert answer.data["organization_id"] == theirs.organization_id


def test_the_same_key_on_another_path_is_another_key(caller: Caller) -> None:
    assert create(caller, a_request(), "k").status == 200
    answer = create(caller, {"agent_name": a_name()}, "k", f"{AGENTS}/create")
    assert answer.status == 200
    assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize("path", [f"{CREATE}/", CREATE.replace("/create", "//create")])
def test_the_same_path_in_another_spelling_is_the_same_path(caller: Caller, path: str) -> None:
    body = a_request()
    first = create(caller, body, "k")
    assert create(caller, body, "k", path).body == first.body


@pytest.mark.parametrize("key", [" ", "~", "k" * 255, "00", "0", "a b", '"quoted"', "K"])
def test_any_printable_ascii_is_a_key_of_its_own(caller: Caller, key: str) -> None:
    assert create(caller, a_request(), "k").status == 200
    body = a_request()
    if key.strip():
        assert create(caller, body, key).status == 200
        assert create(caller, body, key).headers["idempotency-replayed"] == "true"
    else:  # white space around a header's value is no part of it (RFC 9110, section 5.5)
        assert create(caller, body, key).refusal[1] == "validation.idempotency_key"


def test_two_keys_are_refused(caller: Caller) -> None:
    headers = [
        ("X-API-KEY", caller.api_key),
        ("X-API-SECRET", caller.api_secret),
        ("Idempotency-Key", "a"),
        ("Idempotency-Key", "a"),
    ]
    answer = caller.wire.exchange("POST", CREATE, headers, b'{"phone_number": "+12025550123"}')
    assert answer.refusal == (
        400,
        "validation.idempotency_key",
        "Idempotency-Key: must be given once, not twice",
    )


def test_reads_and_changes_take_no_notice_of_a_key(caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    key = {"Idempotency-Key": "k"}
    for name in ("a", "b"):
        answer = caller.request("PATCH", path_of(number), {"nickname": name}, key)
        assert answer.data["nickname"] == name
        listed = caller.request("POST", LIST, {"sort_by": "nickname"}, key)
        assert listed.data["phone_numbers"][0]["nickname"] == name
        assert "idempotency-replayed" not in listed.headers
