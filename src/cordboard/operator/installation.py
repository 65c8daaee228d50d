"""The installation that a command works on: its database, opened and closed, and its secret key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from cordboard.organizations.model import Pepper
from cordboard.runtime.db import Database, open_database
from cordboard.runtime.db.opening import sqlite_path
from cordboard.runtime.secret_key import SecretKey, key_file, open_secret_key
from cordboard.runtime.settings import Settings

CLOSING_S = 1
"""A connection to a database that is away may never close; the process ends all the same."""


@asynccontextmanager
async def opened_database(
    settings: Settings, *, create: bool = False, migrate: bool = False
) -> AsyncIterator[Database]:
    """Open the database of the settings for the time of a block.

    Args:
        settings: Where it is.
        create: Make one that is not there.
        migrate: Bring its schema up to date; without it, an older schema is a refusal.

    Raises:
        StartError: It is not there, cannot be used, or has a schema of another version.
    """
    url = settings.database_url.get_secret_value()
    db = await open_database(url, create=create, migrate=migrate)
    try:
        yield db
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await db.close()


async def secret_key_of(db: Database, settings: Settings) -> SecretKey:
    """Return the key that the database belongs to; in development one is made for a new database.

    Raises:
        StartError: The key is missing, malformed, weak in production, or another one.
    """
    return await open_secret_key(db, configured_key(settings), kept_key_file(settings))


def configured_key(settings: Settings) -> str | None:
    """Return the key that the settings hold, as it was typed."""
    return None if settings.secret_key is None else settings.secret_key.get_secret_value()


def kept_key_file(settings: Settings) -> Path | None:
    """Return where a key of the installation's own is kept; None in production, which has none."""
    if settings.is_production:
        return None
    return key_file(sqlite_path(settings.database_url.get_secret_value()))


def pepper_of(secret: SecretKey) -> Pepper:
    """Return what API secrets are hashed under."""
    return Pepper(secret.derived("api-secret-pepper"))
