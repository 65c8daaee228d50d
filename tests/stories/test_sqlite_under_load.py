"""SQLite on its bad days: the disk fills up, or a second server works on the same file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import sqlite_url
from tests.support.estate import check_told, check_whole
from tests.support.full_disk import FullDisk, full_disk
from tests.support.load import Load, Told, known
from tests.support.process import SECRET_KEY, Place

CLIENTS = 4


def done(told: list[Told]) -> int:
    """Return how many requests were acknowledged."""
    return sum(one.is_done for one in told)


def refused(told: list[Told]) -> list[Told]:
    """Return the requests that were answered with anything but success."""
    return [one for one in told if one.answer is not None and not one.is_done]


def a_place(folder: Path, url: str) -> Place:
    folder.mkdir()
    return Place(folder, CORDBOARD_DATABASE_URL=url, CORDBOARD_SECRET_KEY=SECRET_KEY)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    with full_disk(tmp_path / "disk", megabytes=8) as disk:
        yield disk


def test_a_full_disk_refuses_writes_with_507_until_there_is_room_and_loses_nothing(
    disk: FullDisk, tmp_path: Path
) -> None:
    url = sqlite_url(disk.folder / "cordboard.db")
    with a_place(tmp_path / "place", url).serve() as server:
        pair = server.first_pair()
        with Load(server.caller(pair) for _ in range(CLIENTS)) as load:
            load.wait_until(lambda told: done(told) > 100)
            disk.fill()
            load.wait_until(lambda told: len(refused(told)) > 100)
            assert server.caller(pair).request("GET", "/api/phone-numbers").status == 200
            disk.empty()
            before = done(load.told)
            load.wait_until(lambda told: done(told) > before + 100)
        told = load.told
        codes = {one.answer.refusal[:2] for one in refused(told) if one.answer is not None}
        # A change or deletion of a number whose registration was refused finds none.
        assert codes == {(507, "storage.full"), (404, "phone_number.not_found")}
        assert not any(one.is_unknown for one in told)
        check_whole(url)
        check_told(url, known(told))
        assert server.stop() == 0
    check_whole(url)
    check_told(url, known(told))


def test_two_servers_on_one_file_take_turns_under_load_and_one_survives_the_other(
    tmp_path: Path,
) -> None:
    url = sqlite_url(tmp_path / "cordboard.db")
    place = a_place(tmp_path / "place", url)
    with place.serve() as one, place.serve() as other:
        pair = one.first_pair()
        with (
            Load(one.caller(pair) for _ in range(CLIENTS)) as killed,
            Load(other.caller(pair) for _ in range(CLIENTS)) as survives,
        ):
            killed.wait_until(lambda told: done(told) > 200)
            survives.wait_until(lambda told: done(told) > 200)
            one.process.kill()
            before = done(survives.told)
            survives.wait_until(lambda told: done(told) > before + 200)
        told = [*killed.told, *survives.told]
        assert refused(told) == []
        assert not any(one.is_unknown for one in survives.told)
        check_whole(url)
        check_told(url, known(told))
