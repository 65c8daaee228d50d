"""What a newcomer types after the first start, with the server as a process of its own."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.builders import a_number
from tests.support.shell import COMMAND, PATIENCE_S, Shell

_LISTENS = re.compile(r"answers at (http://\S+),")


@contextmanager
def served(shell: Shell, database_url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run ``cordboard serve`` in a folder from when it listens; it is stopped by SIGTERM."""
    with (folder / "stderr").open("w") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--database", database_url],
            stdout=subprocess.PIPE,
            stderr=log,
            env=shell.environment,
            cwd=folder,
            text=True,
        )
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        assert any(_LISTENS.search(line) for line in lines), (folder / "stderr").read_text()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_after_the_first_start_the_command_line_speaks_to_the_server_at_once(
    blank_database_url: str, tmp_path: Path
) -> None:
    shell, number = Shell(tmp_path / "config"), a_number()
    with served(shell, blank_database_url, tmp_path) as server:
        empty = shell.run_process("numbers", "list")
        assert (empty.status, empty.out) == (0, "")
        agent = shell.run_process("agents", "create", "Front desk", "--json").json
        created = shell.run_process(
            *("numbers", "create", number, "--inbound-agent", agent["agent_id"]), "--json"
        )
        assert created.json["inbound_agent_version"] == 1
        (_, row) = shell.run_process("numbers", "list").lines
        assert row.split()[:3] == [number, "–", agent["agent_id"]]
    assert server.returncode == 0

    stopped = shell.run_process("numbers", "list")
    assert (stopped.status, stopped.out) == (1, "")
    assert "Connection refused" in stopped.err
    assert "make serve" in stopped.err
