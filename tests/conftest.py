"""What holds for every test: its databases, its clock, how hypothesis runs, what `long` means."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cordboard.runtime.db import Database, open_database
from tests.support.clock import SettableClock
from tests.support.databases import (
    KINDS,
    make_sqlite_template,
    make_template,
    postgres_clone,
    sqlite_copy,
    sqlite_url,
    started_postgres,
)
from tests.support.postgres_server import PostgresServer

# A test never asserts a duration, so hypothesis must not either: a shared machine is slow at times.
settings.register_profile("cordboard", deadline=None, print_blob=True)
settings.load_profile("cordboard")

LONG = "long"
TRIED = "tried"
"""The property in which a test that makes up its cases notes how many it has tried."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL of this test process, with its template; never stop it in a test."""
    with started_postgres() as server:
        make_template(server)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "cordboard.db"
    make_sqlite_template(path)
    return path


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated, empty database; a test that asks for it runs on each kind."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield sqlite_copy(template, request.getfixturevalue("tmp_path"))
    else:
        with postgres_clone(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture(params=KINDS)
def blank_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same before its first migration: a file that is not there, a database with nothing."""
    if request.param == "sqlite":
        yield sqlite_url(request.getfixturevalue("tmp_path") / "cordboard.db")
    else:
        with postgres_clone(request.getfixturevalue("postgres_server"), "template1") as url:
            yield url


@pytest.fixture
def clock() -> SettableClock:
    """The clock of ``db``; it stands until the test moves it."""
    return SettableClock()


@pytest.fixture
async def db(database_url: str, clock: SettableClock) -> AsyncIterator[Database]:
    """The open database at ``database_url``."""
    database = await open_database(database_url, create=False, clock=clock)
    yield database
    await database.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the drivers be named on which scenarios play, and the databases."""
    parser.addoption("--driver", action="append", help="as tests/scenarios/stage.py lists them")
    parser.addoption("--database", action="append", choices=KINDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test marked `long` the seconds that it asks for, and note its reason."""
    for item in items:
        mark = item.get_closest_marker(LONG)
        if mark is None:
            continue
        if mark.args or set(mark.kwargs) != {"reason", "seconds"}:
            msg = f"{item.nodeid}: mark it as long(reason=..., seconds=...)"
            raise pytest.UsageError(msg)
        item.add_marker(pytest.mark.timeout(mark.kwargs["seconds"]))
        item.user_properties.append((LONG, mark.kwargs["reason"]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the long tests that ran, with what they took and why they may."""
    lines = sorted(_long_tests(terminalreporter))
    if lines:
        terminalreporter.section("long tests")
        for line in lines:
            terminalreporter.write_line(line)


def _long_tests(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            told = dict(report.user_properties)
            if LONG in told and report.when == "call":
                tried = f" ({told[TRIED]})" if TRIED in told else ""
                yield f"{report.nodeid}: {report.duration:.0f} s, {told[LONG]}{tried}"
