"""The raw driver: the statements of a create, made durable, and nothing else around them.

`python -m bench.raw_driver URL ORGANIZATION API_KEY SECONDS RUN` writes a report to standard
output. On SQLite (apsw) sixteen creates share a commit, as sixteen clients do in a server that
groups what waits; on PostgreSQL (asyncpg) sixteen connections each send one joined statement at a
time.
"""

import asyncio
import sys
import time
from typing import Any

import apsw
import asyncpg
import msgspec

from bench.client.plan import Report
from bench.made_numbers import created_changes
from cordboard.numbers import store
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import NewNumber
from cordboard.runtime import outbox
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Statement
from cordboard.runtime.db.opening import sqlite_path
from cordboard.runtime.db.placeholders import for_sqlite, joined_for_postgres
from cordboard.runtime.ids import OrganizationId, RegistrationId, new_id

GROUP = 16
_MOST = 60_000


def statements(actor: Actor, phone_number: str, shard: int) -> list[Statement]:
    """Return the four statements that the product runs for the published create."""
    now_ms = time.time_ns() // 1_000_000
    number = NewNumber(
        phone_number=E164(phone_number),
        nickname="Customer Service Line",
        phone_number_type="zudu-twilio",
        inbound_agent_id="agent_abc123",
        outbound_agent_id="agent_xyz789",
        inbound_agent_version=1,
        outbound_agent_version=1,
        inbound_webhook_url="https://example.com/webhook",
        number_provider="twilio",
        outbound_trunk_id="ST_4Xo2mZgQsfyQ",
    ).registered(actor.organization_id, RegistrationId(new_id("num_")), now_ms)
    data = msgspec.json.encode({"phone_number": phone_number, "revision": 1}).decode()
    event = (actor.organization_id, "number_created", number.registration_id, now_ms, data)
    return [
        store.insert_number(number),
        store.update_count(actor.organization_id, shard, 1),
        store.insert_history(actor, number, now_ms, "created", created_changes(number)),
        (outbox.INSERT, event),
    ]


def run_apsw(path: str, creates: list[list[Statement]], seconds: float) -> Report:
    """Commit groups of creates, fully synchronous, until the time is up."""
    connection = apsw.Connection(path)
    connection.set_busy_timeout(5000)
    connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -24000")
    rewritten = [[(for_sqlite(sql), values) for sql, values in create] for create in creates]
    commits_ns: list[int] = []
    started = time.perf_counter_ns()
    groups = (rewritten[at : at + GROUP] for at in range(0, len(rewritten), GROUP))
    for group in groups:
        before = time.perf_counter_ns()
        if before - started > seconds * 1e9:
            break
        connection.execute("BEGIN IMMEDIATE")
        for create in group:
            for sql, values in create:
                connection.execute(sql, values)
        connection.execute("COMMIT")
        commits_ns.append(time.perf_counter_ns() - before)
    connection.close()
    return _report(commits_ns, len(commits_ns) * GROUP, time.perf_counter_ns() - started)


async def run_asyncpg(url: str, creates: list[list[Statement]], seconds: float) -> Report:
    """Send joined creates over sixteen connections until the time is up."""
    pool = await asyncpg.create_pool(url, min_size=GROUP, max_size=GROUP)
    waiting = iter(creates)
    commits_ns: list[int] = []
    started = time.perf_counter_ns()

    async def send() -> None:
        async with pool.acquire() as connection:
            for create in waiting:
                before = time.perf_counter_ns()
                if before - started > seconds * 1e9:
                    return
                sql = joined_for_postgres(tuple(sql for sql, _ in create))
                values: list[Any] = [value for _, part in create for value in part]
                await connection.execute(sql, *values)
                commits_ns.append(time.perf_counter_ns() - before)

    await asyncio.gather(*(send() for _ in range(GROUP)))
    took_ns = time.perf_counter_ns() - started
    await pool.close()
    return _report(commits_ns, len(commits_ns), took_ns)


def _report(commits_ns: list[int], creates: int, took_ns: int) -> Report:
    ordered = sorted(commits_ns)
    return Report(
        answered=creates,
        wrong={},
        seconds=took_ns / 1e9,
        p50_ms=ordered[len(ordered) // 2] / 1e6,
        p99_ms=ordered[len(ordered) * 99 // 100] / 1e6,
        client_cpu=0.0,
        answer_bytes=0,
    )


def main(url: str, organization_id: str, api_key: str, seconds: str, run: str) -> None:
    """Run against a migrated database and print the report as JSON; each run has its numbers."""
    first = 9_000_000_000 + int(run) * _MOST
    numbers = (f"+1{first + index}" for index in range(_MOST))
    actor = Actor(OrganizationId(organization_id), api_key, "req_raw0000000000000000")
    creates = [statements(actor, number, i % GROUP) for i, number in enumerate(numbers)]
    path = sqlite_path(url)
    if path is None:
        report = asyncio.run(run_asyncpg(url, creates, float(seconds)))
    else:
        report = run_apsw(str(path), creates, float(seconds))
    sys.stdout.buffer.write(msgspec.json.encode(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
