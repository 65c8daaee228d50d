"""Each scenario plays on every driver that was asked for: ``--driver``, else the simulated one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.stage import DRIVERS, Stage, opened_stage

ONLY = ("simulated",)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a scenario on each driver."""
    if "stage" in metafunc.fixturenames:
        drivers = metafunc.config.getoption("--driver") or ONLY
        metafunc.parametrize("stage", drivers, indirect=True)


@pytest.fixture
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> AsyncIterator[Stage]:
    """A Cordboard on an empty LiveKit; whatever happens, the unnamed worker gets no job."""
    async with opened_stage(DRIVERS[request.param], tmp_path, database_url) as opened:
        yield opened
        assert opened.unnamed.jobs == []
        assert opened.events.most_agents_at_once <= 1
