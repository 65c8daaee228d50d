"""Lists that are asked for wrongly, in the body and in the query."""

from tests.api.bad_inputs import AVAILABLE, HISTORY, ONE, Bad, listed, queried
from tests.support.caller import CREATE, LIST

_PAGE = "page: must be from 0 to 2147483647"
_LIMIT = "limit: must be from 1 to 1000"
_SORTS = "sort_by: must be one of updated_at, phone_number, nickname, area_code, created_at"
_ORDERS = "sort_order: must be one of ascending, descending"
_TAKES = (
    "is not a parameter of this request, which takes page, limit, sort_by, sort_order, nickname, "
    "area_code, agent_id"
)
_PAGES = "is not a parameter of this request, which takes page, limit"
_NONE = "is not a parameter of this request, which takes none"
_UTF8 = "must be UTF-8, percent-encoded"
_TEXT = "must have 1 to 128 characters"

BY_BODY = [
    listed({"page": -1}, "range", _PAGE),
    listed({"page": 2**31}, "range", _PAGE),
    listed({"page": 2**70}, "range", _PAGE),
    listed({"page": "0"}, "type", "page: must be an integer, not a string"),
    listed({"page": 0.0}, "type", "page: must be an integer, not a decimal number"),
    listed({"page": True}, "type", "page: must be an integer, not true or false"),
    listed({"limit": 0}, "range", _LIMIT),
    listed({"limit": 1001}, "range", _LIMIT),
    listed({"limit": -50}, "range", _LIMIT),
    listed({"limit": "50"}, "type", "limit: must be an integer, not a string"),
    listed({"sort_by": "created"}, "choice", _SORTS),
    listed({"sort_by": ""}, "choice", _SORTS),
    listed({"sort_by": "nickname; DROP TABLE phone_number"}, "choice", _SORTS),
    listed({"sort_by": 1}, "type", "sort_by: must be a string, not an integer"),
    listed({"sort_order": "desc"}, "choice", _ORDERS),
    listed({"sort_order": "DESCENDING"}, "choice", _ORDERS),
    listed({"sort_order": ["ascending"]}, "type", "sort_order: must be a string, not an array"),
    listed({"filter_criteria": []}, "type", "filter_criteria: must be an object, not an array"),
    listed({"filter_criteria": "415"}, "type", "filter_criteria: must be an object, not a string"),
    listed(
        {"filter_criteria": {"nickname": 5}},
        "type",
        "filter_criteria.nickname: must be a string, not an integer",
    ),
    listed({"filter_criteria": {"nickname": ""}}, "length", f"filter_criteria.nickname: {_TEXT}"),
    listed(
        {"filter_criteria": {"nickname": "n" * 129}}, "length", f"filter_criteria.nickname: {_TEXT}"
    ),
    listed(
        {"filter_criteria": {"nickname": "\0"}},
        "characters",
        "filter_criteria.nickname: must not hold the NUL character",
    ),
    listed(
        {"filter_criteria": {"nickname": "\ud800"}},
        "characters",
        "filter_criteria.nickname: must not hold lone surrogates",
    ),
    listed(
        {"filter_criteria": {"area_code": "415"}},
        "type",
        "filter_criteria.area_code: must be an integer, not a string",
    ),
    listed(
        {"filter_criteria": {"area_code": -1}},
        "range",
        "filter_criteria.area_code: must be from 0 to 2147483647",
    ),
    listed(
        {"filter_criteria": {"area_code": 2**63}},
        "range",
        "filter_criteria.area_code: must be from 0 to 2147483647",
    ),
    listed({"filter_criteria": {"agent_id": ""}}, "length", f"filter_criteria.agent_id: {_TEXT}"),
    listed(
        {"filter_criteria": {"agent_id": "a\0"}},
        "characters",
        "filter_criteria.agent_id: must not hold the NUL character",
    ),
    listed(
        {"filter_criteria": {"agent_id": ["a"]}},
        "type",
        "filter_criteria.agent_id: must be a string, not an array",
    ),
    listed(
        {"filter_criteria": {"phone_number": "+1"}},
        "unknown_field",
        "filter_criteria.phone_number: is not a field of this request",
    ),
    listed(
        {"filter_criteria": {"": 1}},
        "unknown_field",
        "filter_criteria.'': is not a field of this request",
    ),
    listed({"nickname": "Sales"}, "unknown_field", "nickname: is not a field of this request"),
    listed({"filters": {}}, "unknown_field", "filters: is not a field of this request"),
    listed({"f" * 300: {}}, "unknown_field", f"{'f' * 100}…: is not a field of this request"),
]

BY_QUERY = [
    queried("page=-1", "range", _PAGE),
    queried("page=2147483648", "range", _PAGE),
    queried("page=99999999999999999999", "range", _PAGE),
    queried(f"page={'9' * 5000}", "range", "page: is too large a number"),
    queried("page=", "type", "page: must be an integer"),
    queried("page", "type", "page: must be an integer"),
    queried("page=one", "type", "page: must be an integer"),
    queried("page=1.0", "type", "page: must be an integer"),
    queried("page=+1", "type", "page: must be an integer"),
    queried("page=%201", "type", "page: must be an integer"),
    queried("page=1_000", "type", "page: must be an integer"),
    queried("page=0x10", "type", "page: must be an integer"),
    queried("page=%D9%A1", "type", "page: must be an integer"),
    queried("page=1;limit=2", "type", "page: must be an integer"),
    queried("page=null", "type", "page: must be an integer"),
    queried("page=1&page=1", "type", "page: must be given once, not twice"),
    queried("page=1&limit=5&%70age=2", "type", "page: must be given once, not twice"),
    queried("limit=0", "range", _LIMIT),
    queried("limit=1001", "range", _LIMIT),
    queried("limit=all", "type", "limit: must be an integer"),
    queried("sort_by=Nickname", "choice", _SORTS),
    queried("sort_by=", "choice", _SORTS),
    queried("sort_order=asc", "choice", _ORDERS),
    queried("nickname=", "length", f"nickname: {_TEXT}"),
    queried(f"nickname={'n' * 129}", "length", f"nickname: {_TEXT}"),
    queried("nickname=%00", "characters", "nickname: must not hold the NUL character"),
    queried("nickname=%ff", "characters", f"nickname: {_UTF8}"),
    queried("nickname=%ED%A0%80", "characters", f"nickname: {_UTF8}"),
    queried("%ff=1", "characters", f"query: {_UTF8}"),
    queried("area_code=four", "type", "area_code: must be an integer"),
    queried("area_code=-415", "range", "area_code: must be from 0 to 2147483647"),
    queried("area_code=2147483648", "range", "area_code: must be from 0 to 2147483647"),
    queried("agent_id=", "length", f"agent_id: {_TEXT}"),
    queried("agent_id=a%00", "characters", "agent_id: must not hold the NUL character"),
    queried("colour=red", "unknown_field", f"colour: {_TAKES}"),
    queried("Page=1", "unknown_field", f"Page: {_TAKES}"),
    queried("page%20=1", "unknown_field", f"page : {_TAKES}"),
    queried("=1", "unknown_field", f"query: {_TAKES}"),
    queried("filter_criteria[nickname]=a", "unknown_field", f"filter_criteria[nickname]: {_TAKES}"),
    queried(f"{'q' * 300}=1", "unknown_field", f"{'q' * 100}: {_TAKES}"),
    queried("page=0", "unknown_field", f"page: {_NONE}", AVAILABLE),
    queried("verbose=true", "unknown_field", f"verbose: {_NONE}", ONE),
    queried("nickname=a", "unknown_field", f"nickname: {_PAGES}", HISTORY),
    queried("page=-1", "range", _PAGE, HISTORY),
    queried("limit=1001", "range", _LIMIT, HISTORY),
    queried("limit=five", "type", "limit: must be an integer", HISTORY),
]

# Routes that take no query at all, though they have a body or change something.
UNASKED = [
    Bad(
        f"{method} {what} with a query",
        method,
        f"{target}?dry_run=true",
        body,
        400,
        "validation.unknown_field",
        f"dry_run: {_NONE}",
    )
    for what, method, target, body in (
        ("create", "POST", CREATE, {"phone_number": "+12025550123"}),
        ("list", "POST", LIST, {}),
        ("number", "PATCH", ONE, {"nickname": "Sales"}),
        ("number", "DELETE", ONE, None),
    )
]

ROWS: list[Bad] = [*BY_BODY, *BY_QUERY, *UNASKED]
