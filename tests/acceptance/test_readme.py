"""The README's first five minutes, typed as they stand there."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.process import Place
from tests.support.shell import PATIENCE_S

ROOT = Path(__file__).parents[2]
AGENT = "agent_…"


def commands(section: str) -> list[str]:
    """The commands of one section of the README, in their order."""
    text = (ROOT / "README.md").read_text("utf-8")
    body = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
    assert blocks, section
    return [
        command
        for block in blocks
        for command in ([block] if block.startswith("curl") else block.splitlines())
    ]


class Checkout:
    """A fresh checkout that is set up, with ports of its own so that nothing else is in the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.livekit_port = free_port(), free_port()
        self._environment = Place(folder).environment(CORDBOARD_PORT=str(self.port))
        tools = folder / ".venv" / "bin"
        tools.mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "requirements/runtime.txt"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (tools / "python").symlink_to(sys.executable)
        (tools / "activate").write_text(f"VIRTUAL_ENV={folder}/.venv")
        (tools / "cordboard").write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m cordboard.main "$@"\n'
        )
        (tools / "cordboard").chmod(0o755)
        (folder / ".venv" / ".runtime").touch()

    def typed(self, command: str) -> str:
        """The command as the README has it, but for the ports."""
        command = command.replace(
            "simulate livekit", f"simulate livekit --port {self.livekit_port}"
        )
        livekit = f"http://127.0.0.1:{self.livekit_port}"
        command = command.replace("simulate call", f"simulate call --url {livekit}")
        return command.replace("localhost:8080", f"localhost:{self.port}")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Type a command and wait for its end."""
        return subprocess.run(
            ["sh", "-c", self.typed(command)],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self._environment,
            text=True,
            timeout=PATIENCE_S,
        )

    @contextmanager
    def running(self, command: str) -> Iterator[Path]:
        """Type a command that goes on; yield where its output is, once it listens; press Ctrl-C."""
        out = self.folder / "out"
        with (
            out.open("wb") as stream,
            subprocess.Popen(
                shlex.split(self.typed(command)),
                cwd=self.folder,
                env=self._environment,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            ) as process,
        ):
            try:
                deadline = time.monotonic() + PATIENCE_S
                while "server_started" not in out.read_text():
                    assert process.poll() is None, out.read_text()
                    assert time.monotonic() < deadline, out.read_text()
                    time.sleep(0.02)
                yield out
            finally:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(PATIENCE_S)
        assert "server_stopped" in out.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def send(curl: str, out: str) -> dict[str, object]:
    """Do what a curl of the README says, with the key pair that the first start has printed."""
    printed = [line.split() for line in out.splitlines()]
    pair = {words[0]: words[-1] for words in printed if words and words[0].startswith("X-API-")}
    for name, placeholder in (("X-API-KEY", "<api-key>"), ("X-API-SECRET", "<api-secret>")):
        curl = curl.replace(f"{name}: {placeholder}", f"{name}: {pair[name]}")
    words = shlex.split(curl.replace("\\\n", " "))
    options = list(zip(words[1::2], words[2::2], strict=True))
    (url,) = [text for option, text in options if option == "--url"]
    (body,) = [text for option, text in options if option == "--data"]
    headers = dict(text.split(": ", 1) for option, text in options if option == "--header")
    request = urllib.request.Request(url, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        answered: dict[str, object] = json.load(answer)
    return answered


@pytest.mark.long(reason="types every command there, each a process of its own", seconds=180)
def test_the_first_five_minutes_end_with_a_call_that_the_agent_answers(checkout: Checkout) -> None:
    serve, curl, *_ = commands("Start")
    typed = commands("The first five minutes")
    beside = next(command for command in typed if "simulate livekit" in command)
    at = typed.index(beside)
    agent_id = ""
    with checkout.running(serve) as out:
        assert send(checkout.typed(curl), out.read_text())["status"] == "success"
        for command in typed[:at]:
            ran = checkout.run(command.replace(AGENT, agent_id))
            assert ran.returncode == 0, (command, ran)
            if "agents create" in command:
                agent_id = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines())["Agent"]
    with checkout.running(beside):
        call, refused, *looking = typed[at + 1 :]
        ran = checkout.run(call)
        assert ran.returncode == 0, ran
        assert f"Cordboard decides: {agent_id}@1 (worker {agent_id})" in ran.stdout
        assert f"200 OK: answered by {agent_id}" in ran.stdout
        ran = checkout.run(refused)
        assert ran.returncode == 1, ran
        assert "Cordboard decides: nobody answers, unknown number" in ran.stdout
        shown = [checkout.run(command) for command in looking]
    assert [ran.returncode for ran in shown] == [0, 0], shown
    assert "unknown number" in shown[0].stdout
    assert f"Answered by  {agent_id}@1" in shown[1].stdout
