"""How soon a caller hears an end where something is missing, at the real livekit-server."""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.livekit.process import Child, child, percentile
from bench.livekit.tasks import Case, Ladders, Ready
from bench.rows.livekit import settings
from bench.rows.livekit_server import SECTION, why_not
from bench.rows.scale import Scale
from bench.servers import Server, cordboard, create_organization, free_port
from bench.table import Goal, Row

JOIN_S, AUDIO_S, GONE_S = 2.0, 3.0, 1.0
LEAVES_AFTER_S = 1.0
"""What the worker of ``bench.livekit.ending`` does that leaves."""

AT_ONCE = 2
_DEADLINES = {
    "CORDBOARD_AGENT_JOIN_TIMEOUT": str(JOIN_S),
    "CORDBOARD_AGENT_AUDIO_TIMEOUT": str(AUDIO_S),
    "CORDBOARD_AGENT_GONE_TIMEOUT": str(GONE_S),
}
_CREATE = "/api/phone-numbers/create"

Ladder = dict[str, float]
"""What the caller was told → when, in milliseconds since the INVITE."""


class _Missing(NamedTuple):
    """Something that is missing, and how long the caller may be kept at the most.

    Attributes:
        bound: What the number is created with; None where it is not.
        due_ms: When the deadline was, on a caller's ladder. It counts from the dispatch, or, where
            the agent leaves, from the answer, a moment after that one had joined.
        said: What ends the waiting.
    """

    what: str
    number: str
    bound: dict[str, str] | None
    due_ms: Callable[[Ladder], float]
    said: str = "486"


_CASES = (
    _Missing("a number that nobody has → refused", "+14155550101", None, lambda _: 0),
    _Missing("a number without an agent → refused", "+14155550102", {}, lambda _: 0),
    _Missing(
        "no worker → the call ends, after the deadline",
        "+14155550103",
        {"inbound_agent_id": "agent_absent"},
        lambda _: JOIN_S * 1000,
    ),
    _Missing(
        "no worker → the fallback is heard, after the deadline",
        "+14155550104",
        {"inbound_agent_id": "agent_absent", "fallback_agent_id": "agent_bench"},
        lambda _: JOIN_S * 1000,
        "200",
    ),
    _Missing(
        "a silent worker → the call ends, after the deadline",
        "+14155550105",
        {"inbound_agent_id": "agent_silent"},
        lambda _: AUDIO_S * 1000,
    ),
    _Missing(
        "a worker that leaves → the call ends, after the deadline",
        "+14155550106",
        {"inbound_agent_id": "agent_leaving"},
        lambda ladder: ladder["200"] + (LEAVES_AFTER_S + GONE_S) * 1000,
        "BYE",
    ),
)


def measure(scale: Scale) -> Iterator[Row]:
    """Call numbers to which something is missing, a few at a time."""
    if missing := why_not():
        yield Row(
            section=SECTION, work="what callers hear where something is missing", void=missing
        )
        return
    folder = scale.folder / "endings"
    folder.mkdir()
    database_url, port = f"sqlite:///{folder}/cordboard.db", free_port()
    key_pair = create_organization(database_url, folder)
    events_url = f"http://127.0.0.1:{port}/livekit/events"
    with child("ending", str(folder), events_url) as ending:
        environment = {**settings(ending.hear(Ready).url, "shared"), **_DEADLINES}
        with cordboard(database_url, key_pair, folder, environment, port=port) as server:
            for case in _CASES:
                _create(server, case)
                yield _row(case, _late_ms(ending, case, max(scale.invites // 10, 1)))


def _create(server: Server, case: _Missing) -> None:
    if case.bound is not None:
        body = {"phone_number": case.number, "phone_number_type": "custom", **case.bound}
        server.ask_json("POST", _CREATE, json.dumps(body))


def _late_ms(ending: Child, case: _Missing, rounds: int) -> list[float | None]:
    """Return how long after the deadline each caller heard; None for what was not said."""
    found: list[float | None] = []
    for _ in range(rounds):
        ending.tell(Case(case.number, AT_ONCE, hangs_up=case.said == "200"))
        for told in ending.hear(Ladders).of:
            ladder = {said: at_ms for at_ms, said in told}
            at_ms = ladder.get(case.said)
            found.append(None if at_ms is None else at_ms - case.due_ms(ladder))
    return found


def _row(case: _Missing, late_ms: list[float | None]) -> Row:
    known_ms = [each for each in late_ms if each is not None]
    missing = len(late_ms) - len(known_ms)
    return Row(
        section=SECTION,
        work=f"{case.what}, {len(late_ms)} calls, p100",
        measured=f"{AT_ONCE} at once; p50 {percentile(known_ms, 0.5):.0f} ms",
        value=percentile(known_ms, 1),
        unit="ms",
        goal=Goal(1000, is_floor=False),
        void=f"{missing} callers heard something else" if missing else "",
    )
