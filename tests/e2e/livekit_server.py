"""The real livekit-server and its Redis, on loopback.

The server is built with the ordinary Go client on first use and kept outside the tree. What is
missing is named, never skipped.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.e2e.processes import HOST, answers, free_port, running, takes_connections, wait

VERSION = "v1.13.5"
MODULE = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"
KEY = "devkey"
NO_STUN = f"{HOST}:9"
"""Nobody listens there. Where none is named, the server tells its clients of public ones. LiveKit's
client asks for their addresses in threads, a thousand of them where no network answers, and the
process is aborted where it may not have so many.
"""
SECRET = "a-secret-of-at-least-thirty-two-characters"


class Stack(msgspec.Struct, frozen=True):
    """A running livekit-server: its API's URL, and the port of its Redis."""

    url: str
    redis_port: int


def server_binary() -> Path:
    """Return the pinned server, built first where it is not there yet."""
    given = os.environ.get("LIVEKIT_SERVER_BIN")
    if given:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME") or f"{Path.home()}/.cache"
    folder = Path(home) / "cordboard" / f"livekit-server-{VERSION}"
    binary = folder / "server"
    if not binary.exists():
        if shutil.which("go") is None:
            raise RuntimeError("make e2e builds livekit-server and needs Go 1.26 or newer")
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
        subprocess.run(["go", "install", MODULE], check=True, env=environment)
    return binary


def _configuration(port: int, redis_port: int, webhook_urls: Sequence[str]) -> str:
    """Return the server's configuration; JSON is YAML too."""
    return json.dumps(
        {
            "port": port,
            "bind_addresses": [HOST],
            "rtc": {
                "tcp_port": free_port(),
                "port_range_start": 40000,
                "port_range_end": 45000,
                "use_external_ip": False,
                "node_ip": HOST,
                "stun_servers": [NO_STUN],
                "enable_loopback_candidate": True,
            },
            "redis": {"address": f"{HOST}:{redis_port}"},
            "keys": {KEY: SECRET},
            "webhook": {"api_key": KEY, "urls": list(webhook_urls)},
            "room": {"auto_create": True, "empty_timeout": 5, "departure_timeout": 2},
        }
    )


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """Run a Redis without persistence for the time of a block; give its port."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise RuntimeError("make e2e needs redis-server (Debian: apt install redis-server)")
    port = free_port()
    options = ["--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"]
    with running([binary, *options], folder / "redis.log"):
        wait("redis-server", lambda: takes_connections(port))
        yield port


@contextmanager
def livekit_server(folder: Path, webhook_urls: Sequence[str]) -> Iterator[Stack]:
    """Run a livekit-server on a Redis of its own for the time of a block."""
    binary, port, file = server_binary(), free_port(), folder / "livekit.yaml"
    with redis_server(folder) as redis_port:
        file.write_text(_configuration(port, redis_port, webhook_urls))
        with running([str(binary), "--config", str(file)], folder / "livekit.log"):
            url = f"http://{HOST}:{port}"
            wait("livekit-server", lambda: answers(url))
            yield Stack(url, redis_port)


if __name__ == "__main__":
    server_binary()
