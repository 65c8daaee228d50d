"""Phone numbers as people read them."""

from collections.abc import Iterator, Sequence
from typing import Any

from cordboard.edge.cli.output import NOTHING, print_record, print_table
from cordboard.edge.client.numbers import (
    AvailableNumbers,
    DeletedNumber,
    Number,
    NumberDetails,
    NumberHistory,
    NumberList,
)

_LEFTOVERS = {
    "dispatch_rule": "its dispatch rule",
    "inbound_trunk": "its inbound trunk",
    "outbound_trunk": "its outbound trunk",
}


def print_numbers(pages: Sequence[NumberList]) -> None:
    """Print a table of numbers."""
    print_table(
        ("NUMBER", "NICKNAME", "INBOUND AGENT", "OUTBOUND AGENT", "CARRIER", "UPDATED"),
        (
            (
                number.phone_number,
                number.nickname,
                number.inbound_agent_id,
                number.outbound_agent_id,
                number.number_provider,
                number.updated_at,
            )
            for page in pages
            for number in page.phone_numbers
        ),
    )


def print_available(available: AvailableNumbers) -> None:
    """Print a table of numbers that are bound to no agent."""
    print_table(
        ("NUMBER", "NICKNAME", "CARRIER", "CREATED"),
        (
            (number.phone_number, number.nickname, number.number_provider, number.created_at)
            for number in available.phone_numbers
        ),
    )


def print_number(number: Number, etag: str | None) -> None:
    """Print one number, a field per line; what few numbers have, only where it is there."""
    fields: list[tuple[str, Any]] = [
        ("Number", f"{number.phone_number}   {number.phone_number_pretty}"),
        ("Nickname", number.nickname),
        ("Inbound agent", _bound(number.inbound_agent_id, number.inbound_agent_version)),
        ("Outbound agent", _bound(number.outbound_agent_id, number.outbound_agent_version)),
        *_own_fields(number),
        ("Webhook", number.inbound_webhook_url),
        ("Carrier", number.number_provider),
        ("Outbound trunk", number.outbound_trunk_id),
        ("Type", number.phone_number_type),
        ("Created", number.created_at),
        ("Updated", number.updated_at),
    ]
    if isinstance(number, NumberDetails):
        livekit = (
            ("LiveKit", number.livekit_status),
            ("LiveKit error", number.livekit_error),
            ("Inbound trunk", number.inbound_trunk_id),
            ("Dispatch rule", number.dispatch_rule_id),
        )
        fields += [(name, value) for name, value in livekit if value is not None]
    print_record([*fields, ("Tag", etag and etag.strip('"'))])


def print_deleted(deleted: DeletedNumber) -> None:
    """Print what is left at LiveKit of a number that was deleted."""
    results = deleted.cleanup_results
    left = [text for field, text in _LEFTOVERS.items() if not getattr(results, field)]
    print_record(
        [
            ("Number", deleted.phone_number),
            ("Left at LiveKit", f"{', '.join(left)}: not yet removed" if left else "nothing"),
        ]
    )


def print_history(pages: Sequence[NumberHistory]) -> None:
    """Print a table of changes, one line per field."""
    print_table(
        ("WHEN", "TAG", "ACTION", "KEY", "CHANGES"),
        (
            (
                change.at,
                f"{change.registration_id}.{change.revision}",
                change.action,
                change.api_key,
                [_changed(field, values) for field, values in change.changes.items()],
            )
            for page in pages
            for change in page.revisions
        ),
    )


def described(number: Number) -> str:
    """Return a number with what people know it by, for a question."""
    known = [number.nickname] if number.nickname else []
    if number.inbound_agent_id:
        known.append(f"answered by {number.inbound_agent_id}")
    return f"{number.phone_number} ({', '.join(known)})" if known else number.phone_number


def _own_fields(number: Number) -> Iterator[tuple[str, str | None]]:
    """Go through Cordboard's own fields that are set."""
    if number.fallback_agent_id is not None:
        yield "Fallback agent", _bound(number.fallback_agent_id, number.fallback_agent_version)
    if number.aliases:
        yield "Aliases", ", ".join(number.aliases)


def _bound(agent_id: str | None, version: int) -> str | None:
    return None if agent_id is None else f"{agent_id}@{version}"


def _changed(field: str, values: dict[str, Any]) -> str:
    before, after = (values.get(key) for key in ("from", "to"))
    if before is None:
        return f"{field}: {after}"
    return f"{field}: {before} → {NOTHING if after is None else after}"
