"""What a LiveKit that forgets, a server that dies and events that are lost cost the callers."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench.livekit.process import Child, child, percentile
from bench.livekit.tasks import Flush, Flushed, Held, Ready, Rescue, Rescued
from bench.loader import Loaded
from bench.rows.livekit import settings
from bench.rows.scale import Scale
from bench.servers import Server, cordboard, create_organization, free_port
from bench.table import Goal, Row

SECTION = "livekit"
NUMBER, UNKNOWN = "+14155550188", "+14155550199"
AGENT = "agent_bench"
AT_ONCE = 20
REFUSED = 4
"""Of so many calls at once, those to nobody's number while no event arrives."""

_PAGE = 1000
_CREATE = "/api/phone-numbers/create"


def measure(scale: Scale, estate: Loaded) -> Iterator[Row]:
    """Empty LiveKit under a large estate, kill a server under calls, and let it hear nothing.

    Args:
        scale: How many calls.
        estate: Whose numbers all have pairs of their own.
    """
    yield from _flush_rows(scale, estate)
    yield _killed_row(scale)
    yield _deaf_row(scale)


def _flush_rows(scale: Scale, estate: Loaded) -> Iterator[Row]:
    folder = scale.folder / "flushed"
    folder.mkdir()
    with child("flushing") as flushing:
        environment = settings(flushing.hear(Ready).url, "dedicated")
        with cordboard(estate.database_url, estate.key_pair, folder, environment) as server:
            flushing.tell(Flush(_numbers(server)))
            flushed = flushing.hear(Flushed)
    size = f"{estate.size:,}"
    yield Row(
        section=SECTION,
        work=f"LiveKit lost everything of {size} numbers → every number rings again",
        measured=f"{flushed.silent} of {flushed.looks:,} look-ups until all pairs were back found "
        "a number that did not",
        value=flushed.catch_all_s,
        unit="s",
        goal=Goal(3, is_floor=False),
        void="" if flushed.silent == 0 else "a number fell silent behind that",
    )
    yield Row(
        section=SECTION,
        work=f"… → all {size} pairs of their own are back, by `cordboard serve`",
        measured=f"{estate.size / flushed.rebuilt_s:,.0f} pairs/s; {flushed.by_own_pair:,} numbers "
        "ring their agent by their own pair then",
        value=flushed.rebuilt_s,
        unit="s",
        void="" if flushed.by_own_pair == estate.size else "not all of them came back",
    )


def _numbers(server: Server) -> list[str]:
    numbers: list[str] = []
    while True:
        listed = server.ask_json(
            "GET", f"/api/phone-numbers?limit=1000&page={len(numbers) // 1000}"
        )
        page = [number["phone_number"] for number in listed["data"]["phone_numbers"]]
        numbers += page
        if len(page) < _PAGE:
            return numbers


def _killed_row(scale: Scale) -> Row:
    """Kill the only server again and again; this process starts it again at once."""
    place, port = _Place(scale.folder / "killed"), free_port()
    rounds = scale.troubled // AT_ONCE
    found: list[Rescued] = []
    starts_s: list[float] = []
    with child("dying") as dying:
        environment = settings(dying.hear(Ready).url, "shared")
        with place.cordboard(environment, port) as server:
            _create(server)
            _die_under_calls(dying, server)
        for left in reversed(range(rounds)):
            with place.cordboard(environment, port) as server:
                starts_s.append(server.seconds_to_ready)
                found.append(dying.hear(Rescued))
                if left:
                    _die_under_calls(dying, server)
    how = f"the only one, ready again {percentile(starts_s, 0.5):.2f} s after it is started"
    return _row("server killed between event and CreateDispatch", found, how)


def _die_under_calls(dying: Child, server: Server) -> None:
    dying.tell(Rescue(server.port, [NUMBER] * AT_ONCE, is_deaf=False))
    dying.hear(Held)
    server.process.kill()
    server.process.wait()
    dying.tell(Held())


def _deaf_row(scale: Scale) -> Row:
    place = _Place(scale.folder / "deaf")
    numbers = [NUMBER] * (AT_ONCE - REFUSED) + [UNKNOWN] * REFUSED
    found: list[Rescued] = []
    with child("dying") as dying:
        environment = settings(dying.hear(Ready).url, "shared")
        with place.cordboard(environment, free_port()) as server:
            _create(server)
            for _ in range(scale.troubled // AT_ONCE):
                dying.tell(Rescue(server.port, numbers, is_deaf=True))
                found.append(dying.hear(Rescued))
    how = f"{sum(each.answered for each in found)} of them to a number with an agent"
    return _row("the receiver of events unreachable", found, how)


class _Place:
    """A database, and servers on it one after the other."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._url = f"sqlite:///{folder}/cordboard.db"
        self._key_pair = create_organization(self._url, folder)

    def cordboard(self, environment: dict[str, str], port: int) -> AbstractContextManager[Server]:
        return cordboard(self._url, self._key_pair, self._folder, environment, port=port)


def _create(server: Server) -> None:
    body = {"phone_number": NUMBER, "phone_number_type": "custom", "inbound_agent_id": AGENT}
    server.ask_json("POST", _CREATE, json.dumps(body))


def _row(what: str, found: list[Rescued], how: str) -> Row:
    rang_s = [each for rescued in found for each in rescued.rang_s]
    missing = len(found) * AT_ONCE - len(rang_s)
    return Row(
        section=SECTION,
        work=f"{what}: each answered or ended, {len(found) * AT_ONCE} calls, p100",
        measured=f"{how}; p50 {percentile(rang_s, 0.5):.2f} s, from the INVITE",
        value=percentile(rang_s, 1),
        unit="s",
        goal=Goal(4, is_floor=False),
        void=f"{missing} calls rang for ever" if missing else "",
    )
