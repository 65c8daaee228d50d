"""Each scenario plays on every driver that was asked for: ``--driver``, else the simulated one.

It meets both databases: PostgreSQL with the simulated LiveKit, SQLite with real servers.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.stage import DRIVERS, Stage, opened_stage
from tests.support.databases import postgres_clone, sqlite_copy

SIMULATED = "simulated"
DRIVER = "driver"
TIMEOUT_S = 90
"""Most of it is the starting of servers, which takes its time where much else goes on."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a scenario on each driver."""
    if "stage" not in metafunc.fixturenames:
        return
    drivers = metafunc.config.getoption("--driver") or [SIMULATED]
    metafunc.parametrize("stage", drivers, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give scenarios their time."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@contextmanager
def _database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == SIMULATED:
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
    record_property(DRIVER, request.param)
    with _database(request) as url:
        async with opened_stage(DRIVERS[request.param], tmp_path, url) as opened:
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
