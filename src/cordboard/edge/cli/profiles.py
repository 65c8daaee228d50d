"""Named servers with their key pairs, in a file that only its owner can read.

The file is ``profiles.json`` in ``$XDG_CONFIG_HOME/cordboard/``, or ``~/.config/cordboard/`` (XDG
Base Directory Specification 0.8): ``{"local": {"url": …, "api_key": …, "api_secret": …}}``.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec

FILE_NAME = "profiles.json"


class ProfileFileError(Exception):
    """The profiles cannot be read or written; the text says which file, why, and what to do."""


class Profile(msgspec.Struct, frozen=True):
    """A server and the key pair with which to speak to it.

    Attributes:
        url: The server's base URL, such as ``http://localhost:8080``.
        api_key: The public half, ``sk_…``.
        api_secret: The secret half, ``s3cr3t_…``.
    """

    url: str
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        """Show which pair it is, and nothing of the secret."""
        return f"Profile(url={self.url!r}, api_key={self.api_key!r}, api_secret=***)"


def profiles_path() -> Path:
    """Return where this user's profiles are, whether or not the file is there.

    Raises:
        ProfileFileError: The user has no home directory.
    """
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    except RuntimeError as error:
        message = "there is no home directory; set HOME or XDG_CONFIG_HOME"
        raise ProfileFileError(message) from error
    return folder / "cordboard" / FILE_NAME


def read_profiles() -> dict[str, Profile]:
    """Return all profiles by name; none when there is no file.

    Raises:
        ProfileFileError: The file cannot be read or has another form.
    """
    path = profiles_path()
    try:
        return msgspec.convert(_entries(path), dict[str, Profile])
    except msgspec.ValidationError as error:
        raise ProfileFileError(_malformed(path, error)) from error


class Kept(msgspec.Struct, frozen=True):
    """Where a profile was kept, and what the one of its name before is called now, if any was."""

    path: Path
    earlier: str | None


def keep_profile(name: str, profile: Profile) -> Kept:
    """Add a profile. One that had the name before gets another: it may hold the only secret.

    The others stay as they are. The file is replaced in one step and has mode 0600; two processes
    that write take turns.

    Raises:
        ProfileFileError: The file cannot be written, or holds something that would be lost.
    """
    path = profiles_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _turn(path.parent):
            entries = _entries(path)
            earlier = _free_name(name, entries) if name in entries else None
            if earlier is not None:
                entries[earlier] = entries[name]
            entries[name] = profile
            _replace(path, msgspec.json.format(msgspec.json.encode(entries), indent=2))
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise ProfileFileError(message) from error
    return Kept(path, earlier)


def _free_name(name: str, entries: dict[str, object]) -> str:
    return next(free for number in count(1) if (free := f"{name}-{number}") not in entries)


def _entries(path: Path) -> dict[str, object]:
    """Return what the file holds, fields of other versions included."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except FileNotFoundError:
        return {}
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise ProfileFileError(message) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileFileError(_malformed(path, error)) from error


def _malformed(path: Path, error: Exception) -> str:
    return f"{path} does not hold profiles ({error}); mend it or move it away"


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that no writer works on an older state than another's."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Put a new file (mode 0600, as mkstemp makes it) in the place of the old one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
