"""`python -m bench.livekit.deciding URL …`: decide calls over estates, in turns, and report."""

import asyncio
import random
import sys
import time

import psutil  # type: ignore[import-untyped]  # it has no types of its own

from bench.livekit.process import percentile, report
from bench.livekit.tasks import Decided, DecidedRound
from cordboard.routing.model import IncomingCall, decide
from cordboard.routing.store import find_facts
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database, ReadTx, open_database
from cordboard.runtime.responsiveness import keep_responsive

ROUNDS = 20
TURNS = 40
CALLS = 50
KNOWN = 20_000
_SHAPES = ("{}", "{}", "{}", "1{1}", "001{1}", "sip:{}@example.com", "{};user=phone")
_MIB = 1 << 20


async def _numbers(tx: ReadTx) -> list[str]:
    sql = "SELECT phone_number FROM phone_number ORDER BY registration_id LIMIT $1"
    rows = await tx.fetch_all(sql, KNOWN)
    return [row[0] for row in rows]


async def _turn(db: Database, dialled: list[str]) -> list[tuple[float, float]]:
    """Decide calls one after the other; return the time and the CPU time of each, in µs."""
    took = []
    for number in dialled:
        began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
        facts = await db.read(find_facts, number)
        decide(IncomingCall("call_bench", "default", number, "+12125550100", 0), facts)
        cpu_ended, ended = time.thread_time_ns(), time.perf_counter_ns()
        took.append(((ended - began) / 1000, (cpu_ended - cpu_began) / 1000))
    return took


async def _round(opened: list[Database], known: list[list[str]]) -> list[DecidedRound]:
    """Decide at all estates in short turns, so that what disturbs one disturbs the others too."""
    took: list[list[tuple[float, float]]] = [[] for _ in opened]
    for _ in range(TURNS):
        for place, db in enumerate(opened):
            dialled = [_dialled(random.choice(known[place])) for _ in range(CALLS)]
            took[place] += await _turn(db, dialled)
    return [_percentiles(each) for each in took]


async def _main(urls: list[str]) -> None:
    opened = [await open_database(url, create=False, clock=system_clock) for url in urls]
    known = [await db.scan(_numbers) for db in opened]
    keep_responsive()
    rounds = [await _round(opened, known) for _ in range(ROUNDS + 1)]
    resident = psutil.Process().memory_info().rss / _MIB
    for each in zip(*rounds[1:], strict=True):
        report(Decided(list(each), resident))
    for db in opened:
        await db.close()


def _percentiles(took: list[tuple[float, float]]) -> DecidedRound:
    """Return p50 and p99 of the time, and of the CPU time."""
    by_kind = [[each[kind] for each in took] for kind in (0, 1)]
    p50, p99, cpu_p50, cpu_p99 = (
        percentile(times, share) for times in by_kind for share in (0.5, 0.99)
    )
    return DecidedRound(p50, p99, cpu_p50, cpu_p99)


def _dialled(number: str) -> str:
    """Return one of the shapes that carriers send."""
    return random.choice(_SHAPES).format(number, number[2:])


asyncio.run(_main(sys.argv[1:]))
