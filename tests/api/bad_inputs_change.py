"""Changes that break a rule of a field."""

from tests.api.bad_inputs import Bad, change

_FIXED = "cannot be changed; leave it out"
_ALIAS = "may only hold A-Z a-z 0-9 - _ . ! ~ * ' ( ) & = + $ , ? /"
_KEEP = "must not be null; leave it out to keep it"
_UNKNOWN = "is not a field of this request"

ROWS: list[Bad] = [
    change({"phone_number": "+14157774444"}, "immutable", f"phone_number: {_FIXED}"),
    change({"phone_number": None}, "immutable", f"phone_number: {_FIXED}"),
    change({"phone_number": 5}, "immutable", f"phone_number: {_FIXED}"),
    change({"area_code": 415}, "immutable", f"area_code: {_FIXED}"),
    change({"area_code": None}, "immutable", f"area_code: {_FIXED}"),
    change({"area_code": [[[]]]}, "immutable", f"area_code: {_FIXED}"),
    change({"phone_number_type": "custom"}, "immutable", f"phone_number_type: {_FIXED}"),
    change({"phone_number_type": None}, "immutable", f"phone_number_type: {_FIXED}"),
    change({"nickname": "Sales", "area_code": 415}, "immutable", f"area_code: {_FIXED}"),
    change({"inbound_agent_version": None}, "type", f"inbound_agent_version: {_KEEP}"),
    change({"outbound_agent_version": None}, "type", f"outbound_agent_version: {_KEEP}"),
    change({"fallback_agent_version": None}, "type", f"fallback_agent_version: {_KEEP}"),
    change({"aliases": ["front desk"]}, "characters", f"aliases[0]: {_ALIAS}"),
    change({"aliases": ["a", ""]}, "length", "aliases[1]: must have 1 to 64 characters"),
    change({"aliases": ["a", "b", "a"]}, "choice", "aliases[2]: is there twice"),
    change({"aliases": [7]}, "type", "aliases[0]: must be a string, not an integer"),
    change({"aliases": [None]}, "type", "aliases[0]: must be a string, not null"),
    change(
        {"aliases": ["4155550100"]},
        "choice",
        "aliases[0]: can be read as +14155550100; a number needs no alias",
    ),
    change({"fallback_agent_id": ""}, "length", "fallback_agent_id: must have 1 to 128 characters"),
    change({"number_provider": None}, "type", f"number_provider: {_KEEP}"),
    change({"nickname": 5}, "type", "nickname: must be a string, not an integer"),
    change({"label": 5}, "type", "label: must be a string, not an integer"),
    change({"nickname": ""}, "length", "nickname: must have 1 to 100 characters"),
    change({"nickname": "  "}, "length", "nickname: must have 1 to 100 characters"),
    change({"nickname": "n" * 101}, "length", "nickname: must have 1 to 100 characters"),
    change({"label": ""}, "length", "label: must have 1 to 100 characters"),
    change({"label": "n" * 101}, "length", "label: must have 1 to 100 characters"),
    change({"label": "a\0b"}, "characters", "label: must not hold the NUL character"),
    change({"nickname": "\udfff"}, "characters", "nickname: must not hold lone surrogates"),
    change(
        {"phone_number": [0, {"a": ["\ud800"]}]},
        "characters",
        "phone_number[1].a[0]: must not hold lone surrogates",
    ),
    change(
        {"nickname": "Sales", "label": "Support"},
        "choice",
        "label: must equal nickname, whose other name it is",
    ),
    change(
        {"nickname": None, "label": "Support"},
        "choice",
        "label: must equal nickname, whose other name it is",
    ),
    change(
        {"label": None, "nickname": "Support"},
        "choice",
        "label: must equal nickname, whose other name it is",
    ),
    change({"inbound_agent_id": ""}, "length", "inbound_agent_id: must have 1 to 128 characters"),
    change(
        {"inbound_agent_id": "a b"},
        "characters",
        "inbound_agent_id: may only hold A-Z a-z 0-9 _ - .",
    ),
    change(
        {"outbound_agent_id": False},
        "type",
        "outbound_agent_id: must be a string, not true or false",
    ),
    change(
        {"inbound_agent_version": 0},
        "range",
        "inbound_agent_version: must be from 1 to 2147483647",
    ),
    change(
        {"outbound_agent_version": 2_147_483_648},
        "range",
        "outbound_agent_version: must be from 1 to 2147483647",
    ),
    change(
        {"outbound_agent_version": "2"},
        "type",
        "outbound_agent_version: must be an integer, not a string",
    ),
    change(
        {"inbound_webhook_url": ""},
        "length",
        "inbound_webhook_url: must have 1 to 2048 characters",
    ),
    change(
        {"inbound_webhook_url": "ftp://example.com"},
        "url",
        "inbound_webhook_url: must be an absolute https URL, like https://example.com/webhook",
    ),
    change(
        {"number_provider": "acme"},
        "choice",
        "number_provider: must be one of twilio, plivo, telnyx, sip, simulated",
    ),
    change({"outbound_trunk_id": ""}, "length", "outbound_trunk_id: must have 1 to 128 characters"),
    change(
        {"outbound_trunk_id": "ST!"},
        "characters",
        "outbound_trunk_id: may only hold A-Z a-z 0-9 _ -",
    ),
    change({"inbound_trunk_id": "ST_1"}, "unknown_field", f"inbound_trunk_id: {_UNKNOWN}"),
    change({"updated_at": "2024-01-15T10:30:00Z"}, "unknown_field", f"updated_at: {_UNKNOWN}"),
    change({"organization_id": "org_1"}, "unknown_field", f"organization_id: {_UNKNOWN}"),
]
