import json
import stat
import threading
from pathlib import Path

import pytest

from cordboard.edge.cli.profiles import (
    Kept,
    Profile,
    ProfileFileError,
    keep_profile,
    profiles_path,
    read_profiles,
)

HOME = Profile("http://localhost:8080", "sk_home", "s3cr3t_home")
OFFICE = Profile("https://office.example", "sk_office", "s3cr3t_office")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "cordboard" / "profiles.json"


def test_without_a_file_there_are_no_profiles_and_none_is_made(file: Path) -> None:
    assert read_profiles() == {}
    assert not file.parent.exists()


def test_what_is_written_is_read_again(file: Path) -> None:
    assert keep_profile("local", HOME) == Kept(file, None)
    keep_profile("office", OFFICE)
    assert read_profiles() == {"local": HOME, "office": OFFICE}


def test_the_file_is_for_its_owner_only_also_if_it_was_not_before(file: Path) -> None:
    keep_profile("local", HOME)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)
    keep_profile("office", OFFICE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_one_that_had_the_name_before_gets_another_with_all_its_fields(file: Path) -> None:
    file.parent.mkdir(parents=True)
    other = {"url": "u", "api_key": "k", "api_secret": "s", "colour": "red"}
    file.write_text(json.dumps({"local": other, "newer": other}))
    assert keep_profile("local", HOME).earlier == "local-1"
    assert keep_profile("local", OFFICE).earlier == "local-2"
    profiles = read_profiles()
    assert (profiles["local"], profiles["local-2"]) == (OFFICE, HOME)
    kept = json.loads(file.read_text())
    assert kept["local-1"] == kept["newer"] == other


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"local": 1}', "\x00", '{"local": ' + "[" * 10_000]
)
def test_a_file_of_another_form_is_refused_and_stays(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(ProfileFileError, match="mend it or move it away"):
        read_profiles()
    if content != '{"local": 1}':
        with pytest.raises(ProfileFileError, match="mend it or move it away"):
            keep_profile("local", HOME)
        assert file.read_text() == content


def test_many_who_write_at_once_lose_none() -> None:
    names = [f"profile_{number}" for number in range(20)]
    threads = [threading.Thread(target=keep_profile, args=(name, HOME)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_profiles()) == set(names)


def test_a_folder_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    with pytest.raises(ProfileFileError, match=r"cannot write /proc/nowhere/cordboard/profiles"):
        keep_profile("local", HOME)


def test_a_relative_config_folder_is_ignored_as_the_specification_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert profiles_path() == tmp_path / ".config" / "cordboard" / "profiles.json"


def test_a_profile_does_not_show_its_secret() -> None:
    assert "s3cr3t_home" not in f"{HOME!r} {HOME}"
