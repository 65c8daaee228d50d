"""``ETag`` and ``If-Match``: a change that was decided on what is no longer true is refused."""

import pytest

from tests.support.builders import a_number
from tests.support.caller import CREATE, NUMBERS, Answer, Caller, path_of


def etag(caller: Caller, phone_number: str) -> str:
    return caller.request("GET", path_of(phone_number)).headers["etag"]


def change(caller: Caller, phone_number: str, if_match: str | bytes, name: str = "x") -> Answer:
    return caller.request(
        "PATCH", path_of(phone_number), {"nickname": name}, {"If-Match": if_match}
    )


@pytest.fixture
def number(caller: Caller) -> str:
    """A number of the caller, in revision 1."""
    phone_number = a_number()
    caller.create(phone_number)
    return phone_number


def test_get_create_and_patch_give_the_same_tag_for_the_same_revision(caller: Caller) -> None:
    phone_number = a_number()
    created = caller.request("POST", CREATE, {"phone_number": phone_number})
    shown = caller.request("GET", path_of(phone_number))
    changed = caller.request("PATCH", path_of(phone_number), {"nickname": "Sales"})
    shown_again = caller.request("GET", path_of(phone_number))
    registration = shown.data["registration_id"]
    assert created.headers["etag"] == shown.headers["etag"] == f'"{registration}.1"'
    assert changed.headers["etag"] == shown_again.headers["etag"] == f'"{registration}.2"'


def test_lists_and_refusals_carry_no_tag(caller: Caller, number: str) -> None:
    answers = [
        caller.request("GET", NUMBERS),
        caller.request("GET", path_of(number, "/history")),
        caller.request("GET", path_of("+12025550123")),
        caller.request("PATCH", path_of(number), {"area_code": 1}),
    ]
    assert not any("etag" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    "condition",
    [
        "TAG",
        " TAG ",
        '"num_other.1", TAG',
        'TAG, "num_other.1"',
        '"num_other.1",TAG,"num_other.2"',
        ', ,"num_other.1",,TAG,',
        'W/"num_other.1", TAG',
        "W/TAG, TAG",
        '"a,b", TAG',
        "*",
        " * ",
    ],
)
def test_a_condition_that_holds_lets_the_change_through(
    caller: Caller, number: str, condition: str
) -> None:
    answer = change(caller, number, condition.replace("TAG", etag(caller, number)))
    assert answer.data["nickname"] == "x"


@pytest.mark.parametrize(
    "condition",
    [
        '"num_other.1"',
        "W/TAG",
        "w/TAG",
        'W/TAG, "num_other.1"',
        '"*"',
        "BARE",
        "'BARE'",
        '"BARE',
        'BARE"',
        "TAGTAG",
        "x TAG",
        "TAG; q=1",
        "*, TAG",
        "TAG, *",
        "",
        '""',
        b'"\xff"',
    ],
)
def test_a_condition_that_does_not_hold_or_is_none_refuses_the_change_and_the_deletion(
    caller: Caller, number: str, condition: str | bytes
) -> None:
    tag = etag(caller, number)
    if isinstance(condition, str):
        condition = condition.replace("TAG", tag).replace("BARE", tag.strip('"'))
    refusal = (
        412,
        "etag.mismatch",
        f"Phone number '{number}' is now {tag}; read it again and retry",
    )
    assert change(caller, number, condition).refusal == refusal
    deletion = caller.request("DELETE", path_of(number), headers={"If-Match": condition})
    assert deletion.refusal == refusal
    assert caller.show(number)["revision"] == 1


def test_without_a_condition_the_last_one_wins(caller: Caller, number: str) -> None:
    caller.patch(number, nickname="a")
    assert caller.patch(number, nickname="b")["nickname"] == "b"


def test_of_two_changes_decided_on_the_same_revision_the_second_is_refused(
    caller: Caller, number: str
) -> None:
    tag = etag(caller, number)
    assert change(caller, number, tag, "first").status == 200
    assert change(caller, number, tag, "second").status == 412
    assert caller.show(number)["nickname"] == "first"


def test_a_change_that_changes_nothing_is_refused_too_when_its_condition_fails(
    caller: Caller, number: str
) -> None:
    answer = caller.request("PATCH", path_of(number), {}, {"If-Match": '"num_other.1"'})
    assert answer.status == 412


def test_a_deletion_whose_condition_holds_deletes(caller: Caller, number: str) -> None:
    tag = etag(caller, number)
    answer = caller.request("DELETE", path_of(number), headers={"If-Match": tag})
    assert answer.status == 200
    assert caller.listed() == []


def test_a_number_deleted_and_registered_again_does_not_look_unchanged(
    caller: Caller, number: str
) -> None:
    tag = etag(caller, number)
    caller.delete(number)
    caller.create(number)
    assert caller.show(number)["revision"] == 1
    assert change(caller, number, tag).status == 412


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_number_that_is_not_there_is_not_found_whatever_the_condition(
    caller: Caller, method: str
) -> None:
    for condition in ("*", '"num_other.1"'):
        answer = caller.request(method, path_of("+12025550123"), {}, {"If-Match": condition})
        assert answer.refusal[:2] == (404, "phone_number.not_found")


def test_conditions_in_two_headers_are_one_list(caller: Caller, number: str) -> None:
    headers = [
        ("X-API-KEY", caller.api_key),
        ("X-API-SECRET", caller.api_secret),
        ("If-Match", '"num_other.1"'),
        ("If-Match", etag(caller, number)),
    ]
    answer = caller.wire.exchange("PATCH", path_of(number), headers, b'{"nickname": "x"}')
    assert answer.status == 200
