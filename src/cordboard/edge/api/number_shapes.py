"""Phone numbers on the wire: what is sent and what is answered, field by field."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.numbers.model import CARRIERS, Number
from cordboard.numbers.store import NumberRevision
from cordboard.runtime.clock import iso_utc

PhoneNumber = Annotated[
    str, Meta(description="E.164; the number is its own id.", examples=["+14157774444"])
]
Pretty = Annotated[str, Meta(description="The number for people.", examples=["+1 (415) 777-4444"])]
AreaCode = Annotated[
    int | None,
    Meta(description="Three digits, of +1 numbers only; derived when left out.", examples=[415]),
]
Nickname = Annotated[
    str | None, Meta(description="1–100 characters, trimmed.", examples=["Customer Service Line"])
]
AgentId = Annotated[
    str | None,
    Meta(
        description="An agent of the organization, or a name that only LiveKit knows: "
        "1–128 of A-Z a-z 0-9 _ - .",
        examples=["agent_abc123"],
    ),
]
AgentVersion = Annotated[int | None, Meta(description="1 or more; 1 when left out.", examples=[1])]
WebhookURL = Annotated[
    str | None,
    Meta(
        description="Absolute https URL, up to 2,048 characters, no credentials, no fragment.",
        examples=["https://example.com/webhook"],
    ),
]
Provider = Annotated[
    str | None,
    Meta(
        description=f"The carrier: {', '.join(CARRIERS)}. twilio when left out.",
        examples=["twilio"],
    ),
]
TrunkId = Annotated[
    str | None,
    Meta(
        description="LiveKit's outbound trunk: 1–128 of A-Z a-z 0-9 _ -",
        examples=["ST_4Xo2mZgQsfyQ"],
    ),
]
NumberType = Annotated[
    str | None,
    Meta(description="1–64 of A-Z a-z 0-9 _ -; custom when left out.", examples=["zudu-twilio"]),
]
Instant = Annotated[
    str, Meta(description="ISO 8601, UTC, seconds.", examples=["2024-01-15T10:30:00Z"])
]
OrganizationName = Annotated[str, Meta(description="The organization's id.", examples=["org_123"])]
Millisecond = Annotated[
    int, Meta(description="updated_at in epoch milliseconds.", examples=[1705314600000])
]


class CreateNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number to register. null is the same as leaving a field out."""

    phone_number: PhoneNumber
    area_code: AreaCode = None
    nickname: Nickname = None
    inbound_agent_id: AgentId = None
    outbound_agent_id: AgentId = None
    inbound_agent_version: AgentVersion = None
    outbound_agent_version: AgentVersion = None
    inbound_webhook_url: WebhookURL = None
    number_provider: Provider = None
    outbound_trunk_id: TrunkId = None
    phone_number_type: NumberType = None

    def given(self) -> dict[str, Any]:
        """Return the fields that were given a value."""
        return {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not None
        }


class UpdateNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change. null clears nickname, agents, webhook and trunk; what is left out stays."""

    nickname: Nickname | UnsetType = UNSET
    label: (
        Annotated[str | None, Meta(description="Another name for nickname.", examples=["Sales"])]
        | UnsetType
    ) = UNSET
    inbound_agent_id: AgentId | UnsetType = UNSET
    outbound_agent_id: AgentId | UnsetType = UNSET
    inbound_agent_version: AgentVersion | UnsetType = UNSET
    outbound_agent_version: AgentVersion | UnsetType = UNSET
    inbound_webhook_url: WebhookURL | UnsetType = UNSET
    number_provider: Provider | UnsetType = UNSET
    outbound_trunk_id: TrunkId | UnsetType = UNSET
    phone_number: Annotated[Any, Meta(description="Cannot be changed: refused.")] = UNSET
    area_code: Annotated[Any, Meta(description="Cannot be changed: refused.")] = UNSET
    phone_number_type: Annotated[Any, Meta(description="Cannot be changed: refused.")] = UNSET

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, null included."""
        return {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not UNSET
        }


class NumberAnswer(msgspec.Struct, frozen=True):
    """A phone number: the sixteen published fields in their order."""

    phone_number: PhoneNumber
    organization_id: OrganizationName
    phone_number_pretty: Pretty
    area_code: AreaCode
    nickname: Nickname
    phone_number_type: Annotated[str, Meta(examples=["zudu-twilio"])]
    inbound_agent_id: AgentId
    outbound_agent_id: AgentId
    inbound_agent_version: Annotated[int, Meta(examples=[1])]
    outbound_agent_version: Annotated[int, Meta(examples=[1])]
    inbound_webhook_url: WebhookURL
    number_provider: Annotated[str, Meta(examples=["twilio"])]
    outbound_trunk_id: TrunkId
    created_at: Instant
    updated_at: Instant
    last_modification_timestamp: Millisecond


def _published(number: Number) -> dict[str, Any]:
    return {
        "phone_number": number.phone_number,
        "organization_id": number.organization_id,
        "phone_number_pretty": number.phone_number_pretty,
        "area_code": number.area_code,
        "nickname": number.nickname,
        "phone_number_type": number.phone_number_type,
        "inbound_agent_id": number.inbound_agent_id,
        "outbound_agent_id": number.outbound_agent_id,
        "inbound_agent_version": number.inbound_agent_version,
        "outbound_agent_version": number.outbound_agent_version,
        "inbound_webhook_url": number.inbound_webhook_url,
        "number_provider": number.number_provider,
        "outbound_trunk_id": number.outbound_trunk_id,
        "created_at": iso_utc(number.created_ms),
        "updated_at": iso_utc(number.updated_ms),
        "last_modification_timestamp": number.updated_ms,
    }


def number_answer(number: Number) -> NumberAnswer:
    """Return a number as create and PATCH answer it."""
    return NumberAnswer(**_published(number))


class NumberDetails(NumberAnswer, frozen=True):
    """A phone number with everything Cordboard knows of it."""

    inbound_trunk_id: TrunkId
    dispatch_rule_id: Annotated[
        str | None, Meta(description="LiveKit's dispatch rule.", examples=["SDR_x"])
    ]
    registration_id: Annotated[
        str, Meta(description="One for each time the number is registered.", examples=["num_0f3a"])
    ]
    revision: Annotated[int, Meta(description="Counts changes from 1.", examples=[1])]


def number_details(number: Number) -> NumberDetails:
    """Return a number as GET answers it."""
    return NumberDetails(
        **_published(number),
        inbound_trunk_id=None,
        dispatch_rule_id=None,
        registration_id=number.registration_id,
        revision=number.revision,
    )


class NumberItem(msgspec.Struct, frozen=True):
    """A phone number in a list."""

    phone_number: PhoneNumber
    phone_number_pretty: Pretty
    area_code: AreaCode
    nickname: Nickname
    phone_number_type: Annotated[str, Meta(examples=["zudu-twilio"])]
    inbound_agent_id: AgentId
    outbound_agent_id: AgentId
    number_provider: Annotated[str, Meta(examples=["twilio"])]
    outbound_trunk_id: TrunkId
    created_at: Instant
    updated_at: Instant


def number_item(number: Number) -> NumberItem:
    """Return a number as a list shows it."""
    return NumberItem(
        number.phone_number,
        number.phone_number_pretty,
        number.area_code,
        number.nickname,
        number.phone_number_type,
        number.inbound_agent_id,
        number.outbound_agent_id,
        number.number_provider,
        number.outbound_trunk_id,
        iso_utc(number.created_ms),
        iso_utc(number.updated_ms),
    )


class AvailableNumber(msgspec.Struct, frozen=True):
    """A phone number that is bound to no agent."""

    phone_number: PhoneNumber
    nickname: Nickname
    area_code: AreaCode
    phone_number_type: Annotated[str, Meta(examples=["custom"])]
    number_provider: Annotated[str, Meta(examples=["twilio"])]
    inbound_agent_id: None
    outbound_agent_id: None
    created_at: Instant


def available_number(number: Number) -> AvailableNumber:
    """Return a number as the list of available ones shows it."""
    return AvailableNumber(
        number.phone_number,
        number.nickname,
        number.area_code,
        number.phone_number_type,
        number.number_provider,
        None,
        None,
        iso_utc(number.created_ms),
    )


class AvailableNumbers(msgspec.Struct, frozen=True):
    """The numbers that are bound to no agent, newest first."""

    organization_id: OrganizationName
    available_count: int
    phone_numbers: list[AvailableNumber]


class CleanupResults(msgspec.Struct, frozen=True):
    """What is left at LiveKit of a deleted number: true means nothing."""

    dispatch_rule: bool
    inbound_trunk: bool
    outbound_trunk: bool


class DeletedNumber(msgspec.Struct, frozen=True):
    """A number that was deleted."""

    phone_number: PhoneNumber
    organization_id: OrganizationName
    cleanup_results: CleanupResults


class Revision(msgspec.Struct, frozen=True):
    """One change in a number's history."""

    registration_id: Annotated[str, Meta(examples=["num_0f3a"])]
    revision: int
    at: Instant
    action: Annotated[str, Meta(description="created, updated or deleted", examples=["created"])]
    api_key: Annotated[str | None, Meta(description="The public half of the key pair that did it.")]
    request_id: Annotated[str, Meta(examples=["req_0f3a"])]
    changes: Annotated[dict[str, Any], Meta(description='Field → {"from", "to"}.')]


def revision(change: NumberRevision) -> Revision:
    """Return one change as the history shows it."""
    return Revision(
        change.registration_id,
        change.revision,
        iso_utc(change.at_ms),
        change.action,
        change.api_key,
        change.request_id,
        change.changes,
    )
