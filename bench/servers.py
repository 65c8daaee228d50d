"""Server processes: started on a free loopback port, watched, and ended by their own pid."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]  # it has no types of its own

from bench.client.plan import CREATE_TEMPLATE_BODY, Plan, http_request

HOST = "127.0.0.1"
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 15.0
_POLL_S = 0.005
_MIB = 1 << 20

_PRODUCTION = {
    "CORDBOARD_MODE": "production",
    "CORDBOARD_SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdeffedcba9876543210",
    "CORDBOARD_LOG_FORMAT": "json",
}


class KeyPair(msgspec.Struct, frozen=True):
    """What the client authenticates with, as `cordboard organization create --json` prints it."""

    organization_id: str
    api_key: str
    api_secret: str

    @property
    def headers(self) -> dict[str, str]:
        """The two headers of every request."""
        return {"X-API-KEY": self.api_key, "X-API-SECRET": self.api_secret}


REFERENCE_PAIR = KeyPair("org_reference", "sk_" + "r" * 22, "s3cr3t_" + "r" * 43)


@dataclass(frozen=True)
class Server:
    """A server that answers on a port, and the key pair it knows."""

    name: str
    port: int
    process: psutil.Process
    key_pair: KeyPair
    seconds_to_ready: float

    def resident_mb(self) -> float:
        """Return the resident memory of the process in MB (2^20 bytes)."""
        return float(self.process.memory_info().rss) / _MIB

    def cpu_seconds(self) -> float:
        """Return the CPU time, user and system, that the process has used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def get_plan(self, path: str, values: list[str], seconds: float, connections: int = 16) -> Plan:
        """Plan GETs of a path, whose placeholder goes through the values again and again."""
        template = http_request("GET", path, self.key_pair.headers)
        return Plan(
            port=self.port,
            template=template,
            values=values,
            repeats=True,
            seconds=seconds,
            connections=connections,
        )

    def create_plan(self, path: str, values: list[str], seconds: float) -> Plan:
        """Plan creates of the published example, one for each phone number."""
        template = http_request("POST", path, self.key_pair.headers, CREATE_TEMPLATE_BODY)
        return Plan(
            port=self.port, template=template, values=values, repeats=False, seconds=seconds
        )

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Send one request and return status and body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        headers = {**self.key_pair.headers, "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def ask_json(self, method: str, path: str, body: str | None = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """Send one request that must be answered with 200, and return what it holds.

        Raises:
            RuntimeError: Any other status.
        """
        status, content = self.ask(method, path, body)
        if status != http.client.OK:
            message = f"{self.name} answered {status} to {method} {path}: {content[:300]!r}"
            raise RuntimeError(message)
        return json.loads(content)


def free_port() -> int:
    """Return a port of the loopback address that nobody uses."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def create_organization(database_url: str, folder: Path) -> KeyPair:
    """Make an organization on a database, which is made too, and return its first key pair."""
    command = [*_cordboard("organization", "create", "Benchmark"), "--json"]
    done = subprocess.run(
        [*command, "--database", database_url],
        env={**os.environ, **_PRODUCTION},
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=KeyPair)


@contextmanager
def cordboard(
    database_url: str,
    key_pair: KeyPair,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    *,
    core: int | None = None,
    port: int | None = None,
) -> Iterator[Server]:
    """Run `cordboard serve` as an operator would in production.

    Args:
        database_url: Its database.
        key_pair: A key pair of that database.
        folder: Where its log goes.
        settings: What it is set to besides.
        core: The one core that it gets.
        port: Where it listens; a free one unless that is named.
    """
    port = port or free_port()
    argv = [] if core is None else [sys.executable, "-m", "bench.pinned", str(core)]
    argv += _cordboard("serve", "--database", database_url, "--port", str(port))
    environment = {**_PRODUCTION, **(settings or {})}
    with _running("Cordboard", argv, environment, folder, (port, key_pair)) as server:
        yield server


@contextmanager
def ceiling(database_url: str, key_pair: KeyPair, folder: Path) -> Iterator[Server]:
    """Run Cordboard's own edge with constant routes beside its own."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.ceiling", str(port)]
    environment = {**_PRODUCTION, "CORDBOARD_DATABASE_URL": database_url}
    with _running("ceiling", argv, environment, folder, (port, key_pair)) as server:
        yield server


@contextmanager
def bare_framework(folder: Path) -> Iterator[Server]:
    """Run Litestar on uvicorn with the same constant routes and none of our code."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.bare_framework", str(port)]
    with _running("Litestar alone", argv, {}, folder, (port, REFERENCE_PAIR)) as server:
        yield server


@contextmanager
def reference(database_url: str, style: str, folder: Path) -> Iterator[Server]:
    """Run the obvious alternative in one of its styles."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.reference", "--database", database_url]
    argv += ["--port", str(port), "--style", style]
    environment = {
        "BENCH_API_KEY": REFERENCE_PAIR.api_key,
        "BENCH_API_SECRET": REFERENCE_PAIR.api_secret,
    }
    with _running("reference", argv, environment, folder, (port, REFERENCE_PAIR)) as server:
        yield server


def _cordboard(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("cordboard")), *arguments]


@contextmanager
def _running(
    name: str,
    argv: list[str],
    environment: Mapping[str, str],
    folder: Path,
    address: tuple[int, KeyPair],
) -> Iterator[Server]:
    port, key_pair = address
    root = str(Path(__file__).parents[1])
    log = (folder / f"{name.lower().replace(' ', '-')}-{port}.log").open("wb")
    started = time.perf_counter()
    process = subprocess.Popen(
        argv,
        env={**os.environ, "PYTHONPATH": root, **environment},
        cwd=folder,
        stdout=log,
        stderr=log,
    )
    try:
        _wait_until_ready(name, port, process, Path(log.name))
        seconds = time.perf_counter() - started
        yield Server(name, port, psutil.Process(process.pid), key_pair, seconds)
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_until_ready(name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.perf_counter() + READY_WITHIN_S
    while time.perf_counter() < deadline and process.poll() is None:
        if _is_ready(port):
            return
        time.sleep(_POLL_S)
    message = f"{name} did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}"
    raise RuntimeError(message)


def _is_ready(port: int) -> bool:
    """Ask `/readyz`; a server that has no such route is ready as soon as it answers at all."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status != http.client.SERVICE_UNAVAILABLE
    except OSError:
        return False
    finally:
        connection.close()
