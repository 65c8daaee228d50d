"""The master key: made once, never silently another, never half written."""
# ruff: noqa: ASYNC240 - nothing else runs in these tests' event loops

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cordboard.runtime.db import Database
from cordboard.runtime.errors import StartError
from cordboard.runtime.secret_key import SecretKey, find_check_value, key_file, open_secret_key
from tests.support.raw_sql import run_sql

KEY = "0123456789abcdef" * 3 + "00112233445566fe"
OTHER_KEY = KEY[::-1]
HKDF_OF_A = "32f75f76dd3ba02213eabd59f111db575a95c4b2f07f8d1571f79e2bef57bb79"
"""HKDF-SHA256 of KEY with info ``cordboard/a``, made with ``openssl kdf``."""

STARTS = 4
START = """
import asyncio, sys
from pathlib import Path
from cordboard.runtime.db import open_database
from cordboard.runtime.secret_key import open_secret_key

async def start():
    db = await open_database(sys.argv[1], create=False)
    key = await open_secret_key(db, None, Path(sys.argv[2]))
    print(key.check_value())
    await db.close()

sys.stdin.readline()
asyncio.run(start())
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "secret.key"


async def test_a_new_installation_makes_a_key_that_only_its_owner_reads_and_keeps_to_it(
    db: Database, file: Path
) -> None:
    made = await open_secret_key(db, None, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SecretKey(file.read_text()).check_value() == made.check_value()
    assert (await open_secret_key(db, None, file)).check_value() == made.check_value()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


async def test_the_database_knows_a_check_value_and_not_the_key(
    db: Database, database_url: str
) -> None:
    key = await open_secret_key(db, KEY, None)
    assert await db.read(find_check_value) == key.check_value()
    stored = str(run_sql(database_url, "SELECT name, value FROM installation"))
    assert KEY not in stored
    assert key.derived("check").hex() not in stored


async def test_another_key_is_refused_and_the_first_goes_on_working(
    db: Database, file: Path
) -> None:
    await open_secret_key(db, KEY, file)
    with pytest.raises(StartError, match="not the one this database was made with"):
        await open_secret_key(db, OTHER_KEY, file)
    await open_secret_key(db, KEY.upper() + "\n", file)


async def test_a_key_that_has_gone_missing_is_not_made_anew(db: Database, file: Path) -> None:
    await open_secret_key(db, None, file)
    kept = file.read_text()
    file.unlink()
    with pytest.raises(StartError, match="is missing, and the database was made with"):
        await open_secret_key(db, None, file)
    assert not file.exists()
    file.write_text(kept)
    await open_secret_key(db, None, file)


async def test_a_key_made_for_one_database_is_used_for_the_next_beside_it(
    db: Database, file: Path
) -> None:
    file.parent.mkdir()
    file.write_text(KEY)
    assert (await open_secret_key(db, None, file)).check_value() == SecretKey(KEY).check_value()


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", KEY[:40].encode(), KEY.encode() + b"00", b"g" * 64, b"\xff" * 64, b"\0" * 64],
)
async def test_a_file_without_a_whole_key_is_refused_and_kept(
    db: Database, file: Path, content: bytes
) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(StartError, match="does not hold a secret key") as caught:
        await open_secret_key(db, None, file)
    assert str(file) in str(caught.value)
    assert file.read_bytes() == content
    assert await db.read(find_check_value) is None


async def test_a_file_that_cannot_be_read_is_refused(db: Database, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot use the secret key in"):
        await open_secret_key(db, None, tmp_path)


@pytest.mark.parametrize("configured", ["", "x", KEY[:-1], KEY + "0", "é" * 64, "0x" + KEY[:62]])
async def test_a_malformed_configured_key_is_refused_without_repeating_it(
    db: Database, configured: str
) -> None:
    with pytest.raises(StartError, match="64 hexadecimal digits") as caught:
        await open_secret_key(db, configured, None)
    assert len(configured) < 2 or configured not in str(caught.value)


async def test_without_a_file_a_key_must_be_configured(db: Database) -> None:
    with pytest.raises(StartError, match="CORDBOARD_SECRET_KEY is not set"):
        await open_secret_key(db, None, None)


@pytest.mark.parametrize("weak", ["0" * 64, "ab" * 32, bytes(range(32)).hex()])
async def test_a_key_that_can_be_guessed_is_for_development_only(
    db: Database, file: Path, weak: str
) -> None:
    with pytest.raises(StartError, match="can be guessed"):
        await open_secret_key(db, weak, None)
    await open_secret_key(db, weak, file)


@pytest.fixture
def starting(database_url: str, file: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that open the key for the first time as soon as they read a line."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, database_url, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(STARTS)
    ]
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_processes_that_start_first_at_the_same_time_agree_on_one_key(
    starting: list[subprocess.Popen[str]], file: Path
) -> None:
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    values = {process.communicate()[0].strip() for process in starting}
    assert values == {SecretKey(file.read_text()).check_value()}


def test_derived_keys_differ_by_purpose_and_by_key_and_stay_the_same() -> None:
    key = SecretKey(KEY)
    derived = {key.derived("a"), key.derived("b"), SecretKey(OTHER_KEY).derived("a")}
    assert len(derived) == 3
    assert key.derived("a") == SecretKey(KEY).derived("a")
    assert key.derived("a").hex() == HKDF_OF_A


def test_a_key_does_not_show_itself() -> None:
    assert KEY not in repr(SecretKey(KEY)) + str(SecretKey(KEY))


def test_the_key_file_stands_beside_the_database() -> None:
    assert key_file(Path("/var/lib/cordboard.db")) == Path("/var/lib/secret.key")
    assert key_file(None) == Path("data/secret.key")
