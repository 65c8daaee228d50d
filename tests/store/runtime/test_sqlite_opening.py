"""A SQLite file that cannot be used is a clear refusal to start, and nothing is lost."""

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from cordboard.runtime.db import open_database
from cordboard.runtime.db.opening import sqlite_path
from cordboard.runtime.db.sqlite import check_engine
from cordboard.runtime.errors import StartError
from tests.support.databases import sqlite_copy, sqlite_url
from tests.support.full_disk import FullDisk, full_disk
from tests.support.notes import insert_note, notes_in


async def refusal(path: Path, *, create: bool = True) -> str:
    """Return why the database does not open."""
    with pytest.raises(StartError) as caught:
        await open_database(sqlite_url(path), create=create)
    return str(caught.value)


async def test_a_missing_file_is_made_with_its_folders_where_that_is_wanted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "not" / "there" / "cordboard.db"
    assert "there is no database at" in await refusal(path, create=False)
    assert not path.parent.exists()
    db = await open_database(sqlite_url(path), create=True)
    await db.close()
    assert path.exists()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o750)
    db = await open_database(sqlite_url(folder / "cordboard.db"), create=True)
    await db.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


async def test_a_new_database_may_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "cordboard.db"
    db = await open_database(sqlite_url(path), create=True)
    names = ("cordboard.db", "cordboard.db-wal", "cordboard.db-shm")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names]
    await db.close()
    assert modes == [0o600] * 3


@pytest.mark.parametrize("content", [b"not a database, " * 999, b"SQLite format 3\0", b"xy"])
async def test_a_file_that_is_no_database_is_refused_and_kept(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "cordboard.db"
    path.write_bytes(content)
    assert "is not a SQLite database; move it away" in await refusal(path)
    assert path.read_bytes() == content


async def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "cannot open the database" in await refusal(tmp_path)


async def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    assert "cannot make the folder" in await refusal(tmp_path / "data" / "cordboard.db")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    with full_disk(tmp_path / "disk", megabytes=2) as disk:
        yield disk


@pytest.mark.parametrize("is_there", ["there", "missing"])
async def test_a_read_only_disk_is_refused(
    disk: FullDisk, sqlite_template: Path, is_there: str
) -> None:
    if is_there == "there":
        sqlite_copy(sqlite_template, disk.folder)
    disk.make_read_only()
    reason = await refusal(disk.folder / "cordboard.db")
    assert "read-only" in reason or "check that it exists and is writable" in reason


@pytest.mark.parametrize("is_there", ["there", "missing"])
async def test_a_full_disk_is_refused_at_the_start_and_the_database_stays_whole(
    disk: FullDisk, sqlite_template: Path, is_there: str
) -> None:
    if is_there == "there":
        sqlite_copy(sqlite_template, disk.folder)
    disk.fill()
    assert str(disk.folder) in await refusal(disk.folder / "cordboard.db")
    disk.empty()
    db = await open_database(sqlite_url(disk.folder / "cordboard.db"), create=True)
    await db.write(insert_note, "a")
    assert await notes_in(db) == ["a"]
    await db.close()


async def test_a_database_of_another_journal_mode_is_brought_to_wal(
    tmp_path: Path, sqlite_template: Path
) -> None:
    url = sqlite_copy(sqlite_template, tmp_path)
    connection = apsw.Connection(str(tmp_path / "cordboard.db"))
    assert connection.pragma("journal_mode", "DELETE") == "delete"
    connection.close()
    db = await open_database(url, create=False)
    await db.close()
    connection = apsw.Connection(str(tmp_path / "cordboard.db"))
    assert connection.pragma("journal_mode") == "wal"
    connection.close()


async def test_a_database_in_memory_is_refused() -> None:
    in_memory = Path(":memory:")
    assert in_memory.name in await refusal(in_memory)
    assert not await asyncio.to_thread(in_memory.exists)


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.99", "2.99.99"])
def test_an_engine_with_the_corruption_race_is_refused(version: str) -> None:
    with pytest.raises(StartError, match=f"SQLite {version} can corrupt"):
        check_engine(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "3.100.0", "4.0.0"])
def test_an_engine_without_the_corruption_race_is_used(version: str) -> None:
    check_engine(version)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/cordboard.db", Path("data/cordboard.db")),
        ("sqlite:////var/lib/cordboard.db", Path("/var/lib/cordboard.db")),
        ("sqlite:///a b%20c.db", Path("a b%20c.db")),
        ("postgresql://user:password@host/database", None),
        ("postgres://host/database?sslmode=require", None),
    ],
)
def test_a_url_names_a_file_or_a_postgresql(url: str, path: Path | None) -> None:
    assert sqlite_path(url) == path


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data/cordboard.db",
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite:////",
        "sqlite://host/data.db",
        "sqlite:///data.db?mode=ro",
        "sqlite:///data.db#a",
        "mysql://user:secret@host/database",
        "postgresql:/host/database",
    ],
)
def test_another_url_is_refused_without_repeating_its_secrets(url: str) -> None:
    with pytest.raises(StartError, match="CORDBOARD_DATABASE_URL must be") as caught:
        sqlite_path(url)
    assert "secret" not in str(caught.value)
