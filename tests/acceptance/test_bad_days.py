"""What goes wrong around a server: it says so in words, ends with status 1, and loses nothing."""

import shutil
import socket
from pathlib import Path

import apsw
import pytest

from tests.support.databases import sqlite_copy
from tests.support.process import HOST, SECRET_KEY, Place
from tests.support.shell import Ran

OTHER_KEY = SECRET_KEY[::-1]
PRODUCTION = {"CORDBOARD_MODE": "production", "CORDBOARD_SECRET_KEY": SECRET_KEY}


@pytest.fixture
def place(tmp_path: Path, sqlite_template: Path) -> Place:
    """Where an installation on SQLite has been started once."""
    (tmp_path / "data").mkdir()
    sqlite_copy(sqlite_template, tmp_path / "data")
    place = Place(tmp_path, is_ordinary=True)
    with place.serve() as server:
        server.caller(server.first_pair()).create("+14155550100")
        assert server.stop() == 0
    return place


@pytest.fixture
def stopped(place: Place) -> dict[str, bytes]:
    """What lies in the data folder before something goes wrong."""
    return contents(place)


def contents(place: Place) -> dict[str, bytes]:
    files = (file for file in (place.folder / "data").iterdir() if file.is_file())
    return {file.name: file.read_bytes() for file in files}


def assert_refused(ran: Ran, *words: str) -> None:
    """A refusal to start: a sentence on standard error, and nothing else."""
    assert (ran.status, ran.out) == (1, "")
    assert all(line.startswith("cordboard: ") for line in ran.err.splitlines()), ran.err
    for word in words:
        assert word in ran.err


def test_a_port_in_use(place: Place, stopped: dict[str, bytes]) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_refused(place.run("serve", "--port", port), f"port {port}", "in use", "--port")
    assert contents(place) == stopped


def test_a_host_that_is_not_of_this_machine(place: Place) -> None:
    assert_refused(place.run("serve", "--host", "192.0.2.1"), "192.0.2.1", "--host")
    assert_refused(place.run("serve", "--host", "no such host"), "CORDBOARD_HOST")


def test_a_file_that_is_no_database(place: Place) -> None:
    file = place.folder / "data" / "cordboard.db"
    file.write_bytes(b"This is a diary, not a database. " * 1000)
    before = contents(place)
    assert_refused(place.run("serve"), "cordboard.db is not a SQLite database", "move it away")
    assert contents(place) == before


def test_a_newer_schema_than_the_code(place: Place) -> None:
    connection = apsw.Connection(str(place.folder / "data" / "cordboard.db"))
    connection.execute("INSERT INTO schema_migration VALUES (9000, 'x', 'y', 0)")
    connection.close()
    before = contents(place)
    assert_refused(place.run("serve"), "9000", "newer", "start the newer version")
    assert contents(place) == before


def test_another_secret_key(place: Place, stopped: dict[str, bytes]) -> None:
    ran = place.run("serve", CORDBOARD_SECRET_KEY=OTHER_KEY)
    assert_refused(ran, "not the one this database was made with")
    assert OTHER_KEY not in ran.err
    assert contents(place) == stopped


def test_a_missing_secret_key(place: Place) -> None:
    (place.folder / "data" / "secret.key").unlink()
    before = contents(place)
    assert_refused(place.run("serve"), "secret.key is missing", "restore the file")
    assert contents(place) == before


def test_a_secret_key_file_with_something_else_in_it(place: Place) -> None:
    (place.folder / "data" / "secret.key").write_bytes(b"\xff\xfe")
    assert_refused(place.run("serve"), "secret.key does not hold a secret key")


def test_a_secret_key_file_that_may_not_be_read(place: Place) -> None:
    (place.folder / "data" / "secret.key").chmod(0)
    assert_refused(place.run("serve"), "secret.key: Permission denied")


def test_a_read_only_data_directory(place: Place, stopped: dict[str, bytes]) -> None:
    folder = place.folder / "data"
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert_refused(place.run("serve"), "data/cordboard.db", "writable")
    finally:
        folder.chmod(0o755)
    assert contents(place) == stopped


def test_a_data_directory_that_cannot_be_made(place: Place) -> None:
    place.folder.chmod(0o555)
    try:
        ran = place.run("serve", "--database", "sqlite:///elsewhere/cordboard.db")
        assert_refused(ran, "cannot make the folder elsewhere", "Permission denied")
    finally:
        place.folder.chmod(0o755)


def test_a_database_that_is_a_folder(place: Place) -> None:
    assert_refused(place.run("serve", "--database", "sqlite:///data"), "cannot open", "data")


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://x/y.db", "cordboard.db", "sqlite:///", "sqlite:///a.db?x=1"]
)
def test_a_database_url_of_an_unknown_kind(place: Place, url: str) -> None:
    ran = place.run("serve", CORDBOARD_DATABASE_URL=url)
    assert_refused(ran, "CORDBOARD_DATABASE_URL must be", "postgresql://")


def test_postgresql_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        url = f"postgresql://u:hunter2@{HOST}:{unused.getsockname()[1]}/cordboard"
        ran = Place(tmp_path).run("serve", CORDBOARD_DATABASE_URL=url)
    assert_refused(ran, "PostgreSQL")
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "CORDBOARD_SECRET_KEY is not set"),
        ("0" * 64, "can be guessed"),
        ("ab" * 32, "can be guessed"),
        ("0123456789abcdef" * 4, "can be guessed"),
        (bytes(range(32)).hex(), "can be guessed"),
        ("12" * 31, "64 hexadecimal digits"),
        ("secret", "64 hexadecimal digits"),
    ],
)
def test_production_refuses_a_weak_or_missing_secret_key(
    tmp_path: Path, key: str, words: str
) -> None:
    ran = Place(tmp_path).run("serve", CORDBOARD_MODE="production", CORDBOARD_SECRET_KEY=key)
    assert_refused(ran, words, "openssl rand -hex 32")
    if key:
        assert key not in ran.err


def test_production_does_not_use_the_key_that_development_has_made(place: Place) -> None:
    ran = place.run("serve", CORDBOARD_MODE="production")
    assert_refused(ran, "CORDBOARD_SECRET_KEY is not set")
    kept = (place.folder / "data" / "secret.key").read_text().strip()
    with place.serve(CORDBOARD_MODE="production", CORDBOARD_SECRET_KEY=kept):
        pass


def test_every_wrong_setting_is_named_before_anything_is_made(tmp_path: Path) -> None:
    ran = Place(tmp_path).run(
        "serve", CORDBOARD_PORT="http", CORDBOARD_MODE="prod", CORDBOARD_LOG_LEVEL="loud"
    )
    assert_refused(ran, "CORDBOARD_PORT is 'http'", "CORDBOARD_MODE is 'prod'", "CORDBOARD_LOG")
    assert not (tmp_path / "data").exists()


def test_a_misspelt_setting_is_refused_and_the_right_name_told(tmp_path: Path) -> None:
    ran = Place(tmp_path).run("serve", CORDBOARD_DATABSE_URL="postgresql://db/cordboard")
    assert_refused(ran, "CORDBOARD_DATABSE_URL", "did you mean CORDBOARD_DATABASE_URL?")
    assert not (tmp_path / "data").exists()


def test_two_servers_on_one_sqlite_file_take_turns(place: Place) -> None:
    pair = place.run("organization", "create", "Acme", "--json").json
    with place.serve() as one, place.serve() as other:
        callers = [one.caller(pair), other.caller(pair)]
        numbers = [f"+1415555{number:04d}" for number in range(200, 240)]
        for index, number in enumerate(numbers):
            callers[index % 2].create(number)
        assert callers[0].listed("sort_by=phone_number&sort_order=ascending") == numbers
        again = callers[1].request(
            "POST", "/api/phone-numbers/create", {"phone_number": numbers[0]}
        )
        assert again.refusal[:2] == (409, "phone_number.exists")
        assert [one.stop(), other.stop()] == [0, 0]
    report = place.run("doctor", "--json").json
    assert report["is_healthy"], report


def test_a_data_folder_that_was_moved_is_found_under_its_new_name(place: Place) -> None:
    shutil.move(place.folder / "data", place.folder / "moved")
    with place.serve("--database", "sqlite:///moved/cordboard.db") as server:
        assert "sk_" not in server.out
