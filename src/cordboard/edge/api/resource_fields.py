"""Fields that every resource has on the wire: whose it is, when, and who changed it."""

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
KeyOfChange = Annotated[
    str | None,
    Meta(
        description="The public half of the key pair that did it; null for an operator.",
        examples=["sk_3xAmPleKeyThatOpensNothing0000000"],
    ),
]
RequestOfChange = Annotated[
    str, Meta(description="The request that did it.", examples=["req_5716e54aee571ba400000001"])
]
OrganizationName = Annotated[str, Meta(description="The organization's id.", examples=["org_123"])]
