"""A real livekit-server for the whole run, and a Cordboard on it for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway.lookups import Gateway
from tests.e2e.livekit_server import KEY, SECRET, Stack, livekit_server
from tests.support.caller import Caller
from tests.support.process import Place, Serving

SOURCE = "127.0.0.1/32"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real thing; each run begins with an empty Redis."""
    with livekit_server(tmp_path_factory.mktemp("livekit")) as running:
        yield running


@pytest.fixture
def gateway(stack: Stack) -> Iterator[Gateway]:
    """Where carriers' calls arrive, with nothing left of earlier tests."""
    with Gateway(stack.redis_port) as opened:
        opened.forget_everything()
        yield opened


@pytest.fixture
def place(tmp_path: Path, database_url: str, stack: Stack) -> Place:
    """Where Cordboard runs: with its own database, and the real LiveKit."""
    return Place(
        tmp_path,
        CORDBOARD_DATABASE_URL=database_url,
        CORDBOARD_LIVEKIT_URL=stack.url,
        CORDBOARD_LIVEKIT_API_KEY=KEY,
        CORDBOARD_LIVEKIT_API_SECRET=SECRET,
        CORDBOARD_SIP_SOURCE_CIDRS=SOURCE,
    )


@pytest.fixture
def server(place: Place, gateway: Gateway) -> Iterator[Serving]:
    """A running Cordboard; the gateway comes first, so that it starts on an empty LiveKit."""
    assert gateway is not None
    with place.serve() as running:
        yield running


@pytest.fixture
def caller(server: Serving) -> Caller:
    """Somebody with the first key pair."""
    return server.caller(server.first_pair())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which SIP side was tried."""
    driver = os.environ.get("LIVEKIT_SIP_BIN")
    real = f"real livekit-sip: {driver}" if driver else "real livekit-sip: not tried (no binary)"
    terminalreporter.write_line(f"SIP drivers: routing gateway of tests/e2e/gateway; {real}")
