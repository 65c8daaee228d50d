"""Somebody at a shell who types ``cordboard …``: what is typed, and what comes of it."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from cordboard.main import app
from tests.support.caller import Caller

COMMAND = [sys.executable, "-m", "cordboard.main"]
PATIENCE_S = 25

_SETTINGS = {name: None for name in os.environ if name.startswith("CORDBOARD_")}


class Ran(NamedTuple):
    """What a command has left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - the test says what it expects
        """The output as JSON of a command that has succeeded; anything else fails the test."""
        assert self.status == 0, self
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The output's lines of a command that has succeeded; anything else fails the test."""
        assert self.status == 0, self
        return self.out.splitlines()


class Shell:
    """A shell without a terminal, with an environment of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        """Keep profiles below ``home``; the environment has no settings but the given ones."""
        self._environment: dict[str, str | None] = {
            **_SETTINGS,
            "XDG_CONFIG_HOME": str(home),
            **environment,
        }

    def run(self, *args: str, stdin: str = "") -> Ran:
        """Run a command in this process, as a pipe between programs would."""
        result = CliRunner().invoke(app, args, input=stdin, env=self._environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def run_process(self, *args: str, **environment: str) -> Ran:
        """Run a command as a process of its own, with more of an environment."""
        ran = subprocess.run(
            [*COMMAND, *args],
            capture_output=True,
            check=False,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_S,
        )
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def run_on_terminal(
        self, *args: str, answer: Callable[[], str] | None = None, **environment: str
    ) -> Ran:
        """Run a command on a terminal; ``answer`` says what to type when it asks (``[y/N]``).

        Everything that the terminal shows is in ``out``.
        """
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, *args],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.environment | {"TERM": "xterm", "COLUMNS": "100"} | environment,
        )
        os.close(theirs)
        try:
            shown = _conversation(ours, answer)
            return Ran(process.wait(PATIENCE_S), shown.decode(), "")
        finally:
            process.kill()
            process.wait()
            os.close(ours)

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a process that is started here."""
        merged = {**os.environ, **self._environment}
        return {name: value for name, value in merged.items() if value is not None}


def shell_of(caller: Caller, url: str, home: Path) -> Shell:
    """Return a shell whose environment names a server and the caller's key pair."""
    return Shell(
        home,
        CORDBOARD_URL=url,
        CORDBOARD_API_KEY=caller.api_key,
        CORDBOARD_API_SECRET=caller.api_secret,
    )


def _conversation(terminal: int, answer: Callable[[], str] | None) -> bytes:
    """Read what is shown until the other side hangs up, and type when asked."""
    shown = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:  # Linux says EIO when nobody has the other side open any more.
            return shown
        if not read:
            return shown
        shown += read
        if answer is not None and b"[y/N]" in shown:
            os.write(terminal, answer().encode())
            answer = None
    msg = f"the command goes on: {shown!r}"
    raise TimeoutError(msg)
