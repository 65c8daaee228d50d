"""The databases that tests get are the real ones, empty, and each test's own."""

import pytest

from cordboard.organizations.model import Organization
from cordboard.organizations.store import insert_organization, list_organizations
from cordboard.runtime.db import Database, open_database
from cordboard.runtime.errors import StartError
from cordboard.runtime.ids import OrganizationId
from tests.support.clock import START_MS, SettableClock
from tests.support.postgres_server import PostgresServer


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_finds_an_empty_migrated_database(
    db: Database, clock: SettableClock, turn: str
) -> None:
    assert await db.read(list_organizations) == []
    clock.advance(seconds=1)
    made = Organization(OrganizationId("org_1"), turn, clock())
    await db.write(insert_organization, made)
    assert await db.read(list_organizations) == [made]
    assert made.created_ms == START_MS + 1000


async def test_a_blank_database_is_migrated_when_it_is_opened(blank_database_url: str) -> None:
    with pytest.raises(StartError):
        await open_database(blank_database_url, create=False, migrate=False)
    db = await open_database(blank_database_url, create=True)
    assert await db.read(list_organizations) == []
    await db.close()


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_postgres_runs_as_durably_as_in_production(
    postgres_server: PostgresServer, setting: str
) -> None:
    assert postgres_server.call(lambda connection: connection.fetchval(f"SHOW {setting}")) == "on"
