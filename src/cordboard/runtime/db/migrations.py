"""Numbered schema changes, applied in order, each in one transaction, never edited afterwards.

The files are portable SQL under ``migrations/``; the database remembers a checksum of each, so an
edited file or a schema newer than the code is a refusal to start, not a surprise later.
"""

import hashlib
from importlib import resources

import msgspec

from cordboard.runtime.errors import StartError

TABLE = """CREATE TABLE IF NOT EXISTS schema_migration (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_ms BIGINT NOT NULL
)"""


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema: its number, file name, statements and checksum."""

    number: int
    name: str
    statements: tuple[str, ...]
    checksum: str


def all_migrations() -> list[Migration]:
    """Return every migration that this version of the code knows, in order."""
    folder = resources.files("cordboard.runtime.db") / "migrations"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return [_parsed(file.name, file.read_text("utf-8")) for file in files]


def _parsed(name: str, text: str) -> Migration:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    statements = [part.strip() for part in "\n".join(lines).split(";")]
    return Migration(
        number=int(name.split("_", 1)[0]),
        name=name,
        statements=tuple(part for part in statements if part),
        checksum=hashlib.sha256(text.encode()).hexdigest(),
    )


def pending(applied: dict[int, str]) -> list[Migration]:
    """Return the migrations still to be applied, given number → checksum of the applied ones.

    Raises:
        StartError: The database is newer than the code, or a migration was edited.
    """
    known = {migration.number: migration for migration in all_migrations()}
    for number, checksum in applied.items():
        if number not in known:
            message = (
                f"the database has schema version {number}, newer than this version of Cordboard "
                f"knows ({max(known)}); start the newer version"
            )
            raise StartError(message)
        if known[number].checksum != checksum:
            message = f"migration {known[number].name} differs from the one that was applied"
            raise StartError(message)
    return [migration for number, migration in sorted(known.items()) if number not in applied]
