"""Aliases of a number over HTTP: an extension that nobody sees who does not use it."""

from typing import Any

from tests.support.builders import a_name, a_number
from tests.support.caller import CREATE, LIST, Caller, path_of
from tests.support.server import RunningServer

EXPLAIN = "/api/route/explain"


def explained(caller: Caller, to: str) -> Any:  # noqa: ANN401 - JSON as it came
    return caller.request("POST", EXPLAIN, {"to": to}).data


def everywhere(caller: Caller, number: str) -> list[dict[str, Any]]:
    """Return the number as GET and a list show it."""
    items = caller.request("POST", LIST, {}).data["phone_numbers"]
    return [caller.show(number), *(item for item in items if item["phone_number"] == number)]


def test_a_number_without_aliases_is_answered_as_the_published_api_has_it(caller: Caller) -> None:
    nothing: list[list[str] | None] = [None, []]
    for empty in nothing:
        number = a_number()
        answers = [caller.create(number, aliases=empty), caller.patch(number, aliases=empty)]
        for answer in (*answers, *everywhere(caller, number)):
            assert "aliases" not in answer
        assert "aliases" not in caller.history(number)[0]["changes"]
        assert caller.show(number)["revision"] == 1


def test_aliases_are_shown_as_they_are_compared_wherever_the_number_is(caller: Caller) -> None:
    number, first, second = a_number(), a_name("Desk"), a_name("queue")
    created = caller.create(number, aliases=[f"sip:{first}@sip.example.com", second])
    assert created["aliases"] == [first, second]
    patched = caller.patch(number, nickname="Sales")
    for answer in (patched, *everywhere(caller, number)):
        assert answer["aliases"] == [first, second]


def test_a_change_of_aliases_replaces_them_all_and_is_told(caller: Caller) -> None:
    number, first, second = a_number(), a_name(), a_name()
    caller.create(number, aliases=[first])
    assert caller.patch(number, aliases=[second])["aliases"] == [second]
    assert "aliases" not in caller.patch(number, aliases=None)
    caller.patch(number, aliases=[first])
    caller.delete(number)
    told = [entry["changes"]["aliases"] for entry in caller.history(number)]
    assert told == [
        {"from": [first], "to": None},
        {"from": [], "to": [first]},
        {"from": [second], "to": []},
        {"from": [first], "to": [second]},
        {"from": None, "to": [first]},
    ]


def test_the_same_aliases_again_change_nothing(caller: Caller) -> None:
    number, alias = a_number(), a_name()
    caller.create(number, aliases=[alias])
    before = caller.request("GET", path_of(number))
    body = {"aliases": [f" sip:{alias}@elsewhere.example.com "]}
    assert caller.request("PATCH", path_of(number), body).headers["etag"] == before.headers["etag"]
    assert caller.request("GET", path_of(number)).body == before.body


def test_an_alias_leads_to_one_number_and_its_owner_is_not_named(
    server: RunningServer, caller: Caller
) -> None:
    alias, number, own = a_name(), a_number(), a_number()
    server.organization().create(number, aliases=[alias])
    caller.create(own)
    refusal = (409, "alias.exists", f"Alias '{alias}' leads to a phone number already")
    created = caller.request("POST", CREATE, {"phone_number": a_number(), "aliases": [alias]})
    changed = caller.request("PATCH", path_of(own), {"aliases": [alias]})
    assert created.refusal == changed.refusal == refusal
    assert created.json["message"] == "Alias already exists"
    assert caller.show(own)["revision"] == 1


def test_a_precondition_is_checked_before_an_alias(server: RunningServer, caller: Caller) -> None:
    alias, own = a_name(), a_number()
    server.organization().create(a_number(), aliases=[alias])
    caller.create(own)
    headers = {"If-Match": '"num_0.1"'}
    answer = caller.request("PATCH", path_of(own), {"aliases": [alias]}, headers)
    assert answer.refusal[:2] == (412, "etag.mismatch")


def test_a_refused_alias_can_be_sent_again_under_its_key_once_it_is_free(
    server: RunningServer, caller: Caller
) -> None:
    other, taken = server.organization(), a_number()
    body = {"phone_number": a_number(), "aliases": [a_name()]}
    other.create(taken, aliases=body["aliases"])
    key = {"Idempotency-Key": "alias"}
    assert caller.request("POST", CREATE, body, key).status == 409
    other.patch(taken, aliases=None)
    first = caller.request("POST", CREATE, body, key)
    again = caller.request("POST", CREATE, body, key)
    assert (first.status, again.body) == (200, first.body)


def test_a_call_to_an_alias_is_explained(caller: Caller) -> None:
    number, alias = a_number(), a_name("queue")
    caller.create(number, inbound_agent_id="desk", aliases=[alias])
    for to in (alias, f"sip:{alias}@sip.example.com;transport=udp", f" {alias} "):
        data = explained(caller, to)
        assert (data["outcome"], data["phone_number"]) == ("accepted", number)
        dialled, found = data["trace"][:2]
        assert (dialled["step"], dialled["result"]) == ("dialled", "not_found")
        assert (found["step"], found["result"]) == ("number", "found")
        assert found["detail"] == f"{number} is registered, alias '{alias}'"
    assert explained(caller, alias.upper())["reason"] == "unknown_number"


def test_another_organization_s_alias_looks_like_none(
    server: RunningServer, caller: Caller
) -> None:
    alias = a_name("queue")
    server.organization().create(a_number(), inbound_agent_id="desk", aliases=[alias])
    theirs, nobodys = explained(caller, alias), explained(caller, a_name("queue"))
    assert theirs["reason"] == nobodys["reason"] == "unknown_number"
    assert theirs["trace"][1:] == nobodys["trace"][1:]
