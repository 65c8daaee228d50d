"""The guards of outbound calls on the wire."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.calls.outbound.destinations import REGIONS
from cordboard.calls.outbound.limits import (
    HIGHEST,
    MAX_CONCURRENT_CALLS,
    MAX_DIALS_PER_MINUTE,
    MAX_MINUTES_PER_DAY,
    Guards,
    Usage,
    check_limit,
    check_regions,
    whole_minutes,
)
from cordboard.calls.outbound.store.guards import GuardsRevision
from cordboard.edge.api.paging import Pagination
from cordboard.edge.api.resource_fields import (
    Instant,
    KeyOfChange,
    OrganizationName,
    RequestOfChange,
)
from cordboard.edge.api.schema_rules import choices, whole
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.ids import OrganizationId

Region = Annotated[str, Meta(extra_json_schema=choices(*sorted(REGIONS)))]
_REGIONS = "Where calls may go: regions as ISO 3166-1 names them, in two capital letters. +1 has 25"
_CONCURRENT = "How many calls may be under way at once"
_DIALS = "How many calls may begin in any 60 seconds"
_MINUTES = (
    "How many minutes all calls of a UTC day may last together. A call reserves the longest it can "
    "last, and gives back at its end what it did not use"
)
_STOPPED = (
    "The kill switch: while true, no call is made, and calls under way are ended within a second"
)
AllowedRegions = Annotated[
    list[Region],
    Meta(
        description=f"{_REGIONS}. Empty: the region of the number that calls.",
        examples=[["CA", "US"]],
    ),
]
IsStopped = Annotated[bool, Meta(description=f"{_STOPPED}.", examples=[False])]
Revision = Annotated[
    int, Meta(description="How often the guards were changed, from 0.", examples=[1])
]


class UpdateGuards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change. null makes a limit the default again; what is left out stays."""

    allowed_regions: (
        Annotated[
            list[Region] | None,
            Meta(
                description=f"{_REGIONS}. Empty or null: the region of the number that calls.",
                examples=[["CA", "US"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    max_concurrent_calls: (
        Annotated[
            int | None,
            Meta(
                description=f"{_CONCURRENT}; null: {MAX_CONCURRENT_CALLS}.",
                examples=[10],
                extra_json_schema=whole(1, HIGHEST["max_concurrent_calls"]),
            ),
        ]
        | UnsetType
    ) = UNSET
    max_dials_per_minute: (
        Annotated[
            int | None,
            Meta(
                description=f"{_DIALS}; null: {MAX_DIALS_PER_MINUTE}.",
                examples=[60],
                extra_json_schema=whole(1, HIGHEST["max_dials_per_minute"]),
            ),
        ]
        | UnsetType
    ) = UNSET
    max_minutes_per_day: (
        Annotated[
            int | None,
            Meta(
                description=f"{_MINUTES}; null: {MAX_MINUTES_PER_DAY}.",
                examples=[1000],
                extra_json_schema=whole(1, HIGHEST["max_minutes_per_day"]),
            ),
        ]
        | UnsetType
    ) = UNSET
    is_stopped: IsStopped | UnsetType = UNSET

    def checked(self) -> dict[str, Any]:
        """Return the fields that were sent, as the guards hold them; null included.

        Raises:
            InvalidError: A region is none, or a limit is out of its range.
        """
        given = {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not UNSET
        }
        if given.get("allowed_regions") is not None:
            given["allowed_regions"] = check_regions(given["allowed_regions"])
        for field in HIGHEST:
            if given.get(field) is not None:
                check_limit(given[field], field)
        return given


class GuardsUsage(msgspec.Struct, frozen=True):
    """What is in use of the limits."""

    concurrent_calls: Annotated[int, Meta(description="Calls that are under way.", examples=[2])]
    dials_last_minute: Annotated[
        int, Meta(description="Calls that began in the last 60 seconds.", examples=[3])
    ]
    minutes_today: Annotated[
        int,
        Meta(
            description="Minutes of this UTC day that are used, or reserved by calls under way; "
            "rounded up.",
            examples=[127],
        ),
    ]


class GuardsAnswer(msgspec.Struct, frozen=True):
    """What stands between requests for calls and the dial, and how much of it is in use."""

    organization_id: OrganizationName
    allowed_regions: AllowedRegions
    max_concurrent_calls: Annotated[int, Meta(description=f"{_CONCURRENT}.", examples=[5])]
    max_dials_per_minute: Annotated[int, Meta(description=f"{_DIALS}.", examples=[30])]
    max_minutes_per_day: Annotated[int, Meta(description=f"{_MINUTES}.", examples=[500])]
    is_stopped: IsStopped
    revision: Revision
    usage: Annotated[GuardsUsage, Meta(description="What is in use of the limits now.")]


def guards_answer(organization_id: OrganizationId, guards: Guards, usage: Usage) -> GuardsAnswer:
    """Return guards as GET and PATCH answer them."""
    return GuardsAnswer(
        organization_id=organization_id,
        allowed_regions=sorted(guards.allowed_regions),
        max_concurrent_calls=guards.max_concurrent_calls,
        max_dials_per_minute=guards.max_dials_per_minute,
        max_minutes_per_day=guards.max_minutes_per_day,
        is_stopped=guards.is_stopped,
        revision=guards.revision,
        usage=GuardsUsage(usage.concurrent_calls, usage.dials, whole_minutes(usage.day_ms)),
    )


class GuardsChange(msgspec.Struct, frozen=True):
    """One change of the guards."""

    revision: Revision
    at: Instant
    api_key: KeyOfChange
    request_id: RequestOfChange
    changes: Annotated[
        dict[str, Any],
        Meta(
            description="Field → what it was and what it became, as from and to.",
            examples=[{"max_concurrent_calls": {"from": 5, "to": 10}}],
        ),
    ]


class GuardsHistory(msgspec.Struct, frozen=True):
    """A page of the guards' history."""

    organization_id: OrganizationName
    revisions: Annotated[list[GuardsChange], Meta(description="The changes, newest first.")]
    pagination: Annotated[Pagination, Meta(description="Where in the history the page lies.")]


def guards_change(change: GuardsRevision) -> GuardsChange:
    """Return one change as the history shows it."""
    return GuardsChange(
        change.revision, iso_utc(change.at_ms), change.api_key, change.request_id, change.changes
    )
