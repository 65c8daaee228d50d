"""Servers for the tests of the HTTP contract: shared ones, and one of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cordboard.numbers.model import NumberRules
from tests.support.caller import Caller
from tests.support.clock import SettableClock
from tests.support.databases import KINDS, postgres_clone, sqlite_copy
from tests.support.postgres_server import PostgresServer
from tests.support.server import RunningServer

PRODUCTION = NumberRules(is_production=True)


@pytest.fixture(scope="session")
def sqlite_server(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server on SQLite for the whole run."""
    with RunningServer(sqlite_copy(sqlite_template, tmp_path_factory.mktemp("api"))) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_backed_server(postgres_server: PostgresServer) -> Iterator[RunningServer]:
    """A server on PostgreSQL for the whole run."""
    with postgres_clone(postgres_server) as url, RunningServer(url) as server:
        yield server


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> RunningServer:
    """A server that tests share; a test that asks for it runs on each database."""
    name = "sqlite_server" if request.param == "sqlite" else "postgres_backed_server"
    shared: RunningServer = request.getfixturevalue(name)
    return shared


@pytest.fixture
def caller(server: RunningServer) -> Caller:
    """An organization of the test's own, with a key pair that may do everything."""
    return server.organization()


@pytest.fixture
def own_server(database_url: str, clock: SettableClock) -> Iterator[RunningServer]:
    """A server of the test's own, on an empty database, whose clock stands."""
    with RunningServer(database_url, clock=clock) as own:
        yield own


@pytest.fixture(scope="session")
def production_server(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server in production mode. Its rules need no database, so there is one, on SQLite."""
    url = sqlite_copy(sqlite_template, tmp_path_factory.mktemp("production"))
    with RunningServer(url, rules=PRODUCTION) as server:
        yield server
