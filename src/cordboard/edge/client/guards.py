"""Requests about what guards outbound calls; they need the scope ``admin``."""

import msgspec
from msgspec import UNSET, UnsetType

from cordboard.edge.client.request import Request, path_to


class GuardChanges(msgspec.Struct, frozen=True):
    """What to change; what is UNSET stays.

    Attributes:
        allowed_regions: Where calls may go; empty: the region of the number that calls.
        is_stopped: The kill switch.
    """

    allowed_regions: list[str] | UnsetType = UNSET
    max_concurrent_calls: int | UnsetType = UNSET
    max_dials_per_minute: int | UnsetType = UNSET
    max_minutes_per_day: int | UnsetType = UNSET
    is_stopped: bool | UnsetType = UNSET


class Usage(msgspec.Struct, frozen=True):
    """What is in use of the limits now."""

    concurrent_calls: int
    dials_last_minute: int
    minutes_today: int


class Guards(msgspec.Struct, frozen=True):
    """What stands between requests for calls and the dial."""

    organization_id: str
    allowed_regions: list[str]
    max_concurrent_calls: int
    max_dials_per_minute: int
    max_minutes_per_day: int
    is_stopped: bool
    usage: Usage


def show_guards(organization_id: str) -> Request[Guards]:
    """Show what guards an organization's outbound calls."""
    return Request("GET", _path(organization_id), Guards)


def update_guards(organization_id: str, changes: GuardChanges) -> Request[Guards]:
    """Change what is given; with ``is_stopped``, calls under way end within a second."""
    return Request("PATCH", _path(organization_id), Guards, body=changes)


def _path(organization_id: str) -> str:
    return path_to("organizations", organization_id, "outbound-guards")
