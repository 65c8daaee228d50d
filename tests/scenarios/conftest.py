"""Each scenario plays on every driver that was asked for: ``--driver``, else the simulated one.

The simulated LiveKit is tried with each database; real servers with SQLite, because what is new
there is LiveKit.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.stage import DRIVERS, Stage, opened_stage
from tests.support.databases import KINDS, postgres_clone, sqlite_copy

SIMULATED = "simulated"
DRIVER = "driver"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a scenario on each driver."""
    if "stage" not in metafunc.fixturenames:
        return
    plays = [
        (driver, kind)
        for driver in metafunc.config.getoption("--driver") or [SIMULATED]
        for kind in (KINDS if driver == SIMULATED else KINDS[:1])
    ]
    names = ["-".join(play) for play in plays]
    metafunc.parametrize("stage", plays, ids=names, indirect=True)


@contextmanager
def _database(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield sqlite_copy(template, request.getfixturevalue("tmp_path"))
    else:
        with postgres_clone(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
async def stage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> AsyncIterator[Stage]:
    """A Cordboard on an empty LiveKit.

    Whatever a scenario does, the unnamed worker gets no job, and no two agents are heard at once.
    """
    driver, kind = request.param
    record_property(DRIVER, driver)
    with _database(kind, request) as url:
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
