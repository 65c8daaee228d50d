"""Organizations and key pairs in the database."""

from cordboard.organizations.model import (
    APIKey,
    APIKeyNotFoundError,
    Organization,
    OrganizationNotFoundError,
)
from cordboard.runtime.db import ReadTx, Row, WriteTx
from cordboard.runtime.ids import OrganizationId

KEY_COLUMNS = """api_key, api_key_id, organization_id, name, scopes, secret_hash,
    previous_secret_hash, previous_secret_expires_ms, created_ms, expires_ms, revoked_ms,
    last_used_ms"""
NO_ROW = ("", "", "", "", "", "", None, None, 0, None, 0, None)


def _key_from_row(row: Row) -> APIKey:
    values = list(row)
    values[4] = frozenset(values[4].split())
    return APIKey(*values)


async def insert_organization(tx: WriteTx, organization: Organization) -> None:
    """Store a new organization."""
    await tx.execute(
        "INSERT INTO organization (organization_id, name, created_ms) VALUES ($1, $2, $3)",
        organization.organization_id,
        organization.name,
        organization.created_ms,
    )


async def list_organizations(tx: ReadTx) -> list[Organization]:
    """Return all organizations, oldest first. For operators only."""
    rows = await tx.fetch_all(
        """SELECT organization_id, name, created_ms FROM organization
           ORDER BY created_ms, organization_id"""
    )
    return [Organization(*row) for row in rows]


async def get_organization(tx: ReadTx, organization_id: OrganizationId) -> Organization:
    """Return an organization.

    Raises:
        OrganizationNotFoundError: There is none with this id.
    """
    row = await tx.fetch_one(
        "SELECT organization_id, name, created_ms FROM organization WHERE organization_id = $1",
        organization_id,
    )
    if row is None:
        raise OrganizationNotFoundError(organization_id)
    return Organization(*row)


async def insert_key(tx: WriteTx, key: APIKey) -> None:
    """Store a new key pair."""
    await tx.execute(
        f"""INSERT INTO api_key ({KEY_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        key.api_key,
        key.api_key_id,
        key.organization_id,
        key.name,
        " ".join(sorted(key.scopes)),
        key.secret_hash,
        key.previous_secret_hash,
        key.previous_secret_expires_ms,
        key.created_ms,
        key.expires_ms,
        key.revoked_ms,
        key.last_used_ms,
    )


async def find_key(tx: ReadTx, api_key: str) -> APIKey | None:
    """Return the pair with this public half.

    The one query that is given no organization: its answer says which one asks.
    """
    row = await tx.fetch_one(f"SELECT {KEY_COLUMNS} FROM api_key WHERE api_key = $1", api_key)
    # An unknown pair is decoded as well, so that time does not tell it from a known one.
    key = _key_from_row(NO_ROW if row is None else row)
    return None if row is None else key


async def get_key_for_update(
    tx: WriteTx, organization_id: OrganizationId, api_key_id: str
) -> APIKey:
    """Return one of the organization's key pairs and keep others from changing it meanwhile.

    Raises:
        APIKeyNotFoundError: The organization has none with this id.
    """
    row = await tx.fetch_one(
        f"""SELECT {KEY_COLUMNS} FROM api_key
            WHERE organization_id = $1 AND api_key_id = $2 {{for_update}}""",
        organization_id,
        api_key_id,
    )
    if row is None:
        raise APIKeyNotFoundError(organization_id, api_key_id)
    return _key_from_row(row)


async def list_keys(tx: ReadTx, organization_id: OrganizationId) -> list[APIKey]:
    """Return the organization's key pairs, oldest first, revoked ones too."""
    rows = await tx.fetch_all(
        f"""SELECT {KEY_COLUMNS} FROM api_key WHERE organization_id = $1
            ORDER BY created_ms, api_key_id""",
        organization_id,
    )
    return [_key_from_row(row) for row in rows]


async def update_key(tx: WriteTx, key: APIKey) -> None:
    """Store what may change of a pair: its secrets' hashes and whether it is revoked."""
    await tx.execute(
        """UPDATE api_key SET secret_hash = $3, previous_secret_hash = $4,
             previous_secret_expires_ms = $5, revoked_ms = $6
           WHERE organization_id = $1 AND api_key_id = $2""",
        key.organization_id,
        key.api_key_id,
        key.secret_hash,
        key.previous_secret_hash,
        key.previous_secret_expires_ms,
        key.revoked_ms,
    )


async def update_keys_last_used(tx: WriteTx, used_ms: dict[str, int]) -> None:
    """Note when pairs were last used, given public half → epoch milliseconds.

    Works for the whole installation: it is the server's own note-taking, and shows nobody anything.
    Keys go in one order, so that two nodes that note at the same time do not wait for each other.
    """
    for api_key, at_ms in sorted(used_ms.items()):
        await tx.execute(
            """UPDATE api_key SET last_used_ms = $2
               WHERE api_key = $1 AND (last_used_ms IS NULL OR last_used_ms < $2)""",
            api_key,
            at_ms,
        )
