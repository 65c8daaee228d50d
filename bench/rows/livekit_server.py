"""INVITE → 200 at the real livekit-server, with Cordboard and without."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from bench.livekit.process import child, percentile
from bench.livekit.tasks import Invited, InvitedAll, Invites, Ready
from bench.loader import Loaded
from bench.rows.livekit import settings
from bench.rows.scale import Scale
from bench.servers import Server, cordboard, free_port
from bench.table import Goal, Row

SECTION = "livekit-server"
AGENT = "agent_bench"
OURS, PLAIN = "+14155550188", "+14155550199"
DEDICATED = (100, 1_000, 10_000)
MOST_DEDICATED_CALLS = 30
_CREATE = "/api/phone-numbers/create"


def why_not() -> str:
    """Say what is missing for this group; empty when nothing is."""
    if find_spec("livekit.rtc") is None or find_spec("redis") is None:
        return "the packages of `make e2e` are not installed"
    programs = ["redis-server"] if os.environ.get("LIVEKIT_SERVER_BIN") else ["redis-server", "go"]
    missing = [name for name in programs if shutil.which(name) is None]
    return f"{missing[0]} is not installed" if missing else ""


def measure(scale: Scale, estate: Loaded) -> Iterator[Row]:
    """Call a number of a large estate and a number that needs no Cordboard, in turns."""
    if missing := why_not():
        yield Row(section=SECTION, work="INVITE → 200 at a real livekit-server", void=missing)
        return
    yield from _catch_all_rows(scale, estate)
    yield from _dedicated_rows(scale)


def _catch_all_rows(scale: Scale, estate: Loaded) -> Iterator[Row]:
    folder = scale.folder / "invites"
    folder.mkdir()
    copy = folder / "estate.db"
    shutil.copyfile(estate.database_url.removeprefix("sqlite:///"), copy)
    here = replace(estate, database_url=f"sqlite:///{copy}")
    plain, ours = _called_in_turns(folder, here, scale.invites)
    yield _added_row(f"{estate.size:,}", (plain, ours), 0.5, 15)
    yield _added_row(f"{estate.size:,}", (plain, ours), 0.95, 40)
    yield Row(
        section=SECTION,
        work=f"… failed, of {scale.invites} calls through the catch-all",
        measured=f"of as many to the plain number {plain.failed}",
        value=float(ours.failed),
        unit="",
        goal=Goal(0, is_floor=False),
    )


def _called_in_turns(folder: Path, estate: Loaded, calls: int) -> list[Invited]:
    """Call the plain number and ours in turns."""
    port = free_port()
    events_url = f"http://127.0.0.1:{port}/livekit/events"
    with child("inviting", str(folder), events_url) as inviting:
        environment = settings(inviting.hear(Ready).url, "shared")
        with cordboard(
            estate.database_url, estate.key_pair, folder, environment, port=port
        ) as server:
            _create(server)
            inviting.tell(Invites([PLAIN, OURS], calls))
            return inviting.hear(InvitedAll).of


def _create(server: Server) -> None:
    body = {"phone_number": OURS, "phone_number_type": "custom", "inbound_agent_id": AGENT}
    server.ask_json("POST", _CREATE, json.dumps(body))


def _added_row(size: str, calls: tuple[Invited, Invited], share: float, most_ms: float) -> Row:
    plain_ms, ours_ms = (percentile(each.answered_ms, share) for each in calls)
    return Row(
        section=SECTION,
        work=f"INVITE → 200, catch-all with {size} numbers, p{share * 100:.0f} added",
        measured=f"{ours_ms:.0f} ms against {plain_ms:.0f} ms by LiveKit alone with one number",
        value=ours_ms - plain_ms,
        unit="ms",
        goal=Goal(most_ms, is_floor=False),
    )


def _dedicated_rows(scale: Scale) -> Iterator[Row]:
    """Measure how the number of trunks and rules tells, with LiveKit alone in the path."""
    folder = scale.folder / "dedicated"
    folder.mkdir()
    calls = min(scale.invites, MOST_DEDICATED_CALLS)
    with child("inviting", str(folder)) as inviting:
        inviting.hear(Ready)
        for pairs in DEDICATED:
            inviting.tell(Invites([PLAIN], calls, pairs))
            (plain,) = inviting.hear(InvitedAll).of
            yield _dedicated_row(pairs, plain)


def _dedicated_row(pairs: int, plain: Invited) -> Row:
    p95_ms = percentile(plain.answered_ms, 0.95)
    return Row(
        section=SECTION,
        work=f"INVITE → 200, {pairs:,} dedicated numbers, p50",
        measured=f"p95 {p95_ms:.0f} ms, {plain.failed} failed; up to 1,000 are recommended",
        value=percentile(plain.answered_ms, 0.5),
        unit="ms",
    )
