"""Each scenario plays on every driver that was asked for: ``--driver``, else the simulated one.

It meets both databases: PostgreSQL with the simulated LiveKit, SQLite with real servers, or those
that ``--database`` names. One that is marked ``on_both_databases`` meets both everywhere.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import LONG
from tests.scenarios.stage import DRIVERS, Stage, opened_stage
from tests.support.databases import KINDS, postgres_clone, sqlite_copy

SIMULATED = "simulated"
DRIVER = "driver"
ON_BOTH = "on_both_databases"
TIMEOUT_S = 90
"""Most of it is the starting of servers, which takes its time where much else goes on."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", f"{ON_BOTH}: its servers compete in the database")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a scenario on each driver."""
    if "stage" not in metafunc.fixturenames:
        return
    config = metafunc.config
    is_on_both = metafunc.definition.get_closest_marker(ON_BOTH) is not None
    asked = config.getoption("--database") or (KINDS if is_on_both else None)
    plays = [
        (driver, database)
        for driver in config.getoption("--driver") or [SIMULATED]
        for database in asked or ["postgres" if driver == SIMULATED else "sqlite"]
    ]
    ids = ["-".join(play) for play in plays]
    metafunc.parametrize("stage", plays, indirect=True, ids=ids)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give scenarios their time."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker(LONG) is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@contextmanager
def _database(request: pytest.FixtureRequest, kind: str) -> Iterator[str]:
    if kind == "postgres":
        with postgres_clone(request.getfixturevalue("postgres_server")) as url:
            yield url
    else:
        template = request.getfixturevalue("sqlite_template")
        yield sqlite_copy(template, request.getfixturevalue("tmp_path"))


@pytest.fixture
async def stage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> AsyncIterator[Stage]:
    """A Cordboard on an empty LiveKit.

    Whatever a scenario does, the unnamed worker gets no job, and no two agents are heard at once.
    """
    driver, database = request.param
    record_property(DRIVER, driver)
    with _database(request, database) as url:
        async with opened_stage(DRIVERS[driver], tmp_path, url) as opened:
            yield opened
            assert opened.unnamed.jobs == []
            assert opened.events.most_agents_at_once <= 1


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say on which SIP sides scenarios have passed, and on which none was tried."""
    if not config.getoption("--driver"):
        return
    passed = Counter(
        dict(report.user_properties).get(DRIVER)
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
    )
    said = [f"{name} {passed[name] or 'not tried'}" for name in DRIVERS if name != SIMULATED]
    terminalreporter.write_line(f"SIP drivers: scenarios passed with {', '.join(said)}")
