"""How the real livekit-server's gateway stand-in is tried on its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.gateway.driver import GatewayDriver, open_driver


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayDriver]:
    """The gateway on an empty livekit-server, without any Cordboard."""
    async with open_driver(tmp_path, []) as driver:
        yield driver
