"""Runs one PostgreSQL and ends it for sure: ``python postgres_keeper.py BINARIES FOLDER [UID]``.

It is a process of its own, because a finaliser does not run in a test process that is killed. It
takes ``start``, ``stop`` (finish transactions' connections, checkpoint) and ``crash`` (drop
everything at once) as lines on standard input and answers each with ``ok`` or with what went wrong.
When its input ends, for whatever reason, it stops the server and deletes the folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

STATUS_LINE = 7
"""Line of ``postmaster.pid`` that says ``ready`` (PostgreSQL's ``pidfile.h``), counted from 0."""


class Keeper:
    """Holds the server's process; ``FOLDER/data`` is its data, ``FOLDER`` holds its socket."""

    def __init__(self, binaries: Path, folder: Path, uid: int | None) -> None:
        self.binaries = binaries
        self.folder = folder
        self.uid = uid
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server and wait until it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "data"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                user=self.uid,
                group=self.uid,
                extra_groups=None if self.uid is None else [],
            )
        while not self._is_ready():
            if self.server.poll() is not None:
                log_end = (self.folder / "log").read_text(errors="replace")[-2000:]
                return f"PostgreSQL did not start: {log_end!r}"
            time.sleep(0.01)
        return "ok"

    def _is_ready(self) -> bool:
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        mine = self.server is not None and lines[:1] == [str(self.server.pid)]
        return mine and len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"

    def end(self, how: signal.Signals) -> str:
        """End the server: SIGINT for a fast shutdown, SIGQUIT for an immediate one."""
        if self.server is not None:
            self.server.send_signal(how)
            self.server.wait()
            self.server = None
        return "ok"


def main(binaries: str, folder: str, uid: str = "") -> None:
    """Obey standard input until it ends, then leave nothing behind."""
    keeper = Keeper(Path(binaries), Path(folder), int(uid) if uid else None)
    try:
        for line in sys.stdin:
            match line.strip():
                case "start":
                    answer = keeper.start()
                case "stop":
                    answer = keeper.end(signal.SIGINT)
                case _:
                    answer = keeper.end(signal.SIGQUIT)
            print(answer, flush=True)  # noqa: T201 - the answer is what standard output is for
    finally:
        keeper.end(signal.SIGINT)
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
