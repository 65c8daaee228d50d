"""Fields that every resource has on the wire: whose it is, and when."""

from typing import Annotated

from msgspec import Meta

Instant = Annotated[
    str,
    Meta(
        description="ISO 8601, UTC, seconds.",
        examples=["2024-01-15T10:30:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
OrganizationName = Annotated[str, Meta(description="The organization's id.", examples=["org_123"])]
