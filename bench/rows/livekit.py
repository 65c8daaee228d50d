"""Calls and the reconciler, against a simulated LiveKit in a process of its own."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.livekit.process import child, percentile
from bench.livekit.tasks import Called, Calls, Decided, Ready, Ringing, Rung, Ticked, Ticks
from bench.loader import Loaded
from bench.rows.scale import Scale
from bench.servers import KeyPair, Server, cordboard, create_organization
from bench.table import Goal, Row
from cordboard.simulated.livekit.server import KEY, SECRET

SECTION = "livekit"
RATE = 300.0
LOWER_RATE = 100.0
RINGING_NUMBERS = 100
BUSIEST_SENDER = 0.8
ADDED_AT_MOST = 0.10
_CREATE = "/api/phone-numbers/create"


def settings(livekit_url: str, topology: str) -> dict[str, str]:
    """Return the settings of a server that keeps a LiveKit on loopback."""
    return {
        "CORDBOARD_LIVEKIT_URL": livekit_url,
        "CORDBOARD_LIVEKIT_API_KEY": KEY,
        "CORDBOARD_LIVEKIT_API_SECRET": SECRET,
        "CORDBOARD_LIVEKIT_TOPOLOGY": topology,
        "CORDBOARD_SIP_SOURCE_CIDRS": "127.0.0.1/32",
    }


def measure(scale: Scale, estates: Sequence[Loaded], reconciled: Loaded) -> Iterator[Row]:
    """Measure calls, decisions, events and ticks, one after the other.

    Args:
        scale: How much of each.
        estates: Where decisions are made, the smallest first.
        reconciled: Whose numbers all have pairs of their own.
    """
    yield from _call_rows(_called(scale), scale)
    yield from _decide_rows(estates)
    yield from _event_rows(scale)
    yield from _tick_rows(reconciled, scale)


def _called(scale: Scale) -> Called:
    folder = scale.folder / "calls"
    folder.mkdir()
    url, key_pair = _database(folder)
    with child("calling") as calling:
        environment = settings(calling.hear(Ready).url, "dedicated")
        with cordboard(url, key_pair, folder, environment) as server:
            calling.tell(Calls(server.port, key_pair.headers, scale.calls, 0.05))
            return calling.hear(Called)


def _database(folder: Path) -> tuple[str, KeyPair]:
    url = f"sqlite:///{folder}/cordboard.db"
    return url, create_organization(url, folder)


def _call_rows(called: Called, scale: Scale) -> Iterator[Row]:
    by_own = f", {called.by_own_pair} more by their own pair" if called.by_own_pair else ""
    yield Row(
        section=SECTION,
        work=f"create answers → its agent answers a call, of {scale.calls} numbers",
        measured=f"through the catch-all {called.answered}{by_own}; {_spread(called.answered_ms)}",
        value=(called.answered + called.by_own_pair) / scale.calls,
        unit="%",
        goal=Goal(1.0),
    )
    yield Row(
        section=SECTION,
        work="create answers → its own pair is ready, p99",
        measured=_spread(called.ready_ms),
        value=percentile(called.ready_ms, 0.99),
        unit="ms",
        goal=Goal(500, is_floor=False),
    )
    yield Row(
        section=SECTION,
        work="LiveKit lost everything → every number rings again",
        measured=f"{scale.calls} pairs of their own are back after {called.rebuilt_s:.2f} s",
        value=called.catch_all_s,
        unit="s",
        goal=Goal(3, is_floor=False),
    )


def _spread(took_ms: list[float]) -> str:
    p50, worst = percentile(took_ms, 0.5), percentile(took_ms, 1)
    return f"p50 {p50:.0f} ms, p99 {percentile(took_ms, 0.99):.0f} ms, worst {worst:.0f} ms"


def _decide_rows(estates: Sequence[Loaded]) -> Iterator[Row]:
    urls = [estate.database_url for estate in estates]
    with child("deciding", *urls) as deciding:
        decided = [deciding.hear(Decided) for _ in urls]
    resident = []
    for url in urls:
        with child("deciding", url) as alone:
            resident.append(alone.hear(Decided).resident_mb)
    sizes = [f"{estate.size:,}" for estate in estates]
    yield Row(
        section=SECTION,
        work=f"decide a call with its look-ups, {sizes[-1]} numbers, p99",
        measured="; ".join(map(_decided, sizes, decided)),
        value=_median_of(decided[-1], "p99_us"),
        unit="µs",
        goal=Goal(150, is_floor=False),
    )
    for what, field in (("the median", "p50_us"), ("the p99", "p99_us")):
        yield Row(
            section=SECTION,
            work=f"… {what}, {sizes[-1]} against {sizes[0]} numbers",
            measured=f"of CPU time: {_growth(decided, f'cpu_{field}'):.2f} ×",
            value=_growth(decided, field),
            goal=Goal(1.3, is_floor=False),
        )
    yield Row(
        section=SECTION,
        work=f"… memory of the process, {sizes[-1]} against {sizes[0]} numbers",
        measured=f"{resident[-1]:.0f} MB against {resident[0]:.0f} MB, of which SQLite's two "
        "caches have 12 MB each at most",
        value=resident[-1] - resident[0],
        unit="MB",
    )


def _median_of(decided: Decided, field: str) -> float:
    return float(median(getattr(each, field) for each in decided.rounds))


def _growth(decided: Sequence[Decided], field: str) -> float:
    """Return the largest estate's figure divided by the smallest's, within each round."""
    rounds = zip(decided[0].rounds, decided[-1].rounds, strict=True)
    return float(median(getattr(large, field) / getattr(small, field) for small, large in rounds))


def _decided(size: str, decided: Decided) -> str:
    p50, p99, cpu_p50, cpu_p99 = (
        _median_of(decided, field) for field in ("p50_us", "p99_us", "cpu_p50_us", "cpu_p99_us")
    )
    return f"{size}: p50 {p50:.0f}, p99 {p99:.0f} (CPU p50 {cpu_p50:.0f}, p99 {cpu_p99:.0f})"


def _event_rows(scale: Scale) -> Iterator[Row]:
    """Measure whole calls, the server on one core, what sends and answers on the other."""
    lower, _ = _rung(scale, LOWER_RATE)
    rung, cpu_ms = _rung(scale, RATE)
    void = ""
    if rung.own_cpu > BUSIEST_SENDER:
        void = f"the sender used {rung.own_cpu:.0%} of a core"
    yield Row(
        section=SECTION,
        work=f"event received → CreateDispatch, {RATE:.0f} calls/s on one core, p99",
        measured=f"{_rung_words(rung)}, {cpu_ms:.1f} ms CPU a call of 7 events; "
        f"at {LOWER_RATE:.0f} calls/s {_rung_words(lower)}",
        value=percentile(rung.dispatched_ms, 0.99),
        unit="ms",
        goal=Goal(5, is_floor=False),
        void=void,
    )


def _rung(scale: Scale, per_second: float) -> tuple[Rung, float]:
    folder = scale.folder / f"ringing-{per_second:.0f}"
    folder.mkdir()
    url, key_pair = _database(folder)
    calls = round(per_second * scale.seconds)
    with child("ringing", core=1) as ringing:
        environment = settings(ringing.hear(Ready).url, "shared")
        with cordboard(url, key_pair, folder, environment, core=0) as server:
            numbers = _created(server)
            before = server.cpu_seconds()
            ringing.tell(Ringing(server.port, numbers, calls, per_second))
            rung = ringing.hear(Rung)
            return rung, (server.cpu_seconds() - before) * 1000 / (calls + RINGING_NUMBERS)


def _created(server: Server) -> list[str]:
    numbers = [f"+1415{2_000_000 + place}" for place in range(RINGING_NUMBERS)]
    for number in numbers:
        body = {"phone_number": number, "phone_number_type": "custom", "inbound_agent_id": "a"}
        server.ask_json("POST", _CREATE, json.dumps(body))
    return numbers


def _rung_words(rung: Rung) -> str:
    p50, p99 = percentile(rung.dispatched_ms, 0.5), percentile(rung.dispatched_ms, 0.99)
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {rung.failed} failed"


def _tick_rows(estate: Loaded, scale: Scale) -> Iterator[Row]:
    with child("ticking", estate.database_url, str(scale.runs + 2)) as ticking:
        ticks = ticking.hear(Ticks)
    size = f"{estate.size:,}"
    yield Row(
        section=SECTION,
        work=f"rebuild of {size} pairs",
        measured=f"{estate.size / ticks.built_s:,.0f} pairs/s, 3 requests each, 8 in flight",
        value=ticks.built_s,
        unit="s",
    )
    yield Row(
        section=SECTION,
        work=f"reconcile tick, {size} numbers, no drift",
        measured=f"CPU {_cpu_ms(ticks.quiet):.0f} ms, {ticks.quiet[0].lists} listings",
        value=median(tick.took_ms for tick in ticks.quiet),
        unit="ms",
        goal=Goal(400, is_floor=False),
    )
    yield Row(
        section=SECTION,
        work="… the longest that it held the event loop",
        measured="tick by tick " + ", ".join(f"{tick.held_ms:.1f}" for tick in ticks.quiet),
        value=median(tick.held_ms for tick in ticks.quiet),
        unit="ms",
        goal=Goal(5, is_floor=False),
    )
    yield _drift_row(ticks)


def _drift_row(ticks: Ticks) -> Row:
    quiet, drifted = ticks.compared_quiet, ticks.compared_drifted
    more = _cpu_ms(drifted) / _cpu_ms(quiet) - 1
    same = {tick.lists for tick in (*quiet, *drifted)} == {quiet[0].lists}
    return Row(
        section=SECTION,
        work="… CPU of listing and comparing, everything drifted against nothing",
        measured=f"{_cpu_ms(drifted):.0f} ms against {_cpu_ms(quiet):.0f} ms, "
        f"{drifted[0].lists} listings against {quiet[0].lists}",
        value=abs(more),
        unit="%",
        goal=Goal(ADDED_AT_MOST, is_floor=False),
        void="" if same else "the listings differ",
    )


def _cpu_ms(ticks: list[Ticked]) -> float:
    return median(tick.cpu_ms for tick in ticks)
