"""Key pairs on the wire: what is asked for, and the one moment a secret is shown."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.edge.api.schema_rules import choices, default, text, whole
from cordboard.organizations.model import LONGEST_NAME, SCOPES, APIKey, IssuedKey
from cordboard.runtime.clock import INSTANT, iso_utc

WARNING = "Store the secret now: it is shown this once and cannot be read again."
DEFAULT_GRACE_S = 86_400
LONGEST_GRACE_S = 604_800

APIKeyId = Annotated[
    str, Meta(description="The key pair's id.", examples=["apikey_5f2c9d10a7b34e68c1d2e3f4"])
]
PublicHalf = Annotated[
    str,
    Meta(
        description="The public half, sent as X-API-KEY.",
        examples=["sk_3xAmPleKeyThatOpensNothing0000000"],
    ),
]
SecretHalf = Annotated[
    str,
    Meta(
        description="The secret half, sent as X-API-SECRET. It is in this answer and nowhere else.",
        examples=["s3cr3t_3xAmPleSecretThatOpensNothing00000000000000000"],
    ),
]
KeyName = Annotated[
    str | None,
    Meta(description=f"1–{LONGEST_NAME} characters, or null.", examples=["CRM sync"]),
]
Scopes = Annotated[
    list[Annotated[str, Meta(extra_json_schema=choices(*SCOPES))]],
    Meta(
        description="What the key pair may do; admin implies everything.",
        examples=[["numbers:read", "numbers:write"]],
    ),
]
Status = Annotated[
    str,
    Meta(
        description="ACTIVE, REVOKED or EXPIRED.",
        examples=["ACTIVE"],
        extra_json_schema=choices("ACTIVE", "REVOKED", "EXPIRED"),
    ),
]
Expiry = Annotated[
    str | None,
    Meta(
        description="When the key pair stops working; null is never.",
        examples=["2030-01-31T12:00:00Z"],
    ),
]
PreviousExpiry = Annotated[
    str | None,
    Meta(
        description="Until when the secret before this one works; null when there was none.",
        examples=["2024-01-16T10:30:00Z"],
    ),
]
Warned = Annotated[str, Meta(description="What to do at once.", examples=[WARNING])]


class CreateAPIKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key pair to make. null is the same as leaving a field out."""

    name: Annotated[
        str | None,
        Meta(
            description=f"What it is for: 1–{LONGEST_NAME} characters, trimmed.",
            examples=["CRM sync"],
            extra_json_schema=text(1, LONGEST_NAME, r"[^\x00]*\S[^\x00]*"),
        ),
    ] = None
    scopes: Annotated[
        list[Annotated[str, Meta(extra_json_schema=choices(*SCOPES))]] | None,
        Meta(
            description="What it may do, at most what your own may; all of that when left out.",
            examples=[["numbers:read", "numbers:write"]],
            extra_json_schema={"minItems": 1},
        ),
    ] = None
    expires_at: Annotated[
        str | None,
        Meta(
            description="When it stops working: ISO 8601, UTC, in the future. Never, if left out.",
            examples=["2030-01-31T12:00:00Z"],
            extra_json_schema={"format": "date-time", "pattern": f"^{INSTANT.pattern}$"},
        ),
    ] = None


class RotateAPIKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to change a secret. null is the same as leaving a field out."""

    grace_seconds: Annotated[
        int | None,
        Meta(
            description="How long the present secret goes on working.",
            examples=[3600],
            extra_json_schema=whole(0, LONGEST_GRACE_S) | default(DEFAULT_GRACE_S),
        ),
    ] = None


class APIKeyItem(msgspec.Struct, frozen=True):
    """A key pair as it can be read at any time: without its secret."""

    api_key_id: APIKeyId
    api_key: PublicHalf
    organization_id: OrganizationName
    name: KeyName
    scopes: Scopes
    status: Status
    created_at: Instant
    expires_at: Expiry
    previous_secret_expires_at: PreviousExpiry
    revoked_at: Annotated[
        str | None, Meta(description="When it was revoked, or null.", examples=[None])
    ]
    last_used_at: Annotated[
        str | None,
        Meta(
            description="When it was last used, known within a minute or so; null is never.",
            examples=["2024-01-15T10:30:00Z"],
        ),
    ]


class APIKeyList(msgspec.Struct, frozen=True):
    """All key pairs of the organization, oldest first, revoked and expired ones too."""

    organization_id: OrganizationName
    api_keys: Annotated[list[APIKeyItem], Meta(description="The key pairs.")]
    returned_count: Annotated[int, Meta(description="How many there are.", examples=[1])]


class IssuedAPIKey(msgspec.Struct, frozen=True):
    """A new key pair with its secret."""

    api_key_id: APIKeyId
    api_key: PublicHalf
    api_secret: SecretHalf
    organization_id: OrganizationName
    name: KeyName
    scopes: Scopes
    status: Status
    created_at: Instant
    expires_at: Expiry
    warning: Warned

    def __repr__(self) -> str:
        """Show which pair it is, and nothing of the secret."""
        return f"IssuedAPIKey(api_key={self.api_key!r}, api_secret=***)"


class RotatedAPIKey(msgspec.Struct, frozen=True):
    """A key pair with its new secret."""

    api_key_id: APIKeyId
    api_key: PublicHalf
    api_secret: SecretHalf
    organization_id: OrganizationName
    name: KeyName
    scopes: Scopes
    status: Status
    created_at: Instant
    expires_at: Expiry
    previous_secret_expires_at: PreviousExpiry
    warning: Warned

    def __repr__(self) -> str:
        """Show which pair it is, and nothing of the secret."""
        return f"RotatedAPIKey(api_key={self.api_key!r}, api_secret=***)"


def api_key_item(key: APIKey, now_ms: int) -> APIKeyItem:
    """Return a key pair as lists show it."""
    return APIKeyItem(
        key.api_key_id,
        key.api_key,
        key.organization_id,
        key.name or None,
        _scopes(key),
        key.status_at(now_ms),
        iso_utc(key.created_ms),
        _instant(key.expires_ms),
        _instant(key.previous_secret_expires_ms),
        _instant(key.revoked_ms),
        _instant(key.last_used_ms),
    )


def issued_api_key(issued: IssuedKey, now_ms: int) -> IssuedAPIKey:
    """Return a new key pair as its creation answers it."""
    key = issued.key
    return IssuedAPIKey(
        key.api_key_id,
        key.api_key,
        issued.api_secret,
        key.organization_id,
        key.name or None,
        _scopes(key),
        key.status_at(now_ms),
        iso_utc(key.created_ms),
        _instant(key.expires_ms),
        WARNING,
    )


def rotated_api_key(issued: IssuedKey, now_ms: int) -> RotatedAPIKey:
    """Return a key pair as its rotation answers it."""
    fields = msgspec.structs.asdict(issued_api_key(issued, now_ms))
    ends_at = _instant(issued.key.previous_secret_expires_ms)
    return RotatedAPIKey(**fields, previous_secret_expires_at=ends_at)


def _scopes(key: APIKey) -> list[str]:
    """Return the scopes in the order in which they are documented."""
    return [scope for scope in SCOPES if scope in key.scopes]


def _instant(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else iso_utc(epoch_ms)
