"""The clusters, and which of their rules are ours."""

import msgspec

from cordboard.runtime.db import ReadTx, WriteTx


async def update_cluster(tx: WriteTx, cluster_id: str, url: str) -> None:
    """Note a cluster of the configuration."""
    await tx.execute(
        """INSERT INTO livekit_cluster (cluster_id, url, created_ms) VALUES ($1, $2, $3)
           ON CONFLICT (cluster_id) DO UPDATE SET url = excluded.url""",
        cluster_id,
        url,
        tx.now_ms,
    )


async def update_catch_all(tx: WriteTx, cluster_id: str, rule_id: str) -> None:
    """Note the catch-all's rule, so that its calls are known for ours."""
    await tx.execute(
        """INSERT INTO livekit_catch_all (cluster_id, rule_id, noted_ms) VALUES ($1, $2, $3)
           ON CONFLICT (cluster_id, rule_id) DO NOTHING""",
        cluster_id,
        rule_id,
        tx.now_ms,
    )


class OwnRule(msgspec.Struct, frozen=True):
    """A dispatch rule of ours.

    Attributes:
        is_catch_all: Whether Cordboard sends for the agents of its calls.
        answered_by: Whom LiveKit sends for by itself (``model.key_of``), as far as is known.
        noted_ms: Since when that is known.
    """

    is_catch_all: bool
    answered_by: str | None = None
    noted_ms: int = 0


async def find_own_rule(tx: ReadTx, cluster_id: str, rule_id: str) -> OwnRule | None:
    """Return what is known of a rule by which a call came; None for somebody else's."""
    row = await tx.fetch_one(
        "SELECT 1 FROM livekit_catch_all WHERE cluster_id = $1 AND rule_id = $2",
        cluster_id,
        rule_id,
    )
    if row is not None:
        return OwnRule(is_catch_all=True)
    row = await tx.fetch_one(
        """SELECT answered_by, updated_ms FROM phone_number_livekit
           WHERE cluster_id = $1 AND dispatch_rule_id = $2""",
        cluster_id,
        rule_id,
    )
    if row is None:
        return None
    return OwnRule(is_catch_all=False, answered_by=row[0], noted_ms=row[1])


async def get_installation_id(tx: WriteTx) -> str:
    """Return the id that our objects at LiveKit carry; made the first time."""
    await tx.execute(
        """INSERT INTO installation (name, value) VALUES ('installation_id', $1)
           ON CONFLICT (name) DO NOTHING""",
        tx.new_id("inst_"),
    )
    row = await tx.fetch_one("SELECT value FROM installation WHERE name = 'installation_id'")
    if row is None:
        raise LookupError("the installation's id vanished")
    value: str = row[0]
    return value
