"""What is asked about calls, on the wire."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.calls.model import checked_notes
from cordboard.calls.store import SORTS, CallFilter, CallQuery
from cordboard.edge.api.number_fields import Immutable
from cordboard.edge.api.paging import ListRequest, ListRules
from cordboard.edge.api.query import LARGEST_INTEGER
from cordboard.edge.api.schema_rules import whole
from cordboard.runtime.errors import InvalidError

MOST_AGENTS = 100
LONGEST_AGENT = 128
STATUSES = ("REGISTERED", "ONGOING", "ENDED", "ERROR", "SCHEDULED")
TYPES = ("PHONE_CALL", "WEB_CALL")
LISTING = ListRules(limit=20, most=1000, sort_by="start_timestamp", sorts=tuple(SORTS))

Statuses = Annotated[
    list[str] | None,
    Meta(description="Only calls of these statuses, in any case.", examples=[["ENDED"]]),
]


class DurationRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the calls were, in milliseconds from answer to end."""

    lower_threshold: Annotated[
        int | None,
        Meta(description="The shortest.", examples=[1000], extra_json_schema=whole(0)),
    ] = None
    upper_threshold: Annotated[
        int | None,
        Meta(description="The longest.", examples=[60000], extra_json_schema=whole(0)),
    ] = None


class CallFilterCriteria(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls to list; null does not filter."""

    call_status: Statuses = None
    call_type: Annotated[
        list[str] | None,
        Meta(description="Only calls of these types, in any case.", examples=[["PHONE_CALL"]]),
    ] = None
    agent_id: Annotated[
        str | list[str] | None,
        Meta(description="Only calls of this agent, or of these.", examples=["agent_abc123"]),
    ] = None
    duration_ms: Annotated[
        DurationRange | None, Meta(description="Only calls of such a length.")
    ] = None


class CallListRequest(ListRequest, frozen=True, forbid_unknown_fields=True):
    """Which page of which list."""

    limit: Annotated[int | None, LISTING.limit_field] = None
    sort_by: Annotated[str | None, LISTING.sort_field] = None
    filter_criteria: Annotated[
        CallFilterCriteria | None, Meta(description="Which calls; all, when left out.")
    ] = None


class UpdateCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change. What is sent of the notes is merged into those that are there."""

    metadata: Annotated[
        dict[str, Any] | UnsetType,
        Meta(
            description="Notes, up to 32 KiB of JSON in all; a key that is there is replaced.",
            examples=[{"ticket": "T-1"}],
        ),
    ] = UNSET
    call_status: Immutable = UNSET
    direction: Immutable = UNSET
    from_number: Immutable = UNSET


class EndCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is asked but the end."""


def checked_update(asked: UpdateCall) -> dict[str, Any]:
    """Return the notes that are sent.

    Raises:
        InvalidError: They break a rule, or something else is to change.
    """
    for field in ("call_status", "direction", "from_number"):
        if getattr(asked, field) is not UNSET:
            raise InvalidError(field, "immutable", "cannot be changed; leave it out")
    return checked_notes(None if asked.metadata is UNSET else asked.metadata)


def checked_query(asked: CallListRequest, prefix: str = "") -> CallQuery:
    """Return the list that is asked for.

    Args:
        asked: Values of the right types; null is the same as left out.
        prefix: The path of the filters, for errors (``filter_criteria.`` or nothing).

    Raises:
        InvalidError: A value breaks its rule.
    """
    criteria = asked.filter_criteria or CallFilterCriteria()
    agents = [] if criteria.agent_id is None else criteria.agent_id
    duration = criteria.duration_ms or DurationRange()
    types = _checked_choices(criteria.call_type, f"{prefix}call_type", TYPES)
    return CallQuery(
        **LISTING.checked(asked),
        filter=CallFilter(
            statuses=_checked_choices(criteria.call_status, f"{prefix}call_status", STATUSES),
            takes_phone_calls=not types or "PHONE_CALL" in types,
            agent_ids=_checked_agents(
                [agents] if isinstance(agents, str) else agents, f"{prefix}agent_id"
            ),
            shortest_ms=_checked_bound(
                duration.lower_threshold, f"{prefix}duration_ms.lower_threshold"
            ),
            longest_ms=_checked_bound(
                duration.upper_threshold, f"{prefix}duration_ms.upper_threshold"
            ),
        ),
    )


def _checked_choices(
    values: list[str] | None, field: str, known: tuple[str, ...]
) -> tuple[str, ...]:
    for index, value in enumerate(values or []):
        if value.upper() not in known:
            raise InvalidError(f"{field}[{index}]", "choice", f"must be one of {', '.join(known)}")
    return tuple(dict.fromkeys(value.upper() for value in values or []))


def _checked_agents(agents: list[str], field: str) -> tuple[str, ...]:
    if len(agents) > MOST_AGENTS:
        raise InvalidError(field, "length", f"must have at most {MOST_AGENTS} items")
    for agent in agents:
        if "\0" in agent:
            raise InvalidError(field, "characters", "must not hold the NUL character")
        if not 1 <= len(agent) <= LONGEST_AGENT:
            raise InvalidError(field, "length", f"must have 1 to {LONGEST_AGENT} characters")
    return tuple(dict.fromkeys(agents))


def _checked_bound(value: int | None, field: str) -> int | None:
    if value is not None and not 0 <= value <= LARGEST_INTEGER:
        raise InvalidError(field, "range", f"must be from 0 to {LARGEST_INTEGER}")
    return value
