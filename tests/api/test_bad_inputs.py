"""Every bad input is refused with exactly the status, code and text that the tables say.

The tables are ``bad_inputs_*.py``. A refusal leaves no trace: after each, the caller's estate is
what it was.
"""

import re

import pytest
from litestar.handlers import HTTPRouteHandler

from cordboard.edge.api.app import ROUTES
from tests.api import (
    bad_inputs_change,
    bad_inputs_create,
    bad_inputs_http,
    bad_inputs_json,
    bad_inputs_list,
    bad_inputs_urls,
)
from tests.api.bad_inputs import Bad
from tests.support.builders import a_number
from tests.support.caller import CREATE, Answer, Caller, path_of
from tests.support.server import RunningServer

URL = "inbound_webhook_url"

EVERYWHERE = {"auth.missing", "auth.invalid", "route.not_found", "route.method_not_allowed"}
"""Codes that any route can answer, so that none of them names them."""

ROWS = [
    *bad_inputs_json.ROWS,
    *bad_inputs_create.ROWS,
    *bad_inputs_change.ROWS,
    *bad_inputs_list.ROWS,
    *bad_inputs_http.ROWS,
]


def sent(caller: Caller, row: Bad, phone_number: str) -> Answer:
    target = row.target.replace("NUMBER", phone_number.replace("+", "%2B"))
    return caller.request(row.method, target, row.body, row.headers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_is_refused_in_these_words_and_changes_nothing(caller: Caller, row: Bad) -> None:
    phone_number = a_number()
    caller.create(phone_number, nickname="Before")
    before = caller.show(phone_number)

    answer = sent(caller, row, phone_number)

    error = row.error.replace("ORGANIZATION", caller.organization_id)
    assert answer.refusal == (row.status, row.code, error)
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert list(answer.json) == ["message", "status", "error", "code", "request_id"]
    assert caller.listed() == [phone_number]
    assert caller.show(phone_number) == before


def test_the_tables_hold_at_least_two_hundred_rows_each_different() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names) >= 200


@pytest.mark.parametrize("url", bad_inputs_urls.ANYWHERE, ids=lambda row: row[0][:60])
def test_a_url_that_nobody_could_call_is_refused_in_development_too(
    caller: Caller, url: tuple[str, str, str]
) -> None:
    text, code, error = url
    answer = caller.request("POST", CREATE, {"phone_number": a_number(), URL: text})
    assert answer.refusal == (400, f"validation.{code}", error)


@pytest.mark.parametrize("url", bad_inputs_urls.IN_PRODUCTION, ids=lambda row: row[0][:60])
def test_a_url_that_leads_inside_is_refused_in_production(
    production_server: RunningServer, url: tuple[str, str, str]
) -> None:
    text, code, error = url
    caller = production_server.organization()
    answer = caller.request("POST", CREATE, {"phone_number": a_number(), URL: text})
    assert answer.refusal == (400, f"validation.{code}", error)


@pytest.mark.parametrize("url", bad_inputs_urls.IN_PRODUCTION, ids=lambda row: row[0][:60])
def test_a_change_to_a_url_that_leads_inside_is_refused_in_production(
    production_server: RunningServer, url: tuple[str, str, str]
) -> None:
    text, code, error = url
    caller = production_server.organization()
    phone_number = a_number()
    caller.create(phone_number)
    answer = caller.request("PATCH", path_of(phone_number), {URL: text})
    assert answer.refusal == (400, f"validation.{code}", error)


@pytest.mark.parametrize("url", bad_inputs_urls.ACCEPTED, ids=lambda url: url[:60])
def test_an_odd_url_that_leads_outside_is_kept_as_it_was_given(
    production_server: RunningServer, url: str
) -> None:
    assert production_server.organization().create(a_number(), **{URL: url})[URL] == url


@pytest.mark.parametrize("url", ["http://example.com/", *bad_inputs_urls.INSIDE])
def test_development_may_call_itself(caller: Caller, url: str) -> None:
    assert caller.create(a_number(), **{URL: url})[URL] == url


def documented_codes(row: Bad) -> set[str]:
    """Return the codes that the row's route says it can answer; none where there is no route."""
    target = row.target.partition("?")[0]
    matching = []
    for handler in ROUTES:
        assert isinstance(handler, HTTPRouteHandler)
        for path in handler.paths:
            pattern = re.sub(r"\{[^}]*\}", "[^/]*", re.sub(r"[.+]", r"\\\g<0>", path))
            if row.method in handler.http_methods and re.fullmatch(pattern, target):
                matching.append((path.count("{"), set(handler.opt["operation"].codes)))
    return min(matching, default=(0, set()))[1]


def test_every_code_of_the_tables_is_one_that_its_route_documents() -> None:
    undocumented = {
        (row.method, row.target.partition("?")[0][:60], row.code)
        for row in ROWS
        if row.code not in documented_codes(row) | EVERYWHERE
    }
    assert undocumented == set()
