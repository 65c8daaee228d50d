"""Bring a PostgreSQL database to the schema of this version."""

import asyncpg

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.migrations import APPLIED, NOTE, TABLE, Migration, check_applied, pending
from cordboard.runtime.db.placeholders import for_postgres
from cordboard.runtime.db.postgres import ACQUIRE_TIMEOUT_S, cannot_connect
from cordboard.runtime.db.postgres_errors import FAILURES

MIGRATION_LOCK = 0x636F7264

RENUMBER_RESTORED = """
    UPDATE outbox SET transaction_id = outbox.transaction_id - 1 - newest.transaction_id
    FROM (SELECT MAX(transaction_id) AS transaction_id FROM outbox) AS newest
    WHERE newest.transaction_id
      >= CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)"""
"""A dump brings transaction ids of the server it was made on, which this one may not have reached:
such events would wait for it, and new ones would sort before them. Their order stays."""


async def migrate_postgres(url: str, clock: Clock, *, apply: bool) -> list[str]:
    """Apply what is pending in one transaction, one node at a time; return the names applied.

    Raises:
        StartError: PostgreSQL cannot be used, is newer than the code, or has pending migrations
            that may not be applied.
    """
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_TIMEOUT_S)
        try:
            if todo := await _pending(connection):
                check_applied(todo, apply=apply)
                todo = await _applied(connection, clock)
            await connection.execute(RENUMBER_RESTORED)
            return [migration.name for migration in todo]
        finally:
            await connection.close()
    except (*FAILURES, ValueError) as error:
        raise cannot_connect(error) from error


async def _applied(connection: asyncpg.Connection, clock: Clock) -> list[Migration]:
    """Apply what is still pending once it is our turn."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await connection.execute(TABLE)
        todo = await _pending(connection)
        for migration in todo:
            for statement in migration.statements:
                await connection.execute(for_postgres(statement))
            values = (migration.number, migration.name, migration.checksum, clock())
            await connection.execute(NOTE, *values)
    return todo


async def _pending(connection: asyncpg.Connection) -> list[Migration]:
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return pending({})
    return pending({row["number"]: row["checksum"] for row in await connection.fetch(APPLIED)})
