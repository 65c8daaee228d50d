"""The command line as a person sees it: on a terminal, in a pipe, and while the server is slow."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cordboard.edge.cli.profiles import Profile, keep_profile
from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.server import RunningServer
from tests.support.shell import COMMAND, Shell, shell_of
from tests.support.wire import SlowServer

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def caller(sqlite_server: RunningServer) -> Caller:
    """An organization of the test's own; what a terminal shows does not hang on the database."""
    return sqlite_server.organization()


@pytest.fixture
def shell(sqlite_server: RunningServer, caller: Caller, tmp_path: Path) -> Shell:
    """A shell with the caller's key pair in its environment."""
    return shell_of(caller, sqlite_server.url, tmp_path)


@pytest.fixture
def slow_server() -> Iterator[SlowServer]:
    """A server that takes longer than a person waits without a sign."""
    with SlowServer() as server:
        yield server


def test_a_number_is_deleted_when_the_answer_is_yes(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number, nickname="Sales", inbound_agent_id="agent_x")
    ran = shell.run_on_terminal("numbers", "delete", number, answer=lambda: "y\n")
    assert f"Delete {number} (Sales, answered by agent_x)? [y/N]" in ran.out
    assert ran.status == 0
    assert caller.listed() == []


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_a_number_stays_when_the_answer_is_anything_else(
    shell: Shell, caller: Caller, answer: str
) -> None:
    number = a_number()
    caller.create(number)
    ran = shell.run_on_terminal("numbers", "delete", number, answer=lambda: answer)
    assert ran.status == 1
    assert "Nothing was done" in ran.out
    assert caller.listed() == [number]


def test_a_number_that_changes_while_the_question_stands_is_not_deleted(
    shell: Shell, caller: Caller
) -> None:
    number = a_number()
    caller.create(number)

    def change_and_agree() -> str:
        caller.patch(number, nickname="in use after all")
        return "y\n"

    ran = shell.run_on_terminal("numbers", "delete", number, answer=change_and_agree)
    assert ran.status == 1
    assert "Precondition failed" in ran.out
    assert caller.listed() == [number]


def test_a_terminal_gets_colours_and_with_no_color_none(shell: Shell, caller: Caller) -> None:
    caller.create(a_number())
    assert COLOUR.search(shell.run_on_terminal("numbers", "list").out)
    plain = shell.run_on_terminal("numbers", "create", a_number(), NO_COLOR="1").out
    codes = {code for found in COLOUR.findall(plain) for code in re.findall(r"\d+", found)}
    assert codes <= {"0", "1", "2"}, "bold and dim are no colours"


def test_whoever_waits_at_a_terminal_sees_that_work_goes_on(
    slow_server: SlowServer, tmp_path: Path
) -> None:
    shell = Shell(
        tmp_path,
        CORDBOARD_URL=slow_server.url,
        CORDBOARD_API_KEY="sk_a",
        CORDBOARD_API_SECRET="s3cr3t_a",
    )
    assert f"Waiting for {slow_server.url}" in shell.run_on_terminal("numbers", "list").out
    in_pipe = shell.run_process("numbers", "list")
    assert in_pipe.out == ""
    assert in_pipe.err == "Error: Slow\n  slow\n  (slow, request req_1)\n"


def test_a_reader_that_goes_away_is_no_crash(shell: Shell, caller: Caller) -> None:
    for _ in range(20):
        caller.create(a_number(), nickname="x" * 100)
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [*COMMAND, "numbers", "list"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=shell.environment,
        check=False,
    )
    os.close(writing)
    assert process.returncode == 1
    assert process.stderr == b""


def test_a_stream_that_cannot_hold_a_name_shows_question_marks(
    shell: Shell, caller: Caller
) -> None:
    number = a_number()
    caller.create(number, nickname="営業部")
    ran = shell.run_process("numbers", "show", number, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.status == 0
    assert "???" in ran.out
    ran = shell.run_process("numbers", "show", number, "--json", PYTHONIOENCODING="ascii")
    assert ran.json["nickname"] == "営業部"


def test_no_command_shows_the_secret(shell: Shell, caller: Caller, tmp_path: Path) -> None:
    number = a_number()
    shown = [
        shell.run("numbers", "create", number),
        shell.run("numbers", "create", number),
        shell.run("numbers", "list", "--json"),
        shell.run("numbers", "history", number),
        shell.run("numbers", "list", "--limit", "0"),
        shell_of(caller, "http://127.0.0.1:1", tmp_path).run("numbers", "list"),
        shell_of(caller, "127.0.0.1:1", tmp_path).run("numbers", "list"),
    ]
    assert [ran.status for ran in shown] == [0, 1, 0, 0, 2, 1, 1]
    assert all(caller.api_secret not in ran.out + ran.err for ran in shown)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("cordboard numbers ", ["list", "create", "show", "update", "delete", "history"]),
        ("cordboard numbers update +1415 --ni", ["--nickname"]),
        ("cordboard numbers list --sort-order ", ["descending", "ascending"]),
        ("cordboard agents list --profile l", ["local"]),
    ],
)
def test_the_shell_completes_what_is_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, offered: list[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("local", "prod"):
        keep_profile(name, Profile("http://localhost:8080", "sk_a", "s3cr3t_a"))
    ran = Shell(
        tmp_path,
        _CORDBOARD_COMPLETE="complete_bash",
        COMP_WORDS=typed,
        COMP_CWORD=str(typed.count(" ")),
    ).run()
    assert ran.out.split() == offered
