"""The schema comes up once, whole, and never behind the code's back."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources

import pytest

from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import open_database
from cordboard.runtime.db.migrations import all_migrations, check_applied, parsed, pending
from cordboard.runtime.db.opening import migrate_database
from cordboard.runtime.errors import StartError
from tests.support.raw_sql import is_sqlite, run_sql

NAMES = [migration.name for migration in all_migrations()]
STARTS = 4
START = """
import asyncio, sys
from cordboard.runtime.db import open_database

async def start():
    db = await open_database(sys.argv[1], create=True)
    await db.close()

sys.stdin.readline()
asyncio.run(start())
"""


def applied(url: str) -> list[str]:
    """Return what the database says was applied."""
    return [name for (name,) in run_sql(url, "SELECT name FROM schema_migration ORDER BY number")]


async def test_a_blank_database_gets_every_migration_once(blank_database_url: str) -> None:
    assert await migrate_database(blank_database_url, clock=system_clock) == NAMES
    assert await migrate_database(blank_database_url, clock=system_clock) == []
    assert applied(blank_database_url) == NAMES


async def test_pending_migrations_are_a_refusal_where_they_may_not_be_applied(
    blank_database_url: str,
) -> None:
    if is_sqlite(blank_database_url):
        run_sql(blank_database_url, "CREATE TABLE something (a BIGINT)")
    with pytest.raises(StartError, match="`cordboard migrate` first"):
        await open_database(blank_database_url, create=True, migrate=False)


async def test_a_migrated_database_opens_without_migrating(database_url: str) -> None:
    db = await open_database(database_url, create=False, migrate=False)
    await db.close()


async def test_a_database_newer_than_the_code_is_refused_and_left_alone(database_url: str) -> None:
    run_sql(
        database_url,
        "INSERT INTO schema_migration (number, name, checksum, applied_ms) "
        "VALUES (9999, '9999_from_the_future.sql', 'x', 0)",
    )
    with pytest.raises(StartError, match="schema version 9999, newer than"):
        await open_database(database_url, create=True)
    assert applied(database_url) == [*NAMES, "9999_from_the_future.sql"]


async def test_a_migration_that_was_edited_afterwards_is_refused(database_url: str) -> None:
    run_sql(database_url, "UPDATE schema_migration SET checksum = 'x' WHERE number = 1")
    with pytest.raises(StartError, match=f"{NAMES[0]} differs"):
        await open_database(database_url, create=True)


async def test_a_migration_that_fails_leaves_nothing_and_can_be_repeated(
    blank_database_url: str,
) -> None:
    run_sql(blank_database_url, "CREATE TABLE idempotency_key (in_the_way BIGINT)")
    with pytest.raises(StartError, match="idempotency_key"):
        await open_database(blank_database_url, create=True)
    with pytest.raises(Exception, match="organization"):
        run_sql(blank_database_url, "SELECT organization_id FROM organization")
    run_sql(blank_database_url, "DROP TABLE idempotency_key")
    assert await migrate_database(blank_database_url, clock=system_clock) == NAMES


@pytest.fixture
def starting(blank_database_url: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that open the database for the first time as soon as they read a line."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, blank_database_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(STARTS)
    ]
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


async def test_processes_that_start_first_at_the_same_time_all_start(
    starting: list[subprocess.Popen[str]], blank_database_url: str
) -> None:
    ended = await asyncio.gather(
        *(asyncio.to_thread(process.communicate, "\n") for process in starting)
    )
    assert [stderr for _, stderr in ended] == [""] * STARTS
    assert [process.returncode for process in starting] == [0] * STARTS
    assert applied(blank_database_url) == NAMES


def test_migrations_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in all_migrations()] == list(range(1, len(NAMES) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_is_written_as_it_is_split(name: str) -> None:
    folder = resources.files("cordboard.runtime.db") / "migrations"
    for line in (folder / name).read_text("utf-8").splitlines():
        code = "" if line.lstrip().startswith("--") else line
        assert "--" not in code, "a comment has a line of its own"
        assert ";" not in code.rstrip().removesuffix(";"), "';' ends a statement and a line"


def test_statements_are_split_at_semicolons_and_comments_are_left_out() -> None:
    text = "-- why; because\nCREATE TABLE a (\n  b TEXT\n);\n\nDROP TABLE c;\n"
    migration = parsed("0007_x.sql", text)
    assert migration.number == 7
    assert [re.sub(r"\s+", " ", statement) for statement in migration.statements] == [
        "CREATE TABLE a ( b TEXT )",
        "DROP TABLE c",
    ]


def test_any_change_of_a_migration_changes_its_checksum() -> None:
    assert parsed("0001_a.sql", "A;").checksum != parsed("0001_a.sql", "A; ").checksum


def test_what_is_pending_is_what_was_not_applied() -> None:
    first, *rest = all_migrations()
    assert pending({}) == [first, *rest]
    assert pending({first.number: first.checksum}) == rest
    check_applied([], apply=False)
    check_applied([first], apply=True)
