"""Phone numbers on the wire: what is sent and what is answered."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.edge.api import number_fields as fields
from cordboard.edge.api.resource_fields import (
    Instant,
    KeyOfChange,
    OrganizationName,
    RequestOfChange,
)
from cordboard.edge.api.schema_rules import choices
from cordboard.numbers.model import Number
from cordboard.numbers.store import NumberRevision
from cordboard.routing.store import NumberState
from cordboard.runtime.clock import iso_utc


class CreateNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number to register. null is the same as leaving a field out."""

    phone_number: fields.PhoneNumber
    area_code: fields.AreaCode = None
    nickname: fields.Nickname = None
    inbound_agent_id: fields.AgentId = None
    outbound_agent_id: fields.AgentId = None
    inbound_agent_version: fields.AgentVersion = None
    outbound_agent_version: fields.AgentVersion = None
    inbound_webhook_url: fields.WebhookURL = None
    number_provider: fields.Provider = None
    outbound_trunk_id: fields.TrunkId = None
    phone_number_type: fields.NumberType = None
    fallback_agent_id: fields.FallbackAgentId = None
    fallback_agent_version: fields.AgentVersion = None
    aliases: fields.Aliases = None

    def given(self) -> dict[str, Any]:
        """Return the fields that were given a value."""
        return {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not None
        }


class UpdateNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change. null clears what a number need not have; what is left out stays."""

    nickname: fields.Nickname | UnsetType = UNSET
    label: fields.Label | UnsetType = UNSET
    inbound_agent_id: fields.AgentId | UnsetType = UNSET
    outbound_agent_id: fields.AgentId | UnsetType = UNSET
    inbound_agent_version: fields.KeptVersion | UnsetType = UNSET
    outbound_agent_version: fields.KeptVersion | UnsetType = UNSET
    inbound_webhook_url: fields.WebhookURL | UnsetType = UNSET
    number_provider: fields.KeptProvider | UnsetType = UNSET
    outbound_trunk_id: fields.TrunkId | UnsetType = UNSET
    fallback_agent_id: fields.FallbackAgentId | UnsetType = UNSET
    fallback_agent_version: fields.KeptVersion | UnsetType = UNSET
    aliases: fields.Aliases | UnsetType = UNSET
    phone_number: fields.Immutable = UNSET
    area_code: fields.Immutable = UNSET
    phone_number_type: fields.Immutable = UNSET

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, null included."""
        return {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not UNSET
        }


class PublishedNumber(msgspec.Struct, frozen=True):
    """A phone number: the sixteen published fields in their order."""

    phone_number: fields.PhoneNumber
    organization_id: OrganizationName
    phone_number_pretty: fields.Pretty
    area_code: fields.AreaCode
    nickname: fields.Nickname
    phone_number_type: fields.StoredType
    inbound_agent_id: fields.AgentId
    outbound_agent_id: fields.AgentId
    inbound_agent_version: fields.StoredVersion
    outbound_agent_version: fields.StoredVersion
    inbound_webhook_url: fields.WebhookURL
    number_provider: fields.StoredProvider
    outbound_trunk_id: fields.TrunkId
    created_at: Instant
    updated_at: Instant
    last_modification_timestamp: fields.Millisecond


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


class NumberAnswer(PublishedNumber, frozen=True):
    """A phone number; Cordboard's own fields are left out while they are unset."""

    fallback_agent_id: fields.FallbackAgentId | UnsetType = UNSET
    fallback_agent_version: fields.StoredVersion | UnsetType = UNSET
    aliases: fields.StoredAliases | UnsetType = UNSET


def number_answer(number: Number) -> NumberAnswer:
    """Return a number as create and PATCH answer it."""
    return NumberAnswer(**_published(number), **number.extensions)


class NumberDetails(PublishedNumber, frozen=True):
    """A phone number with everything Cordboard knows of it.

    Where there is no LiveKit, what is about calls is left out while it is unset.
    """

    inbound_trunk_id: fields.TrunkId
    dispatch_rule_id: Annotated[
        str | None, Meta(description="LiveKit's dispatch rule.", examples=["SDR_x"])
    ]
    registration_id: fields.RegistrationId
    revision: fields.RevisionCount
    fallback_agent_id: fields.FallbackAgentId | UnsetType = UNSET
    fallback_agent_version: fields.StoredVersion | UnsetType = UNSET
    aliases: fields.StoredAliases | UnsetType = UNSET
    livekit_status: (
        Annotated[
            str,
            Meta(
                description="With LiveKit only: pending, ready, blocked or failed.",
                examples=["ready"],
            ),
        ]
        | UnsetType
    ) = UNSET
    livekit_error: (
        Annotated[
            str | None,
            Meta(description="With LiveKit only: why it is not ready.", examples=[None]),
        ]
        | UnsetType
    ) = UNSET


def number_details(number: Number) -> NumberDetails:
    """Return a number as GET answers it where there is no LiveKit."""
    return NumberDetails(
        **_published(number),
        inbound_trunk_id=None,
        dispatch_rule_id=None,
        registration_id=number.registration_id,
        revision=number.revision,
        **number.extensions,
    )


def provisioned_details(number: Number, state: NumberState | None) -> NumberDetails:
    """Return a number as GET answers it where it is provisioned; no state yet is pending."""
    details = msgspec.structs.replace(
        number_details(number),
        fallback_agent_id=number.fallback_agent_id,
        fallback_agent_version=number.fallback_agent_version,
        aliases=number.aliases,
        livekit_status="pending",
        livekit_error=None,
    )
    if state is None:
        return details
    return msgspec.structs.replace(
        details,
        inbound_trunk_id=state.inbound_trunk_id,
        dispatch_rule_id=state.dispatch_rule_id,
        livekit_status=state.status,
        livekit_error=state.error,
    )


class NumberItem(msgspec.Struct, frozen=True):
    """A phone number in a list; Cordboard's own fields are left out while they are unset."""

    phone_number: fields.PhoneNumber
    phone_number_pretty: fields.Pretty
    area_code: fields.AreaCode
    nickname: fields.Nickname
    phone_number_type: fields.StoredType
    inbound_agent_id: fields.AgentId
    outbound_agent_id: fields.AgentId
    number_provider: fields.StoredProvider
    outbound_trunk_id: fields.TrunkId
    created_at: Instant
    updated_at: Instant
    fallback_agent_id: fields.FallbackAgentId | UnsetType = UNSET
    fallback_agent_version: fields.StoredVersion | UnsetType = UNSET
    aliases: fields.StoredAliases | UnsetType = UNSET


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
        **number.extensions,
    )


class AvailableNumber(msgspec.Struct, frozen=True):
    """A phone number that no agent answers or dials from."""

    phone_number: fields.PhoneNumber
    nickname: fields.Nickname
    area_code: fields.AreaCode
    phone_number_type: fields.StoredType
    number_provider: fields.StoredProvider
    inbound_agent_id: fields.Nobody
    outbound_agent_id: fields.Nobody
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
    """The numbers that no agent answers or dials from, newest first."""

    organization_id: OrganizationName
    available_count: Annotated[int, Meta(description="How many there are.", examples=[1])]
    phone_numbers: Annotated[list[AvailableNumber], Meta(description="The numbers.")]


class CleanupResults(msgspec.Struct, frozen=True):
    """What is left at LiveKit of a deleted number: true means nothing."""

    dispatch_rule: Annotated[bool, Meta(description="No dispatch rule is left.")]
    inbound_trunk: Annotated[bool, Meta(description="No inbound trunk is left.")]
    outbound_trunk: Annotated[
        bool, Meta(description="Always true: outbound trunks belong to carrier accounts.")
    ]


def cleanup_results(left: NumberState | None) -> CleanupResults:
    """Return what is left of a number, given what is still known to stand for it.

    The outbound trunk belongs to the carrier's account, so none is a number's own.
    """
    return CleanupResults(
        dispatch_rule=left is None, inbound_trunk=left is None, outbound_trunk=True
    )


class DeletedNumber(msgspec.Struct, frozen=True):
    """A number that was deleted."""

    phone_number: fields.PhoneNumber
    organization_id: OrganizationName
    cleanup_results: Annotated[CleanupResults, Meta(description="What is left at LiveKit.")]


class Revision(msgspec.Struct, frozen=True):
    """One change in a number's history."""

    registration_id: fields.RegistrationId
    revision: fields.RevisionCount
    at: Instant
    action: Annotated[
        str,
        Meta(
            description="What was done.",
            examples=["updated"],
            extra_json_schema=choices("created", "updated", "deleted"),
        ),
    ]
    api_key: KeyOfChange
    request_id: RequestOfChange
    changes: Annotated[
        dict[str, Any],
        Meta(
            description="Field → what it was and what it became, as from and to.",
            examples=[{"nickname": {"from": None, "to": "Sales"}}],
        ),
    ]


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
