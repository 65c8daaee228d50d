import secrets
import stat
import threading
from pathlib import Path

import pytest

from cordboard.runtime.errors import StartError
from cordboard.runtime.secret_key import SecretKey, kept_key, key_file


@pytest.mark.parametrize(
    "key",
    [
        "00" * 32,
        "ff" * 32,
        "a1b2" * 16,
        "0123456789abcdef" * 4,
        bytes(range(32)).hex(),
        bytes(range(255, 223, -1)).hex(),
        bytes(range(0, 256, 8)).hex(),
    ],
)
def test_a_key_that_a_person_made_up_is_weak(key: str) -> None:
    assert SecretKey(key).is_weak


def test_a_random_key_is_not_weak() -> None:
    assert not any(SecretKey(secrets.token_hex(32)).is_weak for _ in range(1000))


def test_a_key_does_not_show_itself() -> None:
    assert "ab" not in f"{SecretKey('ab' * 32)!r}{SecretKey('ab' * 32)}"


def test_each_purpose_has_a_key_of_its_own_always_the_same() -> None:
    key = SecretKey("ab" * 32)
    assert key.derived("pepper") == key.derived("pepper")
    assert key.derived("pepper") != key.derived("credentials")
    assert key.derived("pepper") != SecretKey("ac" * 32).derived("pepper")


def test_a_key_that_is_made_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = key_file(tmp_path / "data" / "cordboard.db")
    made = kept_key(file, may_make=True)
    assert file == tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert kept_key(file, may_make=False).check_value() == made.check_value()
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]


def test_many_who_make_it_at_once_get_one_key(tmp_path: Path) -> None:
    made: list[str] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        made.append(kept_key(tmp_path / "secret.key", may_make=True).check_value())

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_a_missing_key_that_may_not_be_made_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"secret\.key is missing"):
        kept_key(tmp_path / "secret.key", may_make=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"zz" * 32, b"\xff" * 64, b"ab" * 33])
def test_a_file_that_holds_no_key_is_a_refusal_and_stays(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret.key"
    file.write_bytes(content)
    with pytest.raises(StartError, match="does not hold a secret key"):
        kept_key(file, may_make=True)
    assert file.read_bytes() == content
