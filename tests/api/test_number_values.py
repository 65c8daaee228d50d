"""What a number is made of when it is created: defaults, what null means, and odd values kept."""

import json

import pytest

from tests.support.builders import a_foreign_number, a_number
from tests.support.caller import CREATE, Caller

ALL_FIELDS = [
    "phone_number",
    "organization_id",
    "phone_number_pretty",
    "area_code",
    "nickname",
    "phone_number_type",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_agent_version",
    "outbound_agent_version",
    "inbound_webhook_url",
    "number_provider",
    "outbound_trunk_id",
    "created_at",
    "updated_at",
    "last_modification_timestamp",
]
OPTIONAL = [
    "area_code",
    "nickname",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_agent_version",
    "outbound_agent_version",
    "inbound_webhook_url",
    "number_provider",
    "outbound_trunk_id",
    "phone_number_type",
]


def test_a_number_alone_gets_the_published_defaults(caller: Caller) -> None:
    phone_number = a_number(212)
    data = caller.create(phone_number)
    assert list(data) == ALL_FIELDS
    times = {"created_at", "updated_at", "last_modification_timestamp"}
    assert {key: value for key, value in data.items() if key not in times} == {
        "phone_number": phone_number,
        "organization_id": caller.organization_id,
        "phone_number_pretty": f"+1 (212) {phone_number[5:8]}-{phone_number[8:]}",
        "area_code": 212,
        "nickname": None,
        "phone_number_type": "custom",
        "inbound_agent_id": None,
        "outbound_agent_id": None,
        "inbound_agent_version": 1,
        "outbound_agent_version": 1,
        "inbound_webhook_url": None,
        "number_provider": "twilio",
        "outbound_trunk_id": None,
    }


def test_null_is_the_same_as_not_given_for_every_optional_field(caller: Caller) -> None:
    plain, with_nulls = a_number(), a_number()
    first = caller.create(plain)
    second = caller.create(with_nulls, **dict.fromkeys(OPTIONAL))
    alike = [field for field in OPTIONAL if field != "area_code"]
    assert [first[field] for field in alike] == [second[field] for field in alike]
    assert second["area_code"] == 415


def test_get_tells_all_that_create_told_and_what_cordboard_adds(caller: Caller) -> None:
    phone_number = a_number()
    created = caller.create(phone_number, nickname="Sales", outbound_trunk_id="ST_1")
    shown = caller.show(phone_number)
    assert list(shown) == [
        *ALL_FIELDS,
        "inbound_trunk_id",
        "dispatch_rule_id",
        "registration_id",
        "revision",
    ]
    assert {field: shown[field] for field in ALL_FIELDS} == created
    assert (shown["inbound_trunk_id"], shown["dispatch_rule_id"]) == (None, None)
    assert shown["registration_id"].startswith("num_")
    assert shown["revision"] == 1


def test_a_number_outside_north_america_has_no_area_code_and_its_own_way_of_writing(
    caller: Caller,
) -> None:
    data = caller.create("+442071838750")
    try:
        assert (data["area_code"], data["phone_number_pretty"]) == (None, "+44 20 7183 8750")
    finally:
        assert caller.delete("+442071838750").status == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Sales  ", "Sales"),
        ("\u00a0\u2003Sales\u3000\n", "Sales"),
        ("two  words", "two  words"),
        ("line\nbreak", "line\nbreak"),
        ("\u200b", "\u200b"),
        ("\u202eelas\u202c", "\u202eelas\u202c"),
        ("مبيعات", "مبيعات"),
        ("e\u0301", "e\u0301"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("😀" * 100, "😀" * 100),
        (f" {'n' * 100} ", "n" * 100),
        ("\x7f\x1b[31m", "\x7f\x1b[31m"),
        ("'; DROP TABLE phone_number; --", "'; DROP TABLE phone_number; --"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("%00 \\u0000 ${x} {{x}}", "%00 \\u0000 ${x} {{x}}"),
        ("\ufffe\uffff\U0010ffff", "\ufffe\uffff\U0010ffff"),
        ("null", "null"),
    ],
)
def test_a_nickname_is_kept_as_it_is_but_for_white_space_at_its_ends(
    caller: Caller, given: str, kept: str
) -> None:
    phone_number = a_number()
    assert caller.create(phone_number, nickname=given)["nickname"] == kept
    assert caller.show(phone_number)["nickname"] == kept
    listed = caller.request("POST", "/api/phone-numbers/list", {}).data["phone_numbers"]
    assert [number["nickname"] for number in listed] == [kept]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inbound_agent_id", "a"),
        ("inbound_agent_id", "a" * 128),
        ("inbound_agent_id", "A.b-c_9"),
        ("inbound_agent_id", "..."),
        ("outbound_agent_id", "-"),
        ("inbound_agent_version", 1),
        ("inbound_agent_version", 2_147_483_647),
        ("outbound_agent_version", 2_147_483_647),
        ("number_provider", "plivo"),
        ("number_provider", "telnyx"),
        ("number_provider", "sip"),
        ("number_provider", "simulated"),
        ("outbound_trunk_id", "S"),
        ("outbound_trunk_id", "s" * 128),
        ("phone_number_type", "t" * 64),
        ("phone_number_type", "ZUDU_TWILIO"),
        ("inbound_webhook_url", "http://127.0.0.1:9000/hook"),
        ("area_code", 415),
    ],
)
def test_a_value_at_the_edge_of_its_rule_is_taken(
    caller: Caller, field: str, value: object
) -> None:
    assert caller.create(a_number(), **{field: value})[field] == value


@pytest.mark.parametrize("version", [2, 2_147_483_647])
def test_a_version_needs_no_agent_and_is_kept(caller: Caller, version: int) -> None:
    data = caller.create(a_number(), inbound_agent_version=version)
    assert (data["inbound_agent_id"], data["inbound_agent_version"]) == (None, version)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": None},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": "Application/JSON"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_a_body_is_read_as_json_without_a_type_and_with_the_one_curl_sends_by_default(
    caller: Caller, headers: dict[str, str | bytes | None]
) -> None:
    body = json.dumps({"phone_number": a_number()}).encode()
    assert caller.request("POST", CREATE, body, headers).status == 200


def test_escaped_and_raw_letters_are_the_same_name(caller: Caller) -> None:
    raw = b'{"phone_number": "%b", "nickname": "\\u00e9\\ud83d\\ude00"}' % a_number().encode()
    assert caller.request("POST", CREATE, raw).data["nickname"] == "é😀"


def test_white_space_around_json_and_a_key_in_any_order_do_not_matter(caller: Caller) -> None:
    number = a_foreign_number()
    raw = b' \r\n\t{"nickname":"a" , "phone_number" :"%b" } \n' % number.encode()
    assert caller.request("POST", CREATE, raw).data["phone_number"] == number


@pytest.mark.parametrize("written", ["+{}", "%2B{}", "%2b{}"])
def test_the_plus_of_a_path_may_be_raw_or_encoded(caller: Caller, written: str) -> None:
    phone_number = a_number()
    caller.create(phone_number)
    path = f"/api/phone-numbers/{written.format(phone_number[1:])}"
    assert caller.request("GET", path).data["phone_number"] == phone_number
    assert caller.request("PATCH", path, {"nickname": "a"}).data["nickname"] == "a"
    assert caller.request("GET", f"{path}/history").data["phone_number"] == phone_number
    assert caller.request("DELETE", path).data["phone_number"] == phone_number
