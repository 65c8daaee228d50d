"""What an operator types, on the database directly, whether or not a server runs."""

import json
from pathlib import Path

import pytest

from cordboard import __version__
from cordboard.organizations.model import SCOPES
from cordboard.runtime.db.migrations import all_migrations
from tests.support.caller import NUMBERS
from tests.support.databases import sqlite_copy
from tests.support.ports import free_port
from tests.support.process import Place

SCHEMA = [migration.name for migration in all_migrations()]


@pytest.fixture
def blank(tmp_path: Path, blank_database_url: str) -> Place:
    """Where there is no database yet."""
    return Place(tmp_path, CORDBOARD_DATABASE_URL=blank_database_url)


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    return Place(tmp_path, CORDBOARD_DATABASE_URL=database_url)


def test_organization_create_makes_the_database_and_prints_a_pair_that_works(blank: Place) -> None:
    created = blank.run("organization", "create", " Acme ", "--json").json
    assert list(created) == ["organization_id", "name", "api_key", "api_secret"]
    assert created["name"] == "Acme"
    with blank.serve() as server:
        assert server.caller(created).listed() == []
        assert "sk_" not in server.out


def test_organization_list_shows_all_of_them_oldest_first(place: Place) -> None:
    first = place.run("organization", "create", "First", "--json").json
    second = place.run("organization", "create", "Second", "--json").json
    rows = place.run("organization", "list", "--json").json
    assert [list(row) for row in rows] == [["organization_id", "name", "created_at"]] * 2
    assert [row["organization_id"] for row in rows] == [
        first["organization_id"],
        second["organization_id"],
    ]
    assert [line.split()[1] for line in place.run("organization", "list").lines] == [
        *("name", "First", "Second")
    ]


def test_key_create_gives_the_scopes_asked_for_and_no_more(place: Place) -> None:
    admin = place.run("organization", "create", "Acme", "--json").json
    mine = ("--organization", admin["organization_id"])
    reading = place.run("key", "create", *mine, "--scope", "numbers:read", "--json").json
    assert list(reading) == ["api_key", "api_secret", "organization_id", "scopes"]
    assert reading["scopes"] == ["numbers:read"]
    assert place.run("key", "create", *mine, "--json").json["scopes"] == ["admin"]
    with place.serve() as server:
        caller = server.caller(reading)
        assert caller.listed() == []
        refused = caller.request("POST", f"{NUMBERS}/create", {"phone_number": "+14155550100"})
        assert refused.refusal[:2] == (403, "auth.scope")


def test_key_list_shows_every_pair_and_no_secret(place: Place) -> None:
    admin = place.run("organization", "create", "Acme", "--json").json
    mine = ("--organization", admin["organization_id"])
    named = place.run("key", "create", *mine, "--name", "Cron", "--json").json
    place.run("key", "revoke", admin["api_key"], "--json")
    listed = place.run("key", "list", *mine, "--json")
    assert [(row["api_key"], row["name"], row["status"]) for row in listed.json] == [
        (admin["api_key"], "first", "REVOKED"),
        (named["api_key"], "Cron", "ACTIVE"),
    ]
    for shown in (listed.out, place.run("key", "list", *mine).out):
        assert named["api_key"] in shown
        assert "s3cr3t_" not in shown


def test_a_revoked_pair_opens_nothing_on_a_running_server(place: Place) -> None:
    pair = place.run("organization", "create", "Acme", "--json").json
    with place.serve() as server:
        caller = server.caller(pair)
        assert caller.listed() == []
        assert place.run("key", "revoke", pair["api_key"], "--json").json["status"] == "REVOKED"
        server.wait_until(lambda: caller.request("GET", NUMBERS).status == 401)
    assert place.run("key", "revoke", pair["api_key"]).status == 0


def test_after_a_rotation_both_secrets_work_until_the_grace_ends(place: Place) -> None:
    pair = place.run("organization", "create", "Acme", "--json").json
    rotated = place.run("key", "rotate", pair["api_key"], "--json").json
    assert rotated["api_key"] == pair["api_key"]
    assert rotated["api_secret"] != pair["api_secret"]
    assert rotated["previous_secret_expires_at"].endswith("Z")
    with place.serve() as server:
        assert server.caller(pair).listed() == []
        assert server.caller(rotated).listed() == []
    again = place.run("key", "rotate", pair["api_key"], "--grace", "0", "--json").json
    with place.serve() as server:
        assert server.caller(rotated).request("GET", NUMBERS).refusal[:2] == (401, "auth.invalid")
        assert server.caller(again).listed() == []


def test_the_use_of_a_pair_shows_in_the_list_of_keys(place: Place) -> None:
    pair = place.run("organization", "create", "Acme", "--json").json
    mine = ("key", "list", "--organization", pair["organization_id"], "--json")
    assert place.run(*mine).json[0]["last_used_at"] is None
    with place.serve("--role", "api") as server:
        server.caller(pair).listed()
        assert server.stop() == 0
    assert place.run(*mine).json[0]["last_used_at"] is not None


def test_migrate_makes_the_database_and_asking_twice_is_safe(blank: Place) -> None:
    assert blank.run("migrate", "--json").json == {"applied": SCHEMA}
    assert blank.run("migrate", "--json").json == {"applied": []}
    assert blank.run("organization", "list", "--json").json == []


@pytest.mark.parametrize(
    "command",
    [
        ("organization", "list"),
        ("key", "list", "--organization", "org_1"),
        ("key", "create", "--organization", "org_1"),
        ("key", "revoke", "sk_1"),
        ("key", "rotate", "sk_1"),
        ("serve", "--no-migrate", "--port", "0"),
    ],
    ids=" ".join,
)
def test_a_command_that_may_not_make_the_database_says_how_to(
    blank: Place, command: tuple[str, ...]
) -> None:
    ran = blank.run(*command)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("cordboard: ")
    assert "`cordboard migrate`" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("key", "list", "--organization", "org_1"), 1, "'org_1' does not exist"),
        (("key", "create", "--organization", "org_1"), 1, "'org_1' does not exist"),
        (("key", "revoke", "sk_1"), 1, "no key pair 'sk_1'"),
        (("key", "rotate", "sk_1"), 1, "no key pair 'sk_1'"),
        (("key", "rotate", "sk_1", "--grace", "8d"), 2, "--grace: must be a time from 0 to 7d"),
        (("key", "rotate", "sk_1", "--grace", "soon"), 2, "--grace: must be a time from 0 to 7d"),
        (("key", "create", "--organization", "o", "--scope", "all"), 2, ", ".join(SCOPES)),
        (("key", "create"), 2, "--organization"),
        (("organization", "create", " "), 2, "NAME: must have 1 to 100 characters"),
        (("organization", "create"), 2, "NAME"),
        (("serve", "--port", "65536"), 2, "--port"),
        (("serve", "--role", "boss"), 2, "--role"),
        (("conjure",), 2, "conjure"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_refused_is_said_on_standard_error(
    tmp_path: Path, sqlite_template: Path, command: tuple[str, ...], status: int, words: str
) -> None:
    url = sqlite_copy(sqlite_template, tmp_path)
    ran = Place(tmp_path).run(*command, CORDBOARD_DATABASE_URL=url)
    assert (ran.status, ran.out) == (status, "")
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_the_option_database_goes_before_the_variable(place: Place, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    place.run("organization", "create", "Elsewhere", "--database", other)
    assert place.run("organization", "list", "--json").json == []
    assert len(place.run("organization", "list", "--database", other, "--json").json) == 1


def test_config_shows_values_and_sources_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("ab" * 32)
    ran = Place(tmp_path).run(
        *("config", "--json"),
        CORDBOARD_DATABASE_URL="postgresql://u:hunter2@db/cordboard",
        CORDBOARD_SECRET_KEY_FILE=str(file),
        CORDBOARD_PORT="9000",
    )
    rows = {row["name"]: (row["value"], row["source"]) for row in ran.json}
    assert rows["CORDBOARD_DATABASE_URL"] == ("postgresql://u:***@db/cordboard", "environment")
    assert rows["CORDBOARD_SECRET_KEY"] == ("********", f"file {file}")
    assert rows["CORDBOARD_PORT"] == ("9000", "environment")
    assert rows["CORDBOARD_HOST"] == ("127.0.0.1", "default")
    option = Place(tmp_path).run("config", "--database", "sqlite:///x.db", "--json").json
    assert (option[0]["value"], option[0]["source"]) == ("sqlite:///x.db", "command line")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORDBOARD_SECRET_KEY", "abc"),
        ("CORDBOARD_LIVEKIT_URL", "ws://127.0.0.1:7880"),
    ],
)
def test_config_names_a_value_that_no_server_would_start_with(
    tmp_path: Path, name: str, value: str
) -> None:
    ran = Place(tmp_path).run("config", **{name: value})
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"cordboard: {name}")


def test_a_postgresql_that_is_not_there_is_said_not_to_be_reached(tmp_path: Path) -> None:
    for url in (
        f"postgresql://u@127.0.0.1:{free_port()}/cordboard",
        f"postgresql:///cordboard?host={tmp_path}/none",
    ):
        ran = Place(tmp_path).run("organization", "list", CORDBOARD_DATABASE_URL=url)
        assert ran.status == 1
        assert "PostgreSQL at CORDBOARD_DATABASE_URL cannot be reached: " in ran.err
        assert "Errno" not in ran.err


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert Place(tmp_path).run("--version").lines == [f"cordboard {__version__}"]


def test_a_warning_of_the_environment_leaves_json_on_standard_output_whole(tmp_path: Path) -> None:
    ran = Place(tmp_path).run("config", "--json", CORDBOARD_SERVICE_HOST="10.0.0.1")
    assert json.loads(ran.out)
    assert "CORDBOARD_SERVICE_HOST" in ran.err
