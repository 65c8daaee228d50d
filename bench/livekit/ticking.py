"""`python -m bench.livekit.ticking DATABASE ROUNDS`: reconcile an estate again and again.

The interpreter is set up as a server's is. While a tick runs, another task asks for its turn every
millisecond; how late it gets it is how long the event loop was held. Time in which this process
did not compute at all, because something else had its core, does not count.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import uvloop

from bench.livekit.process import Child, child, report
from bench.livekit.tasks import Ready, Ticked, Ticks, Wish
from cordboard.provisioning.learned_state import let_go
from cordboard.provisioning.reconcile import WATCH_EVERY_S, Reconciler
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.topology import Estate, Layer
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import open_database
from cordboard.runtime.responsiveness import keep_responsive
from cordboard.simulated.livekit.server import KEY, SECRET

TURN_S = 0.001
ESTATE = Estate("inst_bench", "default", Layer.DEDICATED, ("127.0.0.0/8",), 20, 3600)


class _Turns:
    """A task that wants a turn every millisecond, and the longest it waited."""

    def __init__(self) -> None:
        self.held_s = 0.0
        self._task = asyncio.create_task(self._take())

    async def _take(self) -> None:
        last, cpu_last = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(TURN_S)
            now, cpu_now = time.perf_counter(), time.process_time()
            self.held_s = max(self.held_s, min(now - last - TURN_S, cpu_now - cpu_last))
            last, cpu_last = now, cpu_now

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def _measured(double: Child, work: Callable[[], Awaitable[int]]) -> Ticked:
    lists = _lists(double)
    turns = _Turns()
    await asyncio.sleep(10 * TURN_S)
    began, cpu_began = time.perf_counter(), time.process_time()
    repairs = await work()
    ended, cpu_ended = time.perf_counter(), time.process_time()
    await asyncio.sleep(2 * TURN_S)
    await turns.stop()
    took_ms, cpu_ms = (ended - began) * 1000, (cpu_ended - cpu_began) * 1000
    return Ticked(took_ms, cpu_ms, turns.held_s * 1000, _lists(double) - lists, repairs)


def _lists(double: Child) -> int:
    return _wish(double, "lists")


def _wish(double: Child, what: str) -> int:
    double.tell(Wish(what))
    return double.hear(Wish).lists


async def _main(database_url: str, rounds: int) -> None:
    with child("double") as double:
        url = double.hear(Ready).url
        db = await open_database(database_url, create=False, clock=system_clock)
        livekit = LiveKit(ESTATE.cluster_id, url, (APIKey(KEY, SECRET),))
        reconciler = Reconciler(db, livekit, ESTATE)
        keep_responsive()
        report(await _ticks(double, reconciler, rounds))
        await livekit.aclose()
        await db.close()


async def _ticks(double: Child, reconciler: Reconciler, rounds: int) -> Ticks:
    async def tick() -> int:
        await reconciler.tick()
        return 0

    async def compare() -> int:
        plan = await reconciler.plan()
        count = len(plan.difference.repairs)
        await asyncio.to_thread(let_go, *plan.contents())
        return count

    began = time.perf_counter()
    watching = asyncio.create_task(_watch(reconciler))
    await reconciler.tick()
    built_s = time.perf_counter() - began
    watching.cancel()
    await tick()
    quiet = [await _measured(double, tick) for _ in range(rounds)]
    compared, drifted = [], []
    for _ in range(rounds):
        compared.append(await _measured(double, compare))
        _wish(double, "drift")
        drifted.append(await _measured(double, compare))
        _wish(double, "mend")
    return Ticks(built_s, quiet, compared, drifted)


async def _watch(reconciler: Reconciler) -> None:
    """Keep the lease, as a worker does."""
    while True:
        await asyncio.sleep(WATCH_EVERY_S)
        await reconciler.watch_catch_all()


uvloop.run(_main(sys.argv[1], int(sys.argv[2])))
