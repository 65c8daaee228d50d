"""Whether something went on without a break, told after it did: a beat that is noted on disk.

Nobody can note the moment at which he is stopped. Whoever beats next sees how long ago the last
beat was, whichever process it came from.
"""

import msgspec

from cordboard.runtime.db import ReadTx, WriteTx

GAP_KEPT_MS = 30 * 24 * 3600 * 1000


class Gap(msgspec.Struct, frozen=True):
    """A time in which nothing beat."""

    began_ms: int
    ended_ms: int

    @property
    def seconds(self) -> int:
        """How long it was, in whole seconds."""
        return (self.ended_ms - self.began_ms) // 1000


async def beat(tx: WriteTx, name: str, tolerance_ms: int) -> Gap | None:
    """Note that ``name`` goes on; return the gap that this ended, if it is longer than tolerated.

    Several processes may beat for one name: the gap is between any two beats, and told once.
    """
    is_first = await tx.execute(
        "INSERT INTO heartbeat (name, at_ms) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        name,
        tx.now_ms,
    )
    row = await tx.fetch_one("SELECT at_ms FROM heartbeat WHERE name = $1 {for_update}", name)
    if is_first or row is None:
        return None
    await tx.execute("UPDATE heartbeat SET at_ms = $2 WHERE name = $1", name, tx.now_ms)
    gap = Gap(row[0], tx.now_ms)
    if gap.ended_ms - gap.began_ms <= tolerance_ms:
        return None
    await tx.execute("DELETE FROM heartbeat_gap WHERE ended_ms < $1", tx.now_ms - GAP_KEPT_MS)
    await tx.execute(
        """INSERT INTO heartbeat_gap (name, began_ms, ended_ms) VALUES ($1, $2, $3)
           ON CONFLICT (name, began_ms) DO UPDATE SET ended_ms = excluded.ended_ms""",
        name,
        gap.began_ms,
        gap.ended_ms,
    )
    return gap


async def find_last_beat(tx: ReadTx, name: str) -> int | None:
    """Return when ``name`` was last noted to go on, or None if it never was."""
    row = await tx.fetch_one("SELECT at_ms FROM heartbeat WHERE name = $1", name)
    return None if row is None else row[0]


async def list_gaps(tx: ReadTx, name: str, since_ms: int) -> list[Gap]:
    """Return the gaps that ended after an instant, newest first; they are kept for 30 days."""
    rows = await tx.fetch_all(
        """SELECT began_ms, ended_ms FROM heartbeat_gap WHERE name = $1 AND ended_ms >= $2
           ORDER BY began_ms DESC""",
        name,
        since_ms,
    )
    return [Gap(*row) for row in rows]
