"""The smallest writes there are, for tests of transactions: names with values."""

from typing import cast

from cordboard.runtime.db import Database, ReadTx, WriteTx

INSERT = "INSERT INTO installation (name, value) VALUES ($1, $2)"
UPDATE = "UPDATE installation SET value = $2 WHERE name = $1"


async def insert_note(tx: WriteTx, name: str, value: str = "") -> str:
    """Write a new name down; it breaks a unique key if it is there."""
    await tx.execute(INSERT, name, value)
    return name


async def list_notes(tx: ReadTx) -> list[str]:
    """Return all names in alphabetical order."""
    return [row[0] for row in await tx.fetch_all("SELECT name FROM installation ORDER BY name")]


async def find_note(tx: ReadTx, name: str) -> str | None:
    """Return the value of a name."""
    row = await tx.fetch_one("SELECT value FROM installation WHERE name = $1", name)
    return None if row is None else row[0]


async def notes_in(db: Database) -> list[str]:
    """Return all names that are there now."""
    return await db.read(list_notes)


async def write_through_a_read(tx: ReadTx) -> None:
    """Do what the type checker forbids."""
    await cast("WriteTx", tx).execute(INSERT, "written by a reader", "")
