"""Creates that break a rule of a field."""

# ruff: noqa: RUF001 - characters that are easily confused are what these rows are about

from tests.api.bad_inputs import Bad, create, create_with

_FORM = (
    "phone_number: must be E.164: '+', then 7 to 15 digits, the first not 0, and nothing else, "
    "like +14157774444"
)
_NORTH_AMERICA = "phone_number: a +1 number has ten digits, and its area code begins with 2 to 9"
_LENGTH = "phone_number: no number of that country has this length"
_COUNTRY = "phone_number: its country code is not in use"

NOT_E164 = [
    "",
    " ",
    "+",
    "+1",
    "911",
    "+911",
    "4157774444",
    "14157774444",
    "0014157774444",
    "++14157774444",
    "+04157774444",
    "+1 415 777 4444",
    "+1-415-777-4444",
    "+1(415)7774444",
    "+1.4157774444",
    "+1_4157774444",
    " +442071838750",
    "+442071838750 ",
    "+442071838750\n",
    "\u202d+442071838750\u202c",
    "+4420\u200b71838750",
    "+44\u00a02071838750",
    "tel:+14157774444",
    "sip:+14157774444@example.com",
    "+14157774444x5",
    "+14157774444;ext=5",
    "+1415SELLNOW",
    "+1234567890123456",
    "+１４１５７７７４４４４",
    "＋14157774444",
    "+١٤١٥٧٧٧٤٤٤٤",
    "+1415777444\u0000",
    "+" + "4" * 100_000,
]

PHONE_NUMBERS = [(text, _FORM) for text in NOT_E164] + [
    ("+1415777444", _NORTH_AMERICA),
    ("+141577744444", _NORTH_AMERICA),
    ("+11415777444", _NORTH_AMERICA),
    ("+114157774444", _NORTH_AMERICA),
    ("+11157774444", _NORTH_AMERICA),
    ("+10157774444", _NORTH_AMERICA),
    ("+999123456789", _COUNTRY),
    ("+2101234567", _COUNTRY),
    ("+44207183", _LENGTH),
    ("+4420718387501", _LENGTH),
    ("+47123456", _LENGTH),
    ("+800123456", _LENGTH),
    ("+8881234567", _LENGTH),
    (
        "+4402071838750",
        "phone_number: holds a national prefix; without it, it would be +442071838750",
    ),
    (
        "+330123456789",
        "phone_number: holds a national prefix; without it, it would be +33123456789",
    ),
    (
        "+610412345678",
        "phone_number: holds a national prefix; without it, it would be +61412345678",
    ),
    (
        "+5501112345678",
        "phone_number: holds a national prefix; without it, it would be +551112345678",
    ),
]

_OWN = "area_code: is not the number's own; leave it out or send 202"
_AGENT_CHARACTERS = "may only hold A-Z a-z 0-9 _ - ."
_CHARACTERS = "may only hold A-Z a-z 0-9 _ -"
_VERSION = "must be from 1 to 2147483647"
_CARRIERS = "must be one of twilio, plivo, telnyx, sip, simulated"

# (field, value, code, what is said after the field's path)
FIELDS: list[tuple[str, object, str, str]] = [
    ("area_code", "202", "type", "must be an integer, not a string"),
    ("area_code", "", "type", "must be an integer, not a string"),
    ("area_code", True, "type", "must be an integer, not true or false"),
    ("area_code", False, "type", "must be an integer, not true or false"),
    ("area_code", 202.0, "type", "must be an integer, not a decimal number"),
    ("area_code", 202.5, "type", "must be an integer, not a decimal number"),
    ("area_code", 1e300, "type", "must be an integer, not a decimal number"),
    ("area_code", [202], "type", "must be an integer, not an array"),
    ("area_code", {"code": 202}, "type", "must be an integer, not an object"),
    ("nickname", 5, "type", "must be a string, not an integer"),
    ("nickname", 0.5, "type", "must be a string, not a decimal number"),
    ("nickname", True, "type", "must be a string, not true or false"),
    ("nickname", ["Sales"], "type", "must be a string, not an array"),
    ("nickname", {"en": "Sales"}, "type", "must be a string, not an object"),
    ("nickname", "", "length", "must have 1 to 100 characters"),
    ("nickname", " ", "length", "must have 1 to 100 characters"),
    ("nickname", "\t\r\n\u00a0\u2003\u3000\u2028", "length", "must have 1 to 100 characters"),
    ("nickname", "n" * 101, "length", "must have 1 to 100 characters"),
    ("nickname", "😀" * 101, "length", "must have 1 to 100 characters"),
    ("nickname", f" {'n' * 101} ", "length", "must have 1 to 100 characters"),
    ("nickname", "n" * 900_000, "length", "must have 1 to 100 characters"),
    ("nickname", "Sales\0", "characters", "must not hold the NUL character"),
    ("nickname", "\0", "characters", "must not hold the NUL character"),
    ("nickname", "\ud83d", "characters", "must not hold lone surrogates"),
    ("nickname", "\ude00\ud83d", "characters", "must not hold lone surrogates"),
    ("inbound_agent_id", 5, "type", "must be a string, not an integer"),
    ("inbound_agent_id", "", "length", "must have 1 to 128 characters"),
    ("inbound_agent_id", "a" * 129, "length", "must have 1 to 128 characters"),
    ("inbound_agent_id", " agent", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "agent\n", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "agent/1", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "agent:1", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "Агент", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "agent\u200b1", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "agent\0", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "'; DROP TABLE phone_number; --", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_id", "agent\ud800", "characters", "must not hold lone surrogates"),
    ("outbound_agent_id", {}, "type", "must be a string, not an object"),
    ("outbound_agent_id", "", "length", "must have 1 to 128 characters"),
    ("outbound_agent_id", "b" * 129, "length", "must have 1 to 128 characters"),
    ("outbound_agent_id", "agent 1", "characters", _AGENT_CHARACTERS),
    ("outbound_agent_id", "agent١", "characters", _AGENT_CHARACTERS),
    ("inbound_agent_version", "1", "type", "must be an integer, not a string"),
    ("inbound_agent_version", True, "type", "must be an integer, not true or false"),
    ("inbound_agent_version", 1.0, "type", "must be an integer, not a decimal number"),
    ("inbound_agent_version", 0, "range", _VERSION),
    ("inbound_agent_version", -1, "range", _VERSION),
    ("inbound_agent_version", 2_147_483_648, "range", _VERSION),
    ("inbound_agent_version", 2**63, "range", _VERSION),
    ("inbound_agent_version", 2**64, "range", _VERSION),
    ("inbound_agent_version", -(2**63) - 1, "range", _VERSION),
    ("inbound_agent_version", 10**400, "range", _VERSION),
    ("fallback_agent_id", 5, "type", "must be a string, not an integer"),
    ("fallback_agent_id", "", "length", "must have 1 to 128 characters"),
    ("fallback_agent_id", "night desk", "characters", _AGENT_CHARACTERS),
    ("fallback_agent_version", "1", "type", "must be an integer, not a string"),
    ("fallback_agent_version", 0, "range", _VERSION),
    ("aliases", "support", "type", "must be an array, not a string"),
    ("aliases", {"0": "support"}, "type", "must be an array, not an object"),
    ("aliases", [str(place) for place in range(21)], "length", "must have at most 20 entries"),
    ("outbound_agent_version", [], "type", "must be an integer, not an array"),
    ("outbound_agent_version", 0, "range", _VERSION),
    ("outbound_agent_version", 2_147_483_648, "range", _VERSION),
    ("number_provider", 1, "type", "must be a string, not an integer"),
    ("number_provider", "", "choice", _CARRIERS),
    ("number_provider", "Twilio", "choice", _CARRIERS),
    ("number_provider", " twilio", "choice", _CARRIERS),
    ("number_provider", "acme", "choice", _CARRIERS),
    ("number_provider", "twilio\0", "choice", _CARRIERS),
    ("outbound_trunk_id", 1, "type", "must be a string, not an integer"),
    ("outbound_trunk_id", "", "length", "must have 1 to 128 characters"),
    ("outbound_trunk_id", "S" * 129, "length", "must have 1 to 128 characters"),
    ("outbound_trunk_id", "ST.1", "characters", _CHARACTERS),
    ("outbound_trunk_id", "ST 1", "characters", _CHARACTERS),
    ("phone_number_type", False, "type", "must be a string, not true or false"),
    ("phone_number_type", "", "length", "must have 1 to 64 characters"),
    ("phone_number_type", "t" * 65, "length", "must have 1 to 64 characters"),
    ("phone_number_type", "zudu twilio", "characters", _CHARACTERS),
    ("phone_number_type", "zudu.twilio", "characters", _CHARACTERS),
    ("phone_number_type", "zudu‑twilio", "characters", _CHARACTERS),
    ("inbound_webhook_url", 1, "type", "must be a string, not an integer"),
    ("organization_id", "org_123", "unknown_field", "is not a field of this request"),
    ("phoneNumber", "+14157774444", "unknown_field", "is not a field of this request"),
    ("Nickname", "Sales", "unknown_field", "is not a field of this request"),
    ("nickname ", "Sales", "unknown_field", "is not a field of this request"),
    ("label", "Sales", "unknown_field", "is not a field of this request"),
    ("created_at", "2024-01-15T10:30:00Z", "unknown_field", "is not a field of this request"),
    ("registration_id", "num_1", "unknown_field", "is not a field of this request"),
    ("__proto__", {}, "unknown_field", "is not a field of this request"),
]

ROWS: list[Bad] = [
    *(
        create(f"create {text[:40]!r}", {"phone_number": text}, "phone_number", error)
        for text, error in PHONE_NUMBERS
    ),
    *(create_with(*row) for row in FIELDS),
    create("create nothing", {}, "required", "phone_number: is required"),
    create("create no number", {"area_code": 415}, "required", "phone_number: is required"),
    create(
        "create null",
        {"phone_number": None},
        "type",
        "phone_number: must be a string, not null",
    ),
    create(
        "create an integer",
        {"phone_number": 14157774444},
        "type",
        "phone_number: must be a string, not an integer",
    ),
    create(
        "create a list",
        {"phone_number": ["+14157774444"]},
        "type",
        "phone_number: must be a string, not an array",
    ),
    *(
        create(
            f"create with the area code {code}",
            {"phone_number": "+12025550123", "area_code": code},
            "area_code",
            _OWN,
        )
        for code in (415, 20, 2020, 0, -202, 2**31, 2**64, 10**400)
    ),
    create(
        "create a British number with an area code",
        {"phone_number": "+442071838750", "area_code": 20},
        "area_code",
        "area_code: only +1 numbers have one; leave it out",
    ),
]
