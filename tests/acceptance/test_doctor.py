"""``cordboard doctor`` says in words what is wrong and what to do."""

import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.support.process import SECRET_KEY, Place
from tests.support.shell import Ran


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    place = Place(tmp_path, CORDBOARD_DATABASE_URL=database_url)
    place.run("organization", "create", "Acme")
    return place


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.run("organization", "create", "Acme")
    return place


def findings(ran: Ran) -> dict[str, tuple[str, str]]:
    """The findings of a doctor who found something broken: check → level and text."""
    assert ran.status == 1, ran
    return by_check(ran)


def by_check(ran: Ran) -> dict[str, tuple[str, str]]:
    report: dict[str, Any] = json.loads(ran.out)
    assert report["is_healthy"] == (ran.status == 0)
    return {row["check"]: (row["level"], row["text"]) for row in report["findings"]}


def test_a_sound_installation_has_nothing_broken(place: Place) -> None:
    ran = place.run("doctor", "--json")
    assert ran.status == 0
    assert {level for level, _ in by_check(ran).values()} == {"ok"}
    assert {"settings", "clock", "database", "durability", "writing", "secret key"} <= set(
        by_check(ran)
    )
    shown = place.run("doctor")
    assert (shown.status, shown.lines[-1]) == (0, "Nothing is broken.")


def test_it_says_how_far_organizations_trust_each_other(place: Place) -> None:
    level, text = by_check(place.run("doctor", "--json"))["tenancy"]
    assert level == "ok"
    assert text.startswith("trusted: organizations share calls to unknown numbers")
    refused = place.run("doctor", "--json", CORDBOARD_TENANCY="isolated")
    level, text = findings(refused)["settings"]
    assert level == "broken"
    assert text.startswith("CORDBOARD_TENANCY is 'isolated': this version does not keep")


def test_a_server_does_not_start_with_a_promise_it_cannot_keep(place: Place) -> None:
    ran = place.run("serve", CORDBOARD_TENANCY="isolated")
    assert ran.status == 1
    assert "CORDBOARD_TENANCY is 'isolated'" in ran.err


def test_it_works_beside_a_running_server(place: Place) -> None:
    with place.serve():
        assert place.run("doctor").status == 0


def test_a_database_that_is_away_is_broken_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    url = "postgresql://u:hunter2@127.0.0.1:1/cordboard"
    ran = Place(tmp_path).run("doctor", "--json", "--database", url, CORDBOARD_SECRET_KEY="short")
    found = findings(ran)
    assert found["database"][0] == "broken"
    assert found["clock"][0] == "ok"
    assert found["secret key"][0] == "broken"
    assert "hunter2" not in ran.out + ran.err


def test_a_database_that_is_not_there_is_broken_and_is_not_made(tmp_path: Path) -> None:
    level, text = findings(Place(tmp_path).run("doctor", "--json"))["database"]
    assert level == "broken"
    assert "`cordboard migrate` makes one" in text
    assert not (tmp_path / "data").exists()


def test_another_secret_key_is_broken(place: Place) -> None:
    level, text = findings(place.run("doctor", "--json", CORDBOARD_SECRET_KEY=SECRET_KEY))[
        "secret key"
    ]
    assert level == "broken"
    assert "not the one this database was made with" in text


def test_wrong_settings_are_broken(tmp_path: Path) -> None:
    assert findings(Place(tmp_path).run("doctor", "--json", CORDBOARD_MODE="prod"))["settings"] == (
        "broken",
        "CORDBOARD_MODE is 'prod': must be 'development' or 'production'",
    )


def test_a_time_that_is_yet_to_come_is_broken(on_sqlite: Place) -> None:
    change(on_sqlite, "UPDATE organization SET created_ms = created_ms + 86400000")
    level, text = findings(on_sqlite.run("doctor", "--json"))["clock"]
    assert level == "broken"
    assert "yet to come" in text


def test_a_damaged_file_is_broken(on_sqlite: Place) -> None:
    file = on_sqlite.folder / "data" / "cordboard.db"
    change(on_sqlite, "PRAGMA wal_checkpoint(TRUNCATE)")
    (page,) = change(
        on_sqlite, "SELECT rootpage FROM sqlite_schema WHERE name = 'api_key_by_organization'"
    )
    with file.open("r+b") as stream:
        stream.seek((page - 1) * 4096)
        stream.write(b"\xff" * 4096)
    level, text = findings(on_sqlite.run("doctor", "--json"))["integrity"]
    assert level == "broken"
    assert "restore a backup" in text


def test_a_key_file_that_others_may_read_is_a_warning(on_sqlite: Place) -> None:
    (on_sqlite.folder / "data" / "secret.key").chmod(0o644)
    ran = on_sqlite.run("doctor", "--json")
    assert ran.status == 0
    assert "chmod 600" in by_check(ran)["secret key"][1]


def change(place: Place, sql: str) -> tuple[int, ...]:
    """Run a statement on the database file; return the first row, if there is one."""
    connection = apsw.Connection(str(place.folder / "data" / "cordboard.db"))
    try:
        return connection.execute(sql).fetchone() or ()
    finally:
        connection.close()
