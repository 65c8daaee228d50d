"""A server that is killed in the middle of its work keeps every promise it has made."""

import random
from pathlib import Path

import pytest

from tests.support.caller import CREATE
from tests.support.estate import check_told, check_whole
from tests.support.load import Known, Load, State, Told, known
from tests.support.process import SECRET_KEY, Place, Serving

ROUNDS = 12
"""For each database."""

CLIENTS = 6


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    (tmp_path / "place").mkdir()
    return Place(
        tmp_path / "place",
        CORDBOARD_DATABASE_URL=database_url,
        CORDBOARD_SECRET_KEY=SECRET_KEY,
    )


@pytest.fixture
def pair(place: Place) -> dict[str, str]:
    with place.serve() as server:
        return server.first_pair()


def killed_under_load(server: Serving, pair: dict[str, str], acknowledged: int) -> list[Told]:
    """Kill the server after so many acknowledged requests; return what its clients were told."""
    with Load(server.caller(pair) for _ in range(CLIENTS)) as load:
        load.wait_until(lambda told: sum(one.is_done for one in told) >= acknowledged)
        server.process.kill()
    return load.told


def settled(server: Serving, pair: dict[str, str], told: list[Told]) -> dict[str, Known]:
    """Repeat the registrations of unknown outcome under their keys; return what is known then."""
    numbers = known(told)
    caller = server.caller(pair)
    for one in told:
        if one.method == "POST" and one.is_unknown:
            answer = caller.request("POST", CREATE, one.body, {"Idempotency-Key": one.key})
            assert answer.status == 200, answer
            numbers[one.phone_number] = Known(State.PRESENT, answer.headers["etag"])
    return numbers


@pytest.mark.long(reason="two databases, each killed and started 12 times under load", seconds=170)
def test_after_a_kill_every_acknowledged_write_is_there_and_none_is_half_there(
    place: Place, pair: dict[str, str], database_url: str
) -> None:
    numbers: dict[str, Known] = {}
    told: list[Told] = []
    unknown = 0
    for turn in range(ROUNDS + 1):
        with place.serve() as server:
            numbers |= settled(server, pair, told)
            check_whole(database_url)
            check_told(database_url, numbers)
            if turn < ROUNDS:
                told = killed_under_load(server, pair, random.randint(1, 150))
        unknown += sum(one.is_unknown for one in told)
    assert unknown >= ROUNDS
