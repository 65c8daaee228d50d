"""What a statement costs on SQLite apart from its work: it is compiled once, then only run."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from cordboard.routing.store import find_facts
from cordboard.runtime.db import ReadTx, open_database
from cordboard.runtime.db.sqlite import open_connection
from cordboard.runtime.db.sqlite_tx import SQLiteTx, drive
from tests.support.databases import sqlite_url

RUNS = 5
CACHE_KIB = 1_000
ReadOf = Callable[[int, ReadTx], Awaitable[object]]


async def facts_of_a_call(run: int, tx: ReadTx) -> object:
    return await find_facts(tx, f"+1212555{run:04d}")


async def a_page(run: int, tx: ReadTx) -> object:
    sql = "SELECT agent_id FROM agent WHERE organization_id = $1 ORDER BY agent_id LIMIT $2"
    return await tx.fetch_all(sql, f"org_{run}", run)


async def a_search(run: int, tx: ReadTx) -> object:
    sql = "SELECT agent_id FROM agent WHERE agent_name_folded LIKE $1"
    return await tx.fetch_all(sql, f"{run}%")


@pytest.mark.parametrize("read", [facts_of_a_call, a_page, a_search])
async def test_a_statement_is_compiled_once_for_all_its_values(
    tmp_path: Path, read: ReadOf
) -> None:
    path = tmp_path / "cordboard.db"
    await (await open_database(sqlite_url(path), create=True)).close()
    connection = open_connection(path, CACHE_KIB)
    asked_of_the_schema: list[str | None] = []

    def note(_: int, table: str | None, *__: str | None) -> int:
        """Be asked by SQLite about everything a statement names, whenever it compiles one."""
        asked_of_the_schema.append(table)
        return apsw.SQLITE_OK

    connection.authorizer = note
    seen = []
    for run in range(RUNS):
        drive(partial(read, run), SQLiteTx(connection, 0))
        seen.append(len(asked_of_the_schema))
    connection.close()
    assert seen[0] > 0
    assert seen == [seen[0]] * RUNS
