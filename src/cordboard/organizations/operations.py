"""What can be done with organizations and key pairs."""

import msgspec

from cordboard.organizations import store
from cordboard.organizations.model import (
    ADMIN,
    APIKey,
    APIKeyEndedError,
    IssuedKey,
    Organization,
    Pepper,
    new_api_key,
    new_api_secret,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.claims import claim_once
from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import OrganizationId

FIRST_ORGANIZATION = "first_organization"


class NewKey(msgspec.Struct, frozen=True):
    """What a new key pair should be called, may do, and when it ends (epoch milliseconds)."""

    name: str
    scopes: frozenset[str]
    expires_ms: int | None = None


async def create_organization(
    tx: WriteTx, name: str, pepper: Pepper
) -> tuple[Organization, IssuedKey]:
    """Create an organization with its first key pair, which may do everything."""
    organization = Organization(OrganizationId(tx.new_id("org_")), name, tx.now_ms)
    await store.insert_organization(tx, organization)
    actor = Actor(organization.organization_id, None, "operator")
    issued = await create_key(tx, actor, NewKey("first", frozenset({ADMIN})), pepper)
    return organization, issued


async def create_first_organization(
    tx: WriteTx, name: str, pepper: Pepper
) -> tuple[Organization, IssuedKey] | None:
    """Create an organization unless there is one; None when there is.

    Of two nodes that start on one new database, one creates it: the other waits for the claim.
    """
    if await store.list_organizations(tx) or not await claim_once(tx, FIRST_ORGANIZATION):
        return None
    return await create_organization(tx, name, pepper)


async def create_key(tx: WriteTx, actor: Actor, new: NewKey, pepper: Pepper) -> IssuedKey:
    """Make a key pair for the actor's organization. The secret is in the answer and nowhere else.

    Raises:
        OrganizationNotFoundError: The organization does not exist.
    """
    await store.get_organization(tx, actor.organization_id)
    api_secret = new_api_secret()
    key = APIKey(
        api_key=new_api_key(),
        api_key_id=tx.new_id("apikey_"),
        organization_id=actor.organization_id,
        name=new.name,
        scopes=new.scopes,
        secret_hash=pepper.hashed(api_secret),
        previous_secret_hash=None,
        previous_secret_expires_ms=None,
        created_ms=tx.now_ms,
        expires_ms=new.expires_ms,
        revoked_ms=None,
        last_used_ms=None,
    )
    await store.insert_key(tx, key)
    return IssuedKey(key, api_secret)


async def revoke_key(tx: WriteTx, actor: Actor, api_key_id: str) -> APIKey:
    """End a key pair for good, within a second on every node.

    Asking twice is safe: the first time counts.

    Raises:
        APIKeyNotFoundError: The organization has no such pair.
    """
    key = await store.get_key_for_update(tx, actor.organization_id, api_key_id)
    if key.revoked_ms is not None:
        return key
    revoked = msgspec.structs.replace(key, revoked_ms=tx.now_ms)
    await store.update_key(tx, revoked)
    return revoked


async def rotate_key(
    tx: WriteTx, actor: Actor, api_key_id: str, grace_ms: int, pepper: Pepper
) -> IssuedKey:
    """Give a pair a new secret; the present one goes on working for ``grace_ms``.

    At most two secrets work at a time: an older one still in its grace ends now.

    Raises:
        APIKeyNotFoundError: The organization has no such pair.
        APIKeyEndedError: It is revoked or expired: no secret would open it.
    """
    key = await store.get_key_for_update(tx, actor.organization_id, api_key_id)
    if not key.is_usable_at(tx.now_ms):
        raise APIKeyEndedError(api_key_id, key.status_at(tx.now_ms))
    api_secret = new_api_secret()
    rotated = msgspec.structs.replace(
        key,
        secret_hash=pepper.hashed(api_secret),
        previous_secret_hash=key.secret_hash,
        previous_secret_expires_ms=tx.now_ms + grace_ms,
    )
    await store.update_key(tx, rotated)
    return IssuedKey(rotated, api_secret)
