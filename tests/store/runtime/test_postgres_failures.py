"""PostgreSQL that is cut off, slow, busy, restarted: what is said of each write is true."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Self

import asyncpg
import pytest

from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import ReadTx, WriteTx, open_database
from cordboard.runtime.db.postgres import POOL_SIZE, PostgresDatabase
from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    IndeterminateWriteError,
    StartError,
    StorageFullError,
)
from tests.support.cutting_proxy import Cut, CuttingProxy, cutting_proxy
from tests.support.databases import make_template, postgres_clone, started_postgres
from tests.support.notes import UPDATE, find_note, insert_note, list_notes, notes_in
from tests.support.postgres_server import PostgresServer
from tests.support.raw_sql import run_sql

COMMIT = "COMMIT\0"
"""The whole request: its first letters stand in BEGIN ISOLATION LEVEL READ COMMITTED too."""


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_clone(postgres_server) as url:
        yield url


@pytest.fixture
async def db(url: str) -> AsyncIterator[PostgresDatabase]:
    database = await PostgresDatabase.connected(url, system_clock)
    yield database
    await database.close()


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[CuttingProxy]:
    async with cutting_proxy(url) as proxy:
        yield proxy


@pytest.fixture
async def distant(proxy: CuttingProxy) -> AsyncIterator[PostgresDatabase]:
    """The database by way of the wire that can be cut."""
    database = await PostgresDatabase.connected(proxy.url, system_clock)
    yield database
    await database.close()


def noted(url: str) -> list[str]:
    """Return what is really there."""
    return [name for (name,) in run_sql(url, "SELECT name FROM installation ORDER BY name")]


@pytest.mark.parametrize(("where", "there"), [(Cut.BEFORE, []), (Cut.INSTEAD_OF_ANSWER, ["a"])])
async def test_a_connection_lost_during_the_commit_is_an_unknown_outcome_and_not_tried_again(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str, where: Cut, there: list[str]
) -> None:
    runs = []

    async def insert(tx: WriteTx) -> None:
        runs.append("run")
        await insert_note(tx, "a")

    proxy.cut(where, COMMIT)
    with pytest.raises(IndeterminateWriteError):
        await distant.write(insert)
    assert runs == ["run"]
    assert noted(url) == there
    assert await distant.write(insert_note, "next") == "next"


async def test_a_connection_lost_after_the_commit_s_answer_does_not_repeat_the_write(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str
) -> None:
    proxy.cut(Cut.AFTER_ANSWER, COMMIT)
    assert await distant.write(insert_note, "a") == "a"
    assert proxy.cuts == 1
    assert await distant.write(insert_note, "b") == "b"
    assert noted(url) == ["a", "b"]


@pytest.mark.parametrize(
    ("where", "request_text"),
    [(where, "BEGIN") for where in Cut]
    + [(Cut.BEFORE, "INSERT"), (Cut.INSTEAD_OF_ANSWER, "INSERT")],
)
async def test_a_connection_lost_before_the_commit_is_made_good(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str, where: Cut, request_text: str
) -> None:
    proxy.cut(where, request_text, times=2)
    assert await distant.write(insert_note, "a") == "a"
    assert proxy.cuts >= 1
    assert noted(url) == ["a"]


@pytest.mark.parametrize(
    ("way", "request_text"),
    [("read", "SELECT"), ("scan", "BEGIN"), ("scan", "SELECT"), ("scan", "ROLLBACK")],
)
async def test_a_read_whose_connection_is_lost_is_made_good(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str, way: str, request_text: str
) -> None:
    run_sql(url, "INSERT INTO installation (name, value) VALUES ('a', '')")
    proxy.cut(Cut.INSTEAD_OF_ANSWER, request_text, times=2)
    assert await getattr(distant, way)(list_notes) == ["a"]
    assert proxy.cuts >= 1


async def test_connections_that_are_lost_again_and_again_are_an_error_that_says_when_to_retry(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str
) -> None:
    proxy.cut(Cut.BEFORE, "INSERT", times=100)
    with pytest.raises(DatabaseUnavailableError) as caught:
        await distant.write(insert_note, "a")
    assert caught.value.retry_after_s == 1
    assert noted(url) == []


async def test_a_write_that_is_refused_when_its_connection_is_lost_is_refused(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str
) -> None:
    async def refuse(tx: WriteTx) -> None:
        await insert_note(tx, "a")
        proxy.cut(Cut.BEFORE, "ROLLBACK")
        raise LookupError

    with pytest.raises(LookupError):
        await distant.write(refuse)
    assert proxy.cuts == 1
    assert noted(url) == []


async def test_a_write_that_is_cancelled_when_its_connection_is_lost_is_not_tried_again(
    distant: PostgresDatabase, proxy: CuttingProxy, url: str
) -> None:
    asked = asyncio.Event()

    async def insert_and_wait(tx: WriteTx) -> None:
        await insert_note(tx, "a")
        proxy.cut(Cut.BEFORE, "ROLLBACK")
        asked.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(distant.write(insert_and_wait))
    await asked.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert noted(url) == []
    assert await distant.write(insert_note, "b") == "b"


async def test_of_two_transactions_that_wait_for_each_other_both_succeed(
    db: PostgresDatabase,
) -> None:
    for name in "ab":
        await db.write(insert_note, name, "")
    both_hold = asyncio.Barrier(2)
    runs = []

    async def append(tx: WriteTx, first: str, second: str) -> None:
        runs.append(first)
        for name in (first, second):
            await tx.execute(
                "UPDATE installation SET value = value || $2 WHERE name = $1", name, first
            )
            if name == first and len(runs) <= 2:
                await both_hold.wait()

    await asyncio.gather(db.write(append, "a", "b"), db.write(append, "b", "a"))
    assert len(runs) > 2
    for name in "ab":
        value = await db.read(find_note, name)
        assert value is not None
        assert sorted(value) == ["a", "b"]


async def test_when_every_connection_is_taken_the_next_is_refused_and_the_others_go_on(
    db: PostgresDatabase,
) -> None:
    all_taken = asyncio.Barrier(POOL_SIZE + 1)
    release = asyncio.Event()

    async def hold(tx: ReadTx) -> None:
        await all_taken.wait()
        await release.wait()

    holders = [asyncio.create_task(db.read(hold)) for _ in range(POOL_SIZE)]
    await all_taken.wait()
    with pytest.raises(DatabaseUnavailableError, match="in time"):
        await db.write(insert_note, "a")
    release.set()
    await asyncio.gather(*holders)
    assert await db.write(insert_note, "a") == "a"
    assert await notes_in(db) == ["a"]


async def test_a_statement_that_takes_too_long_is_given_up_and_not_tried_again(url: str) -> None:
    db = await PostgresDatabase.connected(url, system_clock, statement_timeout_s=0.2)
    runs = []

    async def insert_and_sleep(tx: WriteTx) -> None:
        runs.append("run")
        await insert_note(tx, "a")
        await tx.fetch_one("SELECT pg_sleep(60)")

    with pytest.raises(DatabaseUnavailableError, match="in time"):
        await db.write(insert_and_sleep)
    assert runs == ["run"]
    assert await notes_in(db) == []
    assert await db.write(insert_note, "b") == "b"
    await db.close()


async def test_a_statement_that_the_server_cancels_is_not_tried_again(
    db: PostgresDatabase, url: str
) -> None:
    runs = []

    async def cancel_oneself(tx: WriteTx) -> None:
        runs.append("run")
        await tx.fetch_one("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)")

    with pytest.raises(DatabaseUnavailableError):
        await db.write(cancel_oneself)
    assert runs == ["run"]


@pytest.mark.parametrize(
    ("sqlstate", "error", "runs"),
    [
        ("53100", StorageFullError, 1),  # disk_full
        ("53200", DatabaseUnavailableError, 1),  # out_of_memory
        ("53300", DatabaseUnavailableError, 1),  # too_many_connections
        ("57014", DatabaseUnavailableError, 1),  # query_canceled
        ("40001", DatabaseUnavailableError, 3),  # serialization_failure
        ("40P01", DatabaseUnavailableError, 3),  # deadlock_detected
        ("57P01", DatabaseUnavailableError, 3),  # admin_shutdown
        ("08006", DatabaseUnavailableError, 3),  # connection_failure
        ("22012", asyncpg.DivisionByZeroError, 1),
    ],
)
async def test_each_failure_of_the_server_is_told_by_its_class(
    db: PostgresDatabase, url: str, sqlstate: str, error: type[Exception], runs: int
) -> None:
    ran = []

    async def fail(tx: WriteTx) -> None:
        ran.append("run")
        await insert_note(tx, "a")
        await tx.fetch_one(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    with pytest.raises(error):
        await db.write(fail)
    assert len(ran) == runs
    assert noted(url) == []
    assert await db.write(insert_note, "b") == "b"


async def test_a_session_that_the_server_ends_is_made_good(db: PostgresDatabase) -> None:
    runs = []

    async def end_oneself_once(tx: WriteTx) -> str:
        runs.append("run")
        if len(runs) == 1:
            await tx.fetch_one("SELECT pg_terminate_backend(pg_backend_pid())")
        return await insert_note(tx, "a")

    assert await db.write(end_oneself_once) == "a"
    assert len(runs) == 2


async def test_the_end_cuts_off_a_write_that_never_ends(db: PostgresDatabase) -> None:
    begun = asyncio.Event()

    async def never_end(tx: WriteTx) -> None:
        await insert_note(tx, "a")
        begun.set()
        await tx.fetch_one("SELECT pg_sleep(600)")

    task = asyncio.create_task(db.write(never_end))
    await begun.wait()
    await db.close()
    with pytest.raises(DatabaseUnavailableError):
        await task


async def test_a_mistake_in_a_value_is_no_loss_of_the_connection(db: PostgresDatabase) -> None:
    async def mistaken(tx: WriteTx) -> None:
        await tx.execute(UPDATE, "a", 1 << 80)

    with pytest.raises(asyncpg.DataError):
        await db.write(mistaken)


@pytest.mark.parametrize(
    "broken",
    [
        lambda url: url.replace("/test_", "/missing_"),
        lambda url: url.replace("host=/tmp/", "host=/nowhere/"),
        lambda _: "postgresql://postgres@127.0.0.1:1/nothing",
        lambda url: url.replace("postgres@", "nobody_we_know@"),
        lambda _: "postgresql://postgres@[::1/x",
    ],
)
async def test_a_postgresql_that_cannot_be_used_is_a_refusal_to_start(
    url: str, broken: Callable[[str], str]
) -> None:
    with pytest.raises(StartError, match="CORDBOARD_DATABASE_URL"):
        await open_database(broken(url), create=True)


class Load:
    """Writers that ask again and again, and remember what they were told of each write."""

    def __init__(self, db: PostgresDatabase) -> None:
        self.db = db
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self.unknown: set[str] = set()
        self._is_over = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write(worker)) for worker in range(8)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)

    async def _write(self, worker: int) -> None:
        turn = 0
        while not self._is_over:
            turn += 1
            name = f"{worker} {turn:06}"
            try:
                await self.db.write(insert_note, name)
            except IndeterminateWriteError:
                self.unknown.add(name)
            except DatabaseUnavailableError:
                self.refused.add(name)
                await asyncio.sleep(0.02)
            else:
                self.acknowledged.add(name)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait while the writers write."""
        while not condition():  # noqa: ASYNC110 - the writers know no event to wait for
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that a test may stop."""
    with started_postgres() as server:
        make_template(server)
        yield server


@pytest.mark.parametrize("how", ["stop", "crash"])
async def test_a_restart_under_load_loses_nothing_acknowledged_and_needs_no_restart_of_ours(
    own_postgres: PostgresServer, how: str
) -> None:
    with postgres_clone(own_postgres) as url:
        db = await PostgresDatabase.connected(url, system_clock)
        async with Load(db) as load:
            await load.until(lambda: len(load.acknowledged) > 100)
            await asyncio.to_thread(own_postgres.crash if how == "crash" else own_postgres.stop)
            refused_at_first = len(load.refused)
            await load.until(lambda: len(load.refused) > refused_at_first + 20)
            await asyncio.to_thread(own_postgres.start)
            before = len(load.acknowledged)
            await load.until(lambda: len(load.acknowledged) > before + 100)
        await db.close()
        there = set(noted(url))
        assert load.acknowledged <= there
        assert not load.refused & there
        assert there <= load.acknowledged | load.unknown
