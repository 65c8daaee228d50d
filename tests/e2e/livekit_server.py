"""The real livekit-server and its Redis, as processes of their own on loopback.

The server is built with the ordinary Go client on first use and kept outside the tree. What is
missing is named, never skipped.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

VERSION = "v1.13.5"
MODULE = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"
KEY = "devkey"
SECRET = "a-secret-of-at-least-thirty-two-characters"
HOST = "127.0.0.1"
PATIENCE_S = 20


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(what: str, is_ready: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not get ready")
        time.sleep(0.05)


def _takes_connections(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _configuration(port: int, redis_port: int) -> str:
    """Return the server's configuration; JSON is YAML too."""
    return json.dumps(
        {
            "port": port,
            "bind_addresses": [HOST],
            "rtc": {
                "tcp_port": _free_port(),
                "port_range_start": 40000,
                "port_range_end": 45000,
                "use_external_ip": False,
                "node_ip": HOST,
                "enable_loopback_candidate": True,
            },
            "redis": {"address": f"{HOST}:{redis_port}"},
            "keys": {KEY: SECRET},
            "room": {"auto_create": True, "empty_timeout": 5, "departure_timeout": 2},
        }
    )


@contextmanager
def livekit_server(folder: Path) -> Iterator[Stack]:
    """Run Redis without persistence and a livekit-server on it for the time of a block."""
    redis = shutil.which("redis-server")
    if redis is None:
        raise RuntimeError("make e2e needs redis-server (Debian: apt install redis-server)")
    port, redis_port = _free_port(), _free_port()
    file = folder / "livekit.yaml"
    file.write_text(_configuration(port, redis_port))
    options = ["--bind", HOST, "--port", str(redis_port), "--save", "", "--appendonly", "no"]
    with ExitStack() as stack:
        stack.enter_context(_process([redis, *options], folder / "redis.log"))
        _wait("redis-server", lambda: _takes_connections(redis_port))
        server = [str(server_binary()), "--config", str(file)]
        stack.enter_context(_process(server, folder / "livekit.log"))
        url = f"http://{HOST}:{port}"
        _wait("livekit-server", lambda: _answers(url))
        yield Stack(url, redis_port)
