"""Requests about phone numbers, and what they answer."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from cordboard.edge.client.paging import Pagination
from cordboard.edge.client.request import Request, new_idempotency_key, path_to

SortBy = Literal["updated_at", "phone_number", "nickname", "area_code", "created_at"]
SortOrder = Literal["descending", "ascending"]

LARGEST_PAGE = 1000

_NUMBERS = "phone-numbers"


class NewNumber(msgspec.Struct, frozen=True, omit_defaults=True):
    """A number to register; what is None gets the server's default."""

    phone_number: str
    area_code: int | None = None
    nickname: str | None = None
    inbound_agent_id: str | None = None
    outbound_agent_id: str | None = None
    inbound_agent_version: int | None = None
    outbound_agent_version: int | None = None
    inbound_webhook_url: str | None = None
    number_provider: str | None = None
    outbound_trunk_id: str | None = None
    phone_number_type: str | None = None
    fallback_agent_id: str | None = None
    fallback_agent_version: int | None = None
    aliases: tuple[str, ...] | None = None


class NumberChanges(msgspec.Struct, frozen=True):
    """What to change of a number; what is UNSET stays, None clears."""

    nickname: str | UnsetType | None = UNSET
    inbound_agent_id: str | UnsetType | None = UNSET
    outbound_agent_id: str | UnsetType | None = UNSET
    inbound_agent_version: int | UnsetType = UNSET
    outbound_agent_version: int | UnsetType = UNSET
    inbound_webhook_url: str | UnsetType | None = UNSET
    number_provider: str | UnsetType = UNSET
    outbound_trunk_id: str | UnsetType | None = UNSET
    fallback_agent_id: str | UnsetType | None = UNSET
    fallback_agent_version: int | UnsetType = UNSET
    aliases: tuple[str, ...] | UnsetType | None = UNSET


class NumberQuery(msgspec.Struct, frozen=True):
    """Which numbers to list, and in which order; what is None does not filter.

    Attributes:
        nickname: A part of the nickname, in any case.
        agent_id: The agent that answers or dials.
        limit: Numbers per page, 1–1,000; the server's default is 50.
    """

    limit: int | None = None
    sort_by: SortBy | None = None
    sort_order: SortOrder | None = None
    nickname: str | None = None
    area_code: int | None = None
    agent_id: str | None = None


class Number(msgspec.Struct, frozen=True):
    """A number as create and update answer it.

    Attributes:
        phone_number: E.164; its id.
        created_at, updated_at: ISO 8601, UTC.
        last_modification_timestamp: ``updated_at`` in epoch milliseconds.
        fallback_agent_id: Who answers when the inbound agent fails.
        aliases: What else carriers dial for it.
    """

    phone_number: str
    organization_id: str
    phone_number_pretty: str
    area_code: int | None
    nickname: str | None
    phone_number_type: str
    inbound_agent_id: str | None
    outbound_agent_id: str | None
    inbound_agent_version: int
    outbound_agent_version: int
    inbound_webhook_url: str | None
    number_provider: str
    outbound_trunk_id: str | None
    created_at: str
    updated_at: str
    last_modification_timestamp: int
    fallback_agent_id: str | None = None
    fallback_agent_version: int = 1
    aliases: tuple[str, ...] = ()


class NumberDetails(Number, frozen=True, kw_only=True):
    """A number with everything that the server tells of it.

    Attributes:
        registration_id: One for each time the number is registered.
        revision: Counts changes from 1.
        livekit_status: None where no LiveKit is connected.
    """

    inbound_trunk_id: str | None
    dispatch_rule_id: str | None
    registration_id: str
    revision: int
    livekit_status: str | None = None
    livekit_error: str | None = None


class NumberItem(msgspec.Struct, frozen=True):
    """A number in a list."""

    phone_number: str
    phone_number_pretty: str
    area_code: int | None
    nickname: str | None
    phone_number_type: str
    inbound_agent_id: str | None
    outbound_agent_id: str | None
    number_provider: str
    outbound_trunk_id: str | None
    created_at: str
    updated_at: str
    fallback_agent_id: str | None = None
    fallback_agent_version: int = 1
    aliases: tuple[str, ...] = ()


class NumberList(msgspec.Struct, frozen=True):
    """A page of numbers."""

    phone_numbers: list[NumberItem]
    pagination: Pagination


class AvailableNumber(msgspec.Struct, frozen=True):
    """A number that is bound to no agent."""

    phone_number: str
    nickname: str | None
    area_code: int | None
    phone_number_type: str
    number_provider: str
    created_at: str


class AvailableNumbers(msgspec.Struct, frozen=True):
    """All numbers that are bound to no agent, newest first."""

    available_count: int
    phone_numbers: list[AvailableNumber]


class CleanupResults(msgspec.Struct, frozen=True):
    """Whether nothing is left of a deleted number at LiveKit; false means not yet."""

    dispatch_rule: bool
    inbound_trunk: bool
    outbound_trunk: bool


class DeletedNumber(msgspec.Struct, frozen=True):
    """A number that was deleted."""

    phone_number: str
    cleanup_results: CleanupResults


class NumberRevision(msgspec.Struct, frozen=True):
    """One change of a number.

    Attributes:
        action: ``created``, ``updated`` or ``deleted``.
        api_key: The public half of the key pair that did it.
        changes: Field → ``{"from": …, "to": …}``.
    """

    registration_id: str
    revision: int
    at: str
    action: str
    api_key: str | None
    request_id: str
    changes: dict[str, dict[str, Any]]


class NumberHistory(msgspec.Struct, frozen=True):
    """A page of a number's history, newest first."""

    phone_number: str
    revisions: list[NumberRevision]
    pagination: Pagination


def create_number(new: NewNumber, idempotency_key: str | None = None) -> Request[Number]:
    """Register a number and bind it to its agents. Nothing is bought."""
    return Request(
        method="POST",
        path=path_to(_NUMBERS, "create"),
        answer=Number,
        body=new,
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def list_numbers(query: NumberQuery, page: int = 0) -> Request[NumberList]:
    """List numbers, one page."""
    parameters = {"page": page, **msgspec.structs.asdict(query)}
    return Request("GET", path_to(_NUMBERS), NumberList, parameters)


def list_available_numbers() -> Request[AvailableNumbers]:
    """List the numbers that are bound to no agent at all."""
    return Request("GET", path_to(_NUMBERS, "available"), AvailableNumbers)


def get_number(phone_number: str) -> Request[NumberDetails]:
    """Show one number."""
    return Request("GET", path_to(_NUMBERS, phone_number), NumberDetails)


def update_number(
    phone_number: str, changes: NumberChanges, if_match: str | None = None
) -> Request[Number]:
    """Change a number, only in the revision that ``if_match`` names if there is one."""
    return Request(
        method="PATCH",
        path=path_to(_NUMBERS, phone_number),
        answer=Number,
        body=changes,
        if_match=if_match,
    )


def delete_number(phone_number: str, if_match: str | None = None) -> Request[DeletedNumber]:
    """Delete a number, only in the revision that ``if_match`` names if there is one."""
    path = path_to(_NUMBERS, phone_number)
    return Request("DELETE", path, DeletedNumber, if_match=if_match)


def list_history(
    phone_number: str, limit: int | None = None, page: int = 0
) -> Request[NumberHistory]:
    """Show what happened to a number in this organization, one page."""
    path = path_to(_NUMBERS, phone_number, "history")
    return Request("GET", path, NumberHistory, {"page": page, "limit": limit})
