from pathlib import Path

import pytest

from cordboard.runtime.errors import StartError
from cordboard.runtime.settings import Settings, is_secret, load_settings, variable
from cordboard.runtime.settings_reference import settings_reference

SECRETS = [field for field, info in Settings.model_fields.items() if is_secret(info)]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        for name in (variable(field), f"{variable(field)}_FILE"):
            monkeypatch.delenv(name, raising=False)


def test_defaults_are_those_of_a_laptop() -> None:
    configuration = load_settings()
    settings = configuration.settings
    assert settings.database_url.get_secret_value() == "sqlite:///data/cordboard.db"
    assert (settings.host, settings.port, settings.mode) == ("127.0.0.1", 8080, "development")
    assert settings.secret_key is None
    assert set(configuration.sources.values()) == {"default"}


def test_an_option_goes_before_a_variable_and_that_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CORDBOARD_PORT", "9000")
    monkeypatch.setenv("CORDBOARD_HOST", "::")
    configuration = load_settings(port=9001, host=None)
    assert (configuration.settings.port, configuration.settings.host) == (9001, "::")
    assert configuration.sources["port"] == "command line"
    assert configuration.sources["host"] == "environment"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_PORT", "")
    monkeypatch.setenv("CORDBOARD_SECRET_KEY", "")
    configuration = load_settings()
    assert (configuration.settings.port, configuration.settings.secret_key) == (8080, None)
    assert configuration.sources["port"] == "default"


def test_the_secrets_are_the_key_and_the_url_that_holds_a_password() -> None:
    assert {"database_url", "secret_key"} <= set(SECRETS)
    assert not {"host", "mode", "log_level"} & set(SECRETS)


@pytest.mark.parametrize("field", SECRETS)
def test_a_secret_may_come_from_a_file(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("  sqlite:///of a file.db\n")
    monkeypatch.setenv(f"{variable(field)}_FILE", str(file))
    configuration = load_settings()
    value = getattr(configuration.settings, field)
    assert value.get_secret_value() == "sqlite:///of a file.db"
    assert configuration.sources[field] == f"file {file}"


@pytest.mark.parametrize("field", SECRETS)
def test_a_secret_and_its_file_together_are_refused(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("one")
    monkeypatch.setenv(variable(field), "two")
    monkeypatch.setenv(f"{variable(field)}_FILE", str(file))
    with pytest.raises(StartError, match="are both set; unset one of them"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file"), (b" \n", "is empty"), (b"\xff", "not UTF-8")],
)
def test_a_file_without_a_secret_is_refused(
    content: bytes | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("CORDBOARD_SECRET_KEY_FILE", str(file))
    with pytest.raises(StartError) as refused:
        load_settings()
    assert "CORDBOARD_SECRET_KEY_FILE names" in str(refused.value)
    assert words in str(refused.value)


def test_everything_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_PORT", "70000")
    monkeypatch.setenv("CORDBOARD_MODE", "staging")
    with pytest.raises(StartError) as refused:
        load_settings()
    assert str(refused.value).splitlines() == [
        "CORDBOARD_PORT is '70000': must be less than or equal to 65535",
        "CORDBOARD_MODE is 'staging': must be 'development' or 'production'",
    ]


def test_what_kubernetes_sets_for_a_service_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_PORT", "tcp://10.0.0.1:8080")
    with pytest.raises(StartError, match="enableServiceLinks: false"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CORDBOARD_DATABASE", "CORDBOARD_DATABASE_URL"),
        ("CORDBOARD_DATABASE_UR", "CORDBOARD_DATABASE_URL"),
        ("CORDBOARD_SECRETKEY", "CORDBOARD_SECRET_KEY"),
        ("CORDBOARD_SECRET_KEYFILE", "CORDBOARD_SECRET_KEY_FILE"),
        ("CORDBOARD_LOGLEVEL", "CORDBOARD_LOG_LEVEL"),
    ],
)
def test_a_misspelling_is_refused(name: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(StartError, match=f"{name} is not a setting; did you mean {meant}\\?"):
        load_settings()


@pytest.mark.parametrize("name", ["CORDBOARD_SERVICE_HOST", "CORDBOARD_PORT_8080_TCP_ADDR"])
def test_an_unknown_variable_is_a_warning_that_names_the_nearest(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    (warning,) = load_settings().warnings
    assert warning.startswith(f"{name} is not a setting of this version and has no effect")
    assert "the nearest is CORDBOARD_" in warning


def test_what_commands_for_users_read_is_no_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "API_KEY", "API_SECRET", "API_SECRET_FILE"):
        monkeypatch.setenv(f"CORDBOARD_{name}", "x")
    assert load_settings().warnings == []


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_DATABASE_URL", "postgresql://u:hunter2@h/d?sslpassword=hunter3")
    monkeypatch.setenv("CORDBOARD_SECRET_KEY", "c0ffee" * 10)
    configuration = load_settings()
    shown = f"{list(configuration.shown())} {configuration} {configuration.settings!r}"
    for secret in ("hunter2", "hunter3", "c0ffee"):
        assert secret not in shown
    assert "postgresql://u:***@h/d" in shown


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, info in Settings.model_fields.items() if not info.description] == []


def test_the_reference_names_every_setting_its_default_and_its_file() -> None:
    sections = {part.split("`", 1)[0]: part for part in settings_reference().split("\n## `")[1:]}
    assert list(sections) == [variable(field) for field in Settings.model_fields]
    for field, info in Settings.model_fields.items():
        section = sections[variable(field)]
        assert "- Default: " in section
        assert (f"`{variable(field)}_FILE`" in section) is is_secret(info)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://cordboard.example.com", "https://cordboard.example.com"),
        ("https://example.com:8443/cordboard/", "https://example.com:8443/cordboard"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
    ],
)
def test_the_public_url_is_one_to_which_paths_can_be_added(
    text: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORDBOARD_PUBLIC_URL", text)
    assert load_settings().settings.public_url == value


@pytest.mark.parametrize(
    "text", ["cordboard.example.com", "ftp://a", "https://u:p@a", "https://a/?b", "https://"]
)
def test_what_is_no_public_url_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_PUBLIC_URL", text)
    with pytest.raises(StartError, match=r"CORDBOARD_PUBLIC_URL .*must be an http or https URL"):
        load_settings()


@pytest.mark.parametrize(
    "url",
    [
        "https://livekit.example.com",
        "wss://livekit.example.com/",
        "ws://[::1]:7880",
        "http://lk:1/a",
    ],
)
def test_livekit_answers_at_a_url_of_http_or_of_a_websocket(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORDBOARD_LIVEKIT_URL", url)
    assert load_settings().settings.livekit_url == url


@pytest.mark.parametrize(
    "text", ["livekit", "livekit.example.com:7880", "ftp://a", "https://", " ", "https://u:p@a"]
)
def test_where_no_livekit_can_answer_is_refused_at_the_start(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORDBOARD_LIVEKIT_URL", text)
    with pytest.raises(StartError, match=r"CORDBOARD_LIVEKIT_URL .*must be an http, https, ws or"):
        load_settings()


def test_credentials_in_a_refused_url_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_LIVEKIT_URL", "https://user:p@ssword@livekit.example.com")
    with pytest.raises(StartError) as refused:
        load_settings()
    assert "'https://***@livekit.example.com'" in str(refused.value)


def test_organizations_trust_each_other_unless_something_else_is_asked_for() -> None:
    assert load_settings().settings.tenancy == "trusted"


def test_isolation_is_refused_while_its_walls_do_not_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_TENANCY", "isolated")
    with pytest.raises(StartError) as refused:
        load_settings()
    text = str(refused.value)
    assert text.startswith("CORDBOARD_TENANCY is 'isolated': this version does not keep")
    assert "set it to 'trusted', or run one installation with a LiveKit of its own" in text
