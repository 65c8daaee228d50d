"""How long and how often things are measured: the whole benchmark, or a quick look."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """The size of a benchmark run.

    Attributes:
        runs: Measured runs of each contender, after one for warmth.
        seconds: How long each contender is loaded in a run.
        list_requests_s: How long each list is asked for in a run.
        calls: How many numbers are created, and called at once.
        reconciled: How many numbers with pairs of their own are reconciled.
        troubled: How many calls meet a server that dies, or that hears nothing.
        invites: How many calls each number gets at the real livekit-server.
        sizes: The estates, smallest first; the largest is held against the smallest.
        folder: Where this run keeps its databases and logs.
        cache: Where estates are kept between runs.
    """

    runs: int
    seconds: float
    list_requests_s: float
    calls: int
    reconciled: int
    troubled: int
    invites: int
    sizes: tuple[int, ...]
    folder: Path
    cache: Path


def full(folder: Path, cache: Path) -> Scale:
    """Return the scale of `make bench`."""
    return Scale(5, 3.0, 0.5, 300, 10_000, 200, 200, (1_000, 100_000, 1_000_000), folder, cache)


def quick(folder: Path, cache: Path) -> Scale:
    """Return a scale that only shows that everything works, in about a minute."""
    return Scale(1, 1.0, 0.2, 40, 1_000, 20, 10, (1_000, 100_000), folder, cache)
