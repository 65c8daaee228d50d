"""Of several workers, one: a lease that its holder renews, and others take when it has run out."""

from cordboard.runtime.db import WriteTx


async def claim_lease(tx: WriteTx, name: str, holder: str, duration_ms: int) -> bool:
    """Take or renew a lease; False while somebody else holds it.

    Args:
        tx: A transaction; the lease counts from its instant.
        name: What is leased, such as ``reconcile/default``.
        holder: Who asks: random, for the life of a process.
        duration_ms: How long it lasts without being renewed.
    """
    changed = await tx.execute(
        """INSERT INTO lease (name, holder, expires_ms) VALUES ($1, $2, $3)
           ON CONFLICT (name) DO UPDATE SET holder = excluded.holder,
             expires_ms = excluded.expires_ms
           WHERE lease.holder = excluded.holder OR lease.expires_ms <= $4""",
        name,
        holder,
        tx.now_ms + duration_ms,
        tx.now_ms,
    )
    return changed == 1


async def release_lease(tx: WriteTx, name: str, holder: str) -> None:
    """Give a lease back, so that nobody has to wait for it to run out."""
    await tx.execute("DELETE FROM lease WHERE name = $1 AND holder = $2", name, holder)
