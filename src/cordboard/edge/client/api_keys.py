"""Requests about an organization's key pairs, and what they answer; they need the scope ``admin``.

The server never stores an answer that shows a secret, so creating and rotating carry no idempotency
key and are never sent twice. After a lost answer, list the key pairs and revoke the one that nobody
has the secret of, or rotate it again.
"""

import msgspec

from cordboard.edge.client.request import Request, path_to


class NewAPIKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key pair to make.

    Attributes:
        scopes: What it may do; all that the caller's may when None.
        expires_at: When it stops working, ISO 8601 in UTC; never when None.
    """

    name: str | None = None
    scopes: list[str] | None = None
    expires_at: str | None = None


class Rotation(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to change a secret: for how long the present one goes on working (a day when None)."""

    grace_seconds: int | None = None


class APIKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair without its secret.

    Attributes:
        api_key: The public half.
        status: ``ACTIVE``, ``REVOKED`` or ``EXPIRED``.
        previous_secret_expires_at: Until when the secret before the present one works.
    """

    api_key_id: str
    api_key: str
    organization_id: str
    name: str | None
    scopes: list[str]
    status: str
    created_at: str
    expires_at: str | None
    previous_secret_expires_at: str | None = None
    revoked_at: str | None = None
    last_used_at: str | None = None


class IssuedAPIKey(APIKey, frozen=True, kw_only=True):
    """A key pair with its secret, which is shown this once."""

    api_secret: str

    def __repr__(self) -> str:
        """Show which pair it is, and nothing of the secret."""
        return f"IssuedAPIKey(api_key={self.api_key!r}, api_secret=***)"


class APIKeyList(msgspec.Struct, frozen=True):
    """All key pairs of an organization, oldest first, revoked and expired ones too."""

    api_keys: list[APIKey]


def create_api_key(organization_id: str, new: NewAPIKey) -> Request[IssuedAPIKey]:
    """Make a key pair that may do what the caller's may, or less."""
    return Request("POST", _path(organization_id), IssuedAPIKey, body=new)


def list_api_keys(organization_id: str) -> Request[APIKeyList]:
    """List the organization's key pairs."""
    return Request("GET", _path(organization_id), APIKeyList)


def revoke_api_key(organization_id: str, api_key_id: str) -> Request[APIKey]:
    """End a key pair for good."""
    return Request("DELETE", _path(organization_id, api_key_id), APIKey)


def rotate_api_key(
    organization_id: str, api_key_id: str, rotation: Rotation
) -> Request[IssuedAPIKey]:
    """Give a key pair a new secret."""
    return Request(
        "POST", _path(organization_id, api_key_id, "rotate"), IssuedAPIKey, body=rotation
    )


def _path(organization_id: str, *segments: str) -> str:
    return path_to("organizations", organization_id, "api-keys", *segments)
