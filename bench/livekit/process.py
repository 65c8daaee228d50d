"""A process of this package: it is given its task as a line of JSON and prints what it found."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

ENDS_WITHIN_S = 600


class Child:
    """A running process of this package, and how to talk to it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Talk to a process that was just started."""
        self._process = process

    def hear(self, kind: type[T]) -> T:
        """Wait for the next line.

        Raises:
            RuntimeError: It ended instead; what it said stands on standard error.
        """
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended without a report")
        return msgspec.json.decode(line, type=kind)

    def tell(self, task: msgspec.Struct) -> None:
        """Give it a task."""
        if self._process.stdin is not None:
            self._process.stdin.write(msgspec.json.encode(task) + b"\n")
            self._process.stdin.flush()


@contextmanager
def child(module: str, *arguments: str, core: int | None = None) -> Iterator[Child]:
    """Run a module of this package for the time of a block, on one core if that is named."""
    pinned = [] if core is None else [sys.executable, "-m", "bench.pinned", str(core)]
    argv = [*pinned, sys.executable, "-m", f"bench.livekit.{module}", *arguments]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(argv, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Child(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def report(found: msgspec.Struct) -> None:
    """Print what was found, or how to go on."""
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.buffer.flush()


def heard(kind: type[T]) -> T | None:
    """Wait for the next task; None when there is none any more."""
    line = sys.stdin.buffer.readline()
    return msgspec.json.decode(line, type=kind) if line else None


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed; the worst for 1."""
    ordered: list[Any] = sorted(values)
    return float(ordered[min(int(len(ordered) * share), len(ordered) - 1)]) if ordered else 0.0
