"""The installation's master key, and the keys derived from it.

Derivation is HKDF-SHA256 (RFC 5869) with one ``info`` per purpose. The database keeps a check
value, never the key: a missing or different key is a refusal to start, because a silently new
pepper would lock every key pair out.
"""

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cordboard.runtime.db import Database, ReadTx, WriteTx
from cordboard.runtime.errors import StartError

KEY_PATTERN = re.compile(r"[0-9a-fA-F]{64}")
CHECK_NAME = "secret_key_check"
KEY_FILE = "secret.key"
OWNERS_FOLDER = 0o700

FEWEST_DISTINCT_BYTES = 16
"""32 random bytes hold fewer than this many different ones in one of 10¹³ keys."""


class SecretKey:
    """32 bytes that are never written to the database or a log."""

    def __init__(self, hexadecimal: str) -> None:
        """Take the key as 64 hexadecimal digits.

        Raises:
            StartError: It has another form.
        """
        if not KEY_PATTERN.fullmatch(hexadecimal.strip()):
            message = (
                "CORDBOARD_SECRET_KEY must be 32 bytes as 64 hexadecimal digits; "
                "make one with `openssl rand -hex 32`"
            )
            raise StartError(message)
        self._key = bytes.fromhex(hexadecimal.strip())

    def __repr__(self) -> str:
        """Show that it is a secret, and nothing of it."""
        return "SecretKey(***)"

    @property
    def is_weak(self) -> bool:
        """Whether a person made it up: few different bytes, or steps of one size."""
        steps = {(after - before) % 256 for before, after in pairwise(self._key)}
        return len(set(self._key)) < FEWEST_DISTINCT_BYTES or len(steps) == 1

    def derived(self, purpose: str) -> bytes:
        """Return the 32-byte key for one purpose, the same each time."""
        return HKDF(SHA256(), 32, salt=None, info=f"cordboard/{purpose}".encode()).derive(self._key)

    def check_value(self) -> str:
        """Return what the database keeps to recognise the key by."""
        return hmac.new(self.derived("check"), b"check", hashlib.sha256).hexdigest()


async def find_check_value(tx: ReadTx) -> str | None:
    """Return the check value that the database was made with, or None for a new one."""
    row = await tx.fetch_one("SELECT value FROM installation WHERE name = $1", CHECK_NAME)
    return None if row is None else row[0]


async def insert_check_value(tx: WriteTx, value: str) -> str:
    """Store the check value unless one is there; return the one that counts."""
    await tx.execute(
        "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        CHECK_NAME,
        value,
    )
    return await find_check_value(tx) or value


def key_file(database_path: Path | None) -> Path:
    """Return where a development installation keeps a key: beside the SQLite file, or in data/."""
    folder = Path("data") if database_path is None else database_path.parent
    return folder / KEY_FILE


async def open_secret_key(db: Database, configured: str | None, file: Path | None) -> SecretKey:
    """Return the key this database belongs to; make one where that is allowed and none exists.

    Args:
        db: The database; it learns the check value the first time.
        configured: The value of ``CORDBOARD_SECRET_KEY``, or None.
        file: Where a development installation keeps a key of its own. None, as in production
            mode, allows no such file, and no weak key either.

    Raises:
        StartError: The key is missing, malformed, weak, or another one than the database knows.
    """
    known = await db.read(find_check_value)
    key = configured_or_kept(configured, file, may_make=known is None)
    if known is None:
        known = await db.write(insert_check_value, key.check_value())
    if not hmac.compare_digest(known, key.check_value()):
        message = (
            "the secret key is not the one this database was made with; set CORDBOARD_SECRET_KEY "
            f"(or restore {file or 'the key'}) to the original, else no key pair can be checked"
        )
        raise StartError(message)
    return key


def configured_or_kept(configured: str | None, file: Path | None, *, may_make: bool) -> SecretKey:
    """Return the configured key, else the one in the file; make that one if it may be made.

    Raises:
        StartError: The key is missing, malformed, or weak where no file is allowed.
    """
    if configured is not None:
        key = SecretKey(configured)
        if file is None and key.is_weak:
            message = (
                "CORDBOARD_SECRET_KEY can be guessed; make one with `openssl rand -hex 32` "
                "(a database that was made with another key keeps to that one)"
            )
            raise StartError(message)
        return key
    if file is None:
        message = (
            "CORDBOARD_SECRET_KEY is not set; make one with `openssl rand -hex 32` and keep it"
        )
        raise StartError(message)
    return kept_key(file, may_make=may_make)


def kept_key(file: Path, *, may_make: bool) -> SecretKey:
    """Return the key in a file, made now if it is not there and that is allowed.

    Raises:
        StartError: It is missing, cannot be read or made, or is malformed.
    """
    try:
        if may_make and not file.exists():
            _make(file)
        return SecretKey(file.read_text("ascii"))
    except FileNotFoundError as error:
        message = (
            f"{file} is missing, and the database was made with a secret key; restore the file "
            "or set CORDBOARD_SECRET_KEY to the original"
        )
        raise StartError(message) from error
    except OSError as error:
        message = f"cannot use the secret key in {file}: {error.strerror}"
        raise StartError(message) from error
    except (UnicodeDecodeError, StartError) as error:
        message = (
            f"{file} does not hold a secret key (64 hexadecimal digits); restore the file or set "
            "CORDBOARD_SECRET_KEY to the original"
        )
        raise StartError(message) from error


def _make(file: Path) -> None:
    """Write a new key, readable by its owner only; whoever comes second uses the first one's.

    A folder that is made for it is its owner's only too. The file appears complete or not at all,
    so that no other process can read half a key.
    """
    file.parent.mkdir(OWNERS_FOLDER, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            file.hardlink_to(temporary)
    finally:
        temporary.unlink()
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    """Put a new name on disk before the database does the same with the key's check value."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
