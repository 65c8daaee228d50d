"""Cordboard as its own process: commands that end, and servers that are started and stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import ordinary_permissions
from tests.support.caller import Caller, Wire
from tests.support.shell import COMMAND, PATIENCE_S, Ran

HOST = "127.0.0.1"
ORDINARY = [sys.executable, ordinary_permissions.__file__]
SECRET_KEY = "d0a4c1b7e95f2368ab7c1e5d90f3462817bce9a05d48f6132e7b9c0a4d5f8e16"


class Place:
    """A working directory with a home of its own, where commands are run; nothing else is set.

    With ``is_ordinary``, file permissions bind the commands even if root runs the tests.
    """

    def __init__(self, folder: Path, *, is_ordinary: bool = False, **environment: str) -> None:
        self.folder = folder
        self.command = [*ORDINARY, *COMMAND] if is_ordinary else COMMAND
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self._environment = environment

    @property
    def profiles(self) -> Path:
        """Where the command line's profiles are."""
        return self.home / ".config" / "cordboard" / "profiles.json"

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment of a command; an empty value takes a variable out."""
        merged = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            **self._environment,
            **more,
        }
        return {name: value for name, value in merged.items() if value}

    def run(self, *arguments: str, **environment: str) -> Ran:
        """Run a command to its end."""
        ran = subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_S,
        )
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def serve(self, *arguments: str, **environment: str) -> "Serving":
        """Start a server on a free port and wait until it says that it is ready."""
        process = Serving(self, arguments, environment)
        process.wait_until_started()
        return process


class Serving:
    """A running ``cordboard serve``; a context manager that leaves no process behind."""

    _count = 0

    def __init__(
        self, place: Place, arguments: tuple[str, ...], environment: dict[str, str]
    ) -> None:
        Serving._count += 1
        self._connections: list[Wire | socket.socket] = []
        name = f"serve-{Serving._count}"
        self._out, self._err = place.folder / f"{name}.out", place.folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*place.command, "serve", *arguments],
                cwd=place.folder,
                env=place.environment(**{"CORDBOARD_PORT": "0", **environment}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Leave nothing of it: neither the process nor a connection."""
        for connection in self._connections:
            connection.close()
        self.process.kill()
        self.process.wait()

    @property
    def out(self) -> str:
        """What it has written for people."""
        return self._out.read_text()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The events it has logged."""
        lines = self._err.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The events of one name."""
        return [line for line in self.log if line["event"] == event]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        url: str = self.logged("server_started")[0]["url"]
        return int(url.rpartition(":")[2])

    def wait_until_started(self) -> None:
        """Wait until it has said so; a server that ends instead fails the test."""
        self.wait_until(lambda: "server_started" in self._err.read_text())

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that the server does by itself."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, self._err.read_text()
            assert time.monotonic() < deadline, self._err.read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop, and return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)

    def connect(self) -> socket.socket:
        """Open a connection, to send bytes one by one."""
        connection = socket.create_connection((HOST, self.port), PATIENCE_S)
        self._connections.append(connection)
        return connection

    def caller(self, pair: dict[str, str]) -> Caller:
        """Call as the key pair that a command has printed as JSON."""
        wire = Wire(HOST, self.port)
        self._connections.append(wire)
        return Caller(wire, pair["organization_id"], pair["api_key"], pair["api_secret"])

    def first_pair(self) -> dict[str, str]:
        """Return the key pair that the first start has printed."""
        words = {line.split()[0]: line.split() for line in self.out.splitlines() if line.strip()}
        return {
            "organization_id": words["organization"][-1].strip("()"),
            "api_key": words["X-API-KEY"][-1],
            "api_secret": words["X-API-SECRET"][-1],
        }
