"""Fifty at once: one wins, nobody is told otherwise, and the books balance."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest

from tests.support.builders import a_number
from tests.support.caller import CREATE, LIST, Answer, Caller, path_of
from tests.support.crowd import at_once
from tests.support.events import events_of
from tests.support.server import RunningServer

MANY = 50


def statuses(answers: Iterable[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


@pytest.mark.parametrize("organizations", [1, 2])
def test_of_fifty_creates_of_one_number_one_succeeds_and_forty_nine_are_refused(
    server: RunningServer, organizations: int
) -> None:
    callers = [server.organization() for _ in range(organizations)]
    number = a_number()
    answers = at_once(
        server,
        callers * (MANY // organizations),
        lambda caller, place: caller.request(
            "POST", CREATE, {"phone_number": number, "nickname": f"{place}"}
        ),
    )
    assert statuses(answers) == {200: 1, 409: MANY - 1}
    assert {a.json["code"] for a in answers if a.status == 409} == {"phone_number.exists"}
    (won,) = (answer.data for answer in answers if answer.status == 200)
    owners = [caller for caller in callers if caller.listed()]
    assert [owner.organization_id for owner in owners] == [won["organization_id"]]
    (owner,) = owners
    assert owner.listed() == [number]
    assert owner.show(number)["nickname"] == won["nickname"]
    assert [entry["action"] for entry in owner.history(number)] == ["created"]
    events = [event for c in callers for event in server.read(events_of, c.organization_id)]
    assert len(events) == 1
    totals = [c.request("POST", LIST, {}).data["pagination"]["total_count"] for c in callers]
    assert sum(totals) == 1


def test_fifty_requests_under_one_key_have_one_effect_and_one_answer(
    server: RunningServer, caller: Caller
) -> None:
    body = {"phone_number": a_number(), "nickname": "Sales"}
    answers = at_once(
        server,
        [caller] * MANY,
        lambda one, _: one.request("POST", CREATE, body, {"Idempotency-Key": "k"}),
    )
    assert statuses(answers) == {200: MANY}
    assert len({(answer.body, answer.headers["etag"]) for answer in answers}) == 1
    first = [answer for answer in answers if "idempotency-replayed" not in answer.headers]
    assert len(first) == 1
    assert len({answer.headers["x-request-id"] for answer in answers}) == MANY
    assert len(caller.history(body["phone_number"])) == 1
    assert len(server.read(events_of, caller.organization_id)) == 1


def test_of_fifty_different_bodies_under_one_key_one_is_done(
    server: RunningServer, caller: Caller
) -> None:
    numbers = [a_number() for _ in range(MANY)]
    answers = at_once(
        server,
        [caller] * MANY,
        lambda one, place: one.request(
            "POST", CREATE, {"phone_number": numbers[place]}, {"Idempotency-Key": "k"}
        ),
    )
    assert statuses(answers) == {200: 1, 409: MANY - 1}
    assert {a.json["code"] for a in answers if a.status == 409} == {"idempotency.mismatch"}
    assert len(caller.listed()) == 1


def test_of_fifty_changes_decided_on_one_revision_one_succeeds(
    server: RunningServer, caller: Caller
) -> None:
    number = a_number()
    caller.create(number)
    tag = caller.request("GET", path_of(number)).headers["etag"]
    answers = at_once(
        server,
        [caller] * MANY,
        lambda one, place: one.request(
            "PATCH", path_of(number), {"nickname": f"name {place}"}, {"If-Match": tag}
        ),
    )
    assert statuses(answers) == {200: 1, 412: MANY - 1}
    (won,) = (answer.data["nickname"] for answer in answers if answer.status == 200)
    shown = caller.show(number)
    assert (shown["nickname"], shown["revision"]) == (won, 2)


def test_fifty_changes_without_a_condition_are_fifty_revisions_in_a_row(
    server: RunningServer, caller: Caller
) -> None:
    number = a_number()
    caller.create(number, nickname="name before")
    answers = at_once(
        server,
        [caller] * MANY,
        lambda one, place: one.request("PATCH", path_of(number), {"nickname": f"name {place}"}),
    )
    assert statuses(answers) == {200: MANY}
    tags = {int(answer.headers["etag"].strip('"').rpartition(".")[2]) for answer in answers}
    assert tags == set(range(2, MANY + 2))
    entries = caller.history(number)[::-1]
    assert [entry["revision"] for entry in entries] == list(range(1, MANY + 2))
    for before, after in pairwise(entries):
        told = after["changes"]["nickname"]["from"]
        assert told == before["changes"]["nickname"]["to"]
    assert entries[-1]["changes"]["nickname"]["to"] == caller.show(number)["nickname"]


def test_of_fifty_deletions_one_succeeds(server: RunningServer, caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    answers = at_once(server, [caller] * MANY, lambda one, _: one.delete(number))
    assert statuses(answers) == {200: 1, 404: MANY - 1}
    assert caller.request("POST", LIST, {}).data["pagination"]["total_count"] == 0


def test_the_total_is_exact_after_creations_and_deletions_at_once(
    server: RunningServer, caller: Caller
) -> None:
    numbers = [a_number() for _ in range(10)]

    def come_and_go(one: Caller, place: int) -> Counter[str]:
        done: Counter[str] = Counter()
        for turn in range(6):
            number = numbers[(place + turn) % len(numbers)]
            if turn % 2:
                done["deleted"] += one.delete(number).status == 200
            else:
                created = one.request("POST", CREATE, {"phone_number": number})
                done["created"] += created.status == 200
        return done

    done = sum(at_once(server, [caller] * 20, come_and_go), Counter[str]())
    left = caller.listed()
    total = caller.request("POST", LIST, {}).data["pagination"]["total_count"]
    assert done["created"] - done["deleted"] == len(left) == total
    told: Counter[str] = Counter()
    for number in numbers:
        if caller.request("GET", path_of(number, "/history")).status == 200:
            actions = [entry["action"] for entry in caller.history(number)][::-1]
            assert actions == (["created", "deleted"] * len(actions))[: len(actions)]
            told.update(actions)
    assert told == {action: count for action, count in done.items() if count}
