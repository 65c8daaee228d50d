from pathlib import Path

import pytest
import typer

from cordboard.edge.cli.chosen_server import NoServerError, choose_server, server_of_environment
from cordboard.edge.cli.profiles import Profile, keep_profile
from cordboard.edge.client.request import Server

PAIR = Profile("http://localhost:8080", "sk_a", "s3cr3t_a")
ENVIRONMENT = {
    "CORDBOARD_URL": PAIR.url,
    "CORDBOARD_API_KEY": PAIR.api_key,
    "CORDBOARD_API_SECRET": PAIR.api_secret,
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*ENVIRONMENT, "CORDBOARD_API_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def set_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_an_environment_that_names_nothing_leaves_the_choice_to_a_profile() -> None:
    assert server_of_environment({"CORDBOARD_PORT": "8080", "CORDBOARD_URL": ""}) is None


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_an_environment_set_by_half_names_what_is_missing(missing: str) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != missing}
    with pytest.raises(typer.BadParameter, match=f"but not {missing}; set all three"):
        server_of_environment(environment)


def test_the_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t_a\n")
    environment = ENVIRONMENT | {
        "CORDBOARD_API_SECRET": "",
        "CORDBOARD_API_SECRET_FILE": str(tmp_path / "secret"),
    }
    assert server_of_environment(environment) == PAIR


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    environment = ENVIRONMENT | {
        "CORDBOARD_API_SECRET": "",
        "CORDBOARD_API_SECRET_FILE": str(tmp_path / "gone"),
    }
    with pytest.raises(NoServerError, match="gone, which cannot be read: No such file"):
        server_of_environment(environment)


def test_a_secret_and_a_file_for_it_are_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="both set"):
        server_of_environment(ENVIRONMENT | {"CORDBOARD_API_SECRET_FILE": "x"})


def test_the_environment_wins_over_the_profile_that_nobody_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_profile("local", Profile("http://other:1", "sk_b", "s3cr3t_b"))
    set_environment(monkeypatch)
    chosen = choose_server(None)
    assert chosen.server == Server(PAIR.url, PAIR.api_key, PAIR.api_secret)
    assert "the environment" in chosen.source


def test_the_environment_and_a_profile_asked_for_by_name_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_profile("prod", PAIR)
    set_environment(monkeypatch)
    with pytest.raises(typer.BadParameter, match="are set too"):
        choose_server("prod")


def test_a_profile_is_chosen_by_name_and_is_local_otherwise() -> None:
    path = keep_profile("local", PAIR).path
    keep_profile("prod", Profile("https://switchboard.example.com", "sk_p", "s3cr3t_p"))
    assert choose_server(None).server.api_key == "sk_a"
    chosen = choose_server("prod")
    assert (chosen.server.api_key, chosen.source) == ("sk_p", f"profile 'prod' in {path}")


def test_an_unknown_profile_is_wrong_usage_and_the_known_ones_are_named() -> None:
    keep_profile("prod", PAIR)
    with pytest.raises(typer.BadParameter, match=r"no profile 'prdo' .* \(there: prod\)"):
        choose_server("prdo")


def test_without_anything_set_up_it_is_said_how_to_begin() -> None:
    with pytest.raises(NoServerError, match="make serve, or cordboard serve"):
        choose_server(None)


def test_a_profile_that_cannot_be_used_is_named() -> None:
    keep_profile("local", Profile("localhost:8080", "sk_a", "s3cr3t_a"))
    with pytest.raises(NoServerError, match=r"profile 'local' in .*'localhost:8080' is not an"):
        choose_server(None)
