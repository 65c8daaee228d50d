"""Numbered schema changes, applied in order, all or nothing, never edited afterwards.

The files are portable SQL under ``migrations/``: a comment has a line of its own, and ``;`` stands
at the end of a statement and nowhere else. The database remembers a checksum of each, so an edited
file or a schema newer than the code is a refusal to start, not a surprise later.
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
APPLIED = "SELECT number, checksum FROM schema_migration"
NOTE = "INSERT INTO schema_migration (number, name, checksum, applied_ms) VALUES ($1, $2, $3, $4)"


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
    return [parsed(file.name, file.read_text("utf-8")) for file in files]


def parsed(name: str, text: str) -> Migration:
    """Return the migration in a file named ``NNNN_what_it_does.sql``."""
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
    for number, checksum in sorted(applied.items()):
        if number not in known:
            message = (
                f"the database has schema version {max(applied)}, newer than this version of "
                f"Cordboard knows ({max(known)}); start the newer version"
            )
            raise StartError(message)
        if known[number].checksum != checksum:
            message = f"migration {known[number].name} differs from the one that was applied"
            raise StartError(message)
    return [migration for number, migration in sorted(known.items()) if number not in applied]


def check_applied(todo: list[Migration], *, apply: bool) -> None:
    """Refuse to go on with a schema that is behind, where it may not be brought up to date.

    Raises:
        StartError: Migrations are pending, and ``apply`` is false.
    """
    if todo and not apply:
        message = f"{len(todo)} migrations are pending; run `cordboard migrate` first"
        raise StartError(message)
