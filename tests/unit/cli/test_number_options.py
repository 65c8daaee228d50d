from typing import Any

import msgspec
import pytest
import typer

from cordboard.edge.cli.number_options import Clearable, NumberFields, NumberFilters, changes
from cordboard.edge.cli.values import Binding
from cordboard.edge.client.numbers import NewNumber, create_number, list_numbers, update_number


def as_json(body: object) -> Any:  # noqa: ANN401 - the test says what it expects
    return msgspec.json.decode(msgspec.json.encode(body))


def test_create_sends_what_was_given_under_the_names_of_the_api() -> None:
    fields = NumberFields(
        nickname="Sales",
        inbound_agent=Binding("agent_in", 3),
        outbound_agent=Binding("agent_out", 1),
        fallback_agent=Binding("agent_night", 2),
        alias=["support", "100"],
        webhook="https://example.com/hook",
        carrier="telnyx",
        outbound_trunk="ST_x",
    )
    request = create_number(NewNumber("+14157774444", **fields.given()))
    assert (request.method, request.path) == ("POST", "/api/phone-numbers/create")
    assert as_json(request.body) == {
        "phone_number": "+14157774444",
        "nickname": "Sales",
        "inbound_agent_id": "agent_in",
        "inbound_agent_version": 3,
        "outbound_agent_id": "agent_out",
        "outbound_agent_version": 1,
        "fallback_agent_id": "agent_night",
        "fallback_agent_version": 2,
        "aliases": ["support", "100"],
        "inbound_webhook_url": "https://example.com/hook",
        "number_provider": "telnyx",
        "outbound_trunk_id": "ST_x",
    }


def test_create_sends_nothing_that_was_not_given() -> None:
    request = create_number(NewNumber("+14157774444", **NumberFields().given()))
    assert as_json(request.body) == {"phone_number": "+14157774444"}


def test_update_sends_the_version_with_its_agent_and_null_for_what_is_cleared() -> None:
    fields = NumberFields(nickname="Front desk", inbound_agent=Binding("agent_in", 1))
    cleared = [
        Clearable.OUTBOUND_AGENT,
        Clearable.ALIASES,
        Clearable.WEBHOOK,
        Clearable.OUTBOUND_TRUNK,
    ]
    request = update_number("+14157774444", changes(fields, cleared), '"num_1.2"')
    assert (request.method, request.path) == ("PATCH", "/api/phone-numbers/%2B14157774444")
    assert request.if_match == '"num_1.2"'
    assert as_json(request.body) == {
        "nickname": "Front desk",
        "inbound_agent_id": "agent_in",
        "inbound_agent_version": 1,
        "outbound_agent_id": None,
        "aliases": None,
        "inbound_webhook_url": None,
        "outbound_trunk_id": None,
    }


@pytest.mark.parametrize("what", Clearable)
def test_each_field_that_can_be_cleared_is_one_of_the_api(what: Clearable) -> None:
    assert list(as_json(changes(NumberFields(), [what])).values()) == [None]


@pytest.mark.parametrize(
    ("fields", "cleared"),
    [
        (NumberFields(nickname="x"), Clearable.NICKNAME),
        (NumberFields(inbound_agent=Binding("a", 1)), Clearable.INBOUND_AGENT),
        (NumberFields(webhook="https://example.com"), Clearable.WEBHOOK),
    ],
)
def test_setting_and_clearing_at_once_is_wrong_usage(
    fields: NumberFields, cleared: Clearable
) -> None:
    with pytest.raises(typer.BadParameter, match="set and cleared at once"):
        changes(fields, [cleared])


def test_an_update_of_nothing_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="nothing to change"):
        changes(NumberFields(), [])


def test_list_asks_for_the_filters_the_order_and_the_page() -> None:
    filters = NumberFilters(
        nickname="sales", area_code=415, agent="agent_x", sort_by="nickname", sort_order="ascending"
    )
    request = list_numbers(filters.query(100), 3)
    assert request.query == {
        "page": 3,
        "limit": 100,
        "nickname": "sales",
        "area_code": 415,
        "agent_id": "agent_x",
        "sort_by": "nickname",
        "sort_order": "ascending",
    }
