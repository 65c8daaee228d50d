"""First pages of lists in estates of very different size, and the start on the largest."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median

from bench.client.plan import Plan
from bench.client.run import run_client
from bench.loader import Loaded
from bench.made_numbers import FEW, RARE_AGENT, RARE_AREA_CODE, RARE_WORD
from bench.race import BUSIEST_CLIENT, Sample, served
from bench.rows.scale import Scale
from bench.servers import Server, cordboard
from bench.table import Goal, Row

PATH = "/api/phone-numbers"
SORTS = ("updated_at", "created_at", "phone_number", "nickname", "area_code")
_GOAL = Goal(1.3, is_floor=False)
_PAGE = 50
_ONCE_S = 0.1


def measure(scale: Scale, section: str, estates: Sequence[Loaded]) -> Iterator[Row]:
    """Ask each estate for the same first pages, in turns, one request at a time."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(cordboard(estate.database_url, estate.key_pair, scale.folder))
            for estate in estates
        ]
        for sort in SORTS:
            for order in ("descending", "ascending"):
                query = f"limit={_PAGE}&sort_by={sort}&sort_order={order}"
                yield _row(scale, section, servers, f"list by {sort}, {order}", query)
        for name, query in (
            ("area_code", f"area_code={RARE_AREA_CODE}"),
            ("agent_id", f"agent_id={RARE_AGENT}"),
        ):
            _check_total(servers, query)
            asked = f"limit={_PAGE}&{query}"
            work = f"list, {name} that {FEW} numbers have"
            yield _row(scale, section, servers, work, asked)
        yield _search_row(section, servers)
        yield _memory_row(section, servers[-1])


def measure_start(scale: Scale, section: str, estate: Loaded) -> Row:
    """Start the server on an existing database again and again, until it says it is ready."""
    seconds = []
    for _ in range(scale.runs + 1):
        with cordboard(estate.database_url, estate.key_pair, scale.folder) as server:
            seconds.append(server.seconds_to_ready)
    return Row(
        section=section,
        work=f"start to ready, {estate.size:,} numbers",
        measured=f"slowest {max(seconds[1:]):.2f} s",
        value=median(seconds[1:]),
        unit="s",
        goal=Goal(1.5, is_floor=False),
    )


def _row(scale: Scale, section: str, servers: Sequence[Server], work: str, query: str) -> Row:
    runs = []
    for run in range(scale.runs + 1):
        samples = [served(server, _plan(server, query, scale)) for server in servers]
        if run:
            runs.append(samples)
    medians = [median(samples[i].report.p50_ms for samples in runs) for i in range(len(servers))]
    return Row(
        section=section,
        work=work,
        measured="p50 " + " · ".join(f"{milliseconds:.2f} ms" for milliseconds in medians),
        value=median(samples[-1].report.p50_ms / samples[0].report.p50_ms for samples in runs),
        goal=_GOAL,
        void=_why_void([sample for samples in runs for sample in samples]),
    )


def _search_row(section: str, servers: Sequence[Server]) -> Row:
    """Search once for a part of a name: every name is read, so there is no ratio to reach."""
    query = f"{PATH}?limit={_PAGE}&nickname={RARE_WORD}"
    plans = [server.get_plan(query, [""], _ONCE_S, connections=1) for server in servers]
    reports = [run_client(plan) for plan in plans]
    return Row(
        section=section,
        work=f"list, nickname with '{RARE_WORD}'",
        measured="p50 " + " · ".join(f"{report.p50_ms:.2f} ms" for report in reports),
        value=reports[-1].p50_ms,
        unit="ms",
    )


def _plan(server: Server, query: str, scale: Scale) -> Plan:
    path = f"{PATH}?{query}"
    return server.get_plan(path, [""], scale.list_requests_s, connections=1)


def _why_void(samples: list[Sample]) -> str:
    if any(sample.report.wrong for sample in samples):
        return "wrong answers"
    busiest = max(sample.report.client_cpu for sample in samples)
    return f"the client used {busiest:.0%} of a core" if busiest > BUSIEST_CLIENT else ""


def _check_total(servers: Sequence[Server], query: str) -> None:
    """Make sure that a filter matches the same number of numbers in every estate.

    Raises:
        RuntimeError: It does not, so the row would compare different work.
    """
    for server in servers:
        total = server.ask_json("GET", f"{PATH}?{query}")["data"]["pagination"]["total_count"]
        if total != FEW:
            message = f"{query} matches {total} numbers, not {FEW}"
            raise RuntimeError(message)


def _memory_row(section: str, server: Server) -> Row:
    return Row(
        section=section,
        work="memory after the lists, largest estate",
        value=server.resident_mb(),
        unit="MB",
        goal=Goal(200, is_floor=False),
    )
