"""Servers as processes of their own on loopback: their ports, and whether they are ready."""

import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
PATIENCE_S = 20

# Below what systems hand out for outgoing connections, which would take one in between.
FIRST_PORT = 15_000
PORTS = 15_000


def free_port() -> int:
    """Return a port that nobody has, for TCP and UDP."""
    while True:
        port = FIRST_PORT + secrets.randbelow(PORTS)
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def wait(what: str, is_ready: Callable[[], bool]) -> None:
    """Wait until a server is ready.

    Raises:
        TimeoutError: It is not; its name is in the text.
    """
    until = time.monotonic() + PATIENCE_S
    while not is_ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not get ready")
        time.sleep(0.02)


def takes_connections(port: int) -> bool:
    """Whether somebody listens."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Whether an HTTP server says that it is well."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a program for the time of a block, with its output in a file."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.kill()
        process.wait()
