"""Organizations and key pairs: shapes and rules, no I/O."""

import hashlib
import hmac
import secrets
import string
from typing import ClassVar

import msgspec

from cordboard.runtime.clock import epoch_ms
from cordboard.runtime.errors import DomainError, InvalidError, Kind
from cordboard.runtime.ids import OrganizationId

KEY_PREFIX = "sk_"
SECRET_PREFIX = "s3cr3t_"  # noqa: S105 - the visible part of every secret, not one of them
BASE62 = string.ascii_letters + string.digits
KEY_LENGTH = 32
SECRET_LENGTH = 43
LONGEST_NAME = 100

ADMIN = "admin"
SCOPES = (
    "numbers:read",
    "numbers:write",
    "agents:read",
    "agents:write",
    "calls:read",
    "calls:write",
    "carriers:write",
    ADMIN,
)


class UnauthorizedError(DomainError):
    """The key pair is unknown, wrong, revoked or expired: one text for all of them."""

    kind = Kind.UNAUTHORIZED
    code = "auth.invalid"
    message = "Unauthorized"

    def __init__(self) -> None:
        """Say the same whatever the reason."""
        super().__init__("The API key or secret is invalid")


class CredentialsMissingError(DomainError):
    """A header of the pair is missing or empty."""

    kind = Kind.UNAUTHORIZED
    code = "auth.missing"
    message = "Unauthorized"


class ScopeMissingError(DomainError):
    """The key pair is good, and may not do this."""

    kind = Kind.FORBIDDEN
    code = "auth.scope"
    message = "Forbidden"


class OrganizationNotFoundError(DomainError):
    """There is no such organization, or it is somebody else's."""

    kind = Kind.NOT_FOUND
    code = "organization.not_found"
    message = "Organization not found"

    def __init__(self, organization_id: str) -> None:
        """Say the same of a missing one and of somebody else's."""
        super().__init__(f"Organization with ID '{organization_id}' does not exist")


class APIKeyNotFoundError(DomainError):
    """The organization has no such key pair."""

    kind = Kind.NOT_FOUND
    code = "api_key.not_found"
    message = "API key not found"

    def __init__(self, organization_id: OrganizationId, api_key_id: str) -> None:
        """Name both."""
        super().__init__(
            f"API key with ID '{api_key_id}' does not exist in organization '{organization_id}'"
        )


class APIKeyEndedError(DomainError):
    """The key pair is revoked or expired, so it gets no new secret."""

    kind = Kind.CONFLICT
    code = "api_key.ended"
    message = "API key has ended"

    def __init__(self, api_key_id: str, status: str) -> None:
        """Name the pair and what became of it."""
        super().__init__(f"API key with ID '{api_key_id}' is {status.lower()}; create a new one")


class Organization(msgspec.Struct, frozen=True):
    """A tenant: everything belongs to exactly one."""

    organization_id: OrganizationId
    name: str
    created_ms: int


class APIKey(msgspec.Struct, frozen=True):
    """A key pair as it is stored: the secret only as HMAC-SHA256 under the pepper."""

    api_key: str
    api_key_id: str
    organization_id: OrganizationId
    name: str
    scopes: frozenset[str]
    secret_hash: str
    previous_secret_hash: str | None
    previous_secret_expires_ms: int | None
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    last_used_ms: int | None

    DUMMY: ClassVar["APIKey"]

    def is_usable_at(self, now_ms: int) -> bool:
        """Whether the pair is neither revoked nor expired at an instant."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)

    def allows(self, scope: str) -> bool:
        """Whether the pair may do what a scope names; ``admin`` implies all."""
        return scope in self.scopes or ADMIN in self.scopes

    def status_at(self, now_ms: int) -> str:
        """Return ``ACTIVE``, ``REVOKED`` or ``EXPIRED``."""
        if self.revoked_ms is not None:
            return "REVOKED"
        return "ACTIVE" if self.is_usable_at(now_ms) else "EXPIRED"


APIKey.DUMMY = APIKey(
    api_key="",
    api_key_id="",
    organization_id=OrganizationId(""),
    name="",
    scopes=frozenset(),
    secret_hash="0" * 64,
    previous_secret_hash="0" * 64,
    previous_secret_expires_ms=0,
    created_ms=0,
    expires_ms=0,
    revoked_ms=0,
    last_used_ms=None,
)


class IssuedKey(msgspec.Struct, frozen=True):
    """A key pair together with its secret, for the one moment it is shown."""

    key: APIKey
    api_secret: str

    def __repr__(self) -> str:
        """Show which pair it is, and nothing of the secret."""
        return f"IssuedKey(api_key={self.key.api_key!r}, api_secret=***)"


class Pepper:
    """Hashes secrets under a key that is not in the database."""

    def __init__(self, key: bytes) -> None:
        """Use a 32-byte key derived from the installation's master key."""
        self._base = hmac.new(key, digestmod=hashlib.sha256)

    def hashed(self, api_secret: str) -> str:
        """Return HMAC-SHA256 of a secret as hexadecimal digits."""
        digest = self._base.copy()
        digest.update(api_secret.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def matches(self, key: APIKey, api_secret: str, now_ms: int) -> bool:
        """Whether the secret opens the pair now; the work is the same whatever the answer."""
        hashed = self.hashed(api_secret)
        is_current = hmac.compare_digest(hashed, key.secret_hash)
        is_previous = hmac.compare_digest(hashed, key.previous_secret_hash or "0" * 64)
        overlap = now_ms < (key.previous_secret_expires_ms or 0)
        return (is_current or (is_previous and overlap)) and key.is_usable_at(now_ms)


def new_api_key() -> str:
    """Return the public half of a new pair: ``sk_`` and 32 characters (190 random bits)."""
    return KEY_PREFIX + "".join(secrets.choice(BASE62) for _ in range(KEY_LENGTH))


def new_api_secret() -> str:
    """Return the secret half of a new pair: ``s3cr3t_`` and 43 characters (256 random bits)."""
    return SECRET_PREFIX + "".join(secrets.choice(BASE62) for _ in range(SECRET_LENGTH))


def check_scopes(scopes: list[str] | None, allowed: frozenset[str]) -> frozenset[str]:
    """Return the scopes of a new pair, given those of the one that asks.

    Raises:
        InvalidError: A scope is unknown, or more than the caller has.
    """
    if scopes is None:
        return allowed
    if not scopes:
        raise InvalidError("scopes", "length", "name at least one scope, or leave it out")
    for index, scope in enumerate(scopes):
        if scope not in SCOPES:
            reason = f"must be one of {', '.join(SCOPES)}"
            raise InvalidError(f"scopes[{index}]", "choice", reason)
        if scope not in allowed and ADMIN not in allowed:
            reason = f"'{scope}' is more than your own key pair has"
            raise InvalidError(f"scopes[{index}]", "choice", reason)
    return frozenset(scopes)


def check_name(name: str, field: str = "name") -> str:
    """Return a trimmed name of 1–100 characters.

    Raises:
        InvalidError: ``validation.length`` or ``validation.characters``.
    """
    if "\0" in name:
        raise InvalidError(field, "characters", "must not hold the NUL character")
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= LONGEST_NAME:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_NAME} characters")
    return trimmed


def checked_expiry(text: str, now_ms: int, field: str = "expires_at") -> int:
    """Return the instant at which a new pair ends, in epoch milliseconds.

    Raises:
        InvalidError: ``validation.type`` if it is no ISO 8601 instant in UTC, ``validation.range``
            if it has passed.
    """
    expires_ms = epoch_ms(text)
    if expires_ms is None:
        reason = "must be an ISO 8601 instant in UTC, such as 2030-01-31T12:00:00Z"
        raise InvalidError(field, "type", reason)
    if expires_ms <= now_ms:
        raise InvalidError(field, "range", "must lie in the future")
    return expires_ms
