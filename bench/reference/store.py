"""The reference's queries, in the two styles that SQLAlchemy 2 offers.

`CoreStore` is the faster one. `UnitOfWorkStore` is how most applications are written.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import bindparam, func, insert, select

from bench.reference.database import Database
from bench.reference.tables import Base, KeyPair, Number

Fields = Mapping[Any, Any]

_KEYS = Base.metadata.tables["key_pair"]
_NUMBERS = Base.metadata.tables["number"]
_INSERT = insert(_NUMBERS)
_FIND_KEY = select(*_KEYS.c).where(_KEYS.c.api_key == bindparam("key"))
_FIND_NUMBER = select(*_NUMBERS.c).where(
    _NUMBERS.c.phone_number == bindparam("number"),
    _NUMBERS.c.organization_id == bindparam("organization"),
)
SORTS = {
    "updated_at": _NUMBERS.c.updated_at_ms,
    "created_at": _NUMBERS.c.created_at_ms,
    "phone_number": _NUMBERS.c.phone_number,
    "nickname": _NUMBERS.c.nickname,
    "area_code": _NUMBERS.c.area_code,
}


class Store(Protocol):
    """What the routes ask of the database."""

    async def find_key(self, api_key: str) -> Fields | None:
        """Return a key pair's row by its id."""
        ...

    async def insert_number(self, fields: dict[str, Any]) -> None:
        """Store a number durably; an `IntegrityError` says that it is there."""
        ...

    async def find_number(self, organization_id: str, phone_number: str) -> Fields | None:
        """Return a number's row."""
        ...

    async def list_numbers(
        self, organization_id: str, sort_by: str, page: int, limit: int
    ) -> tuple[list[Fields], int]:
        """Return a page, last first, and the exact total."""
        ...


class CoreStore:
    """Statements built once, each run on an autocommitting connection: one trip per request."""

    def __init__(self, database: Database) -> None:
        """Query `database`."""
        self._database = database

    async def find_key(self, api_key: str) -> Fields | None:
        """Return a key pair's row by its id."""
        async with self._database.reads.connect() as connection:
            return (await connection.execute(_FIND_KEY, {"key": api_key})).mappings().first()

    async def insert_number(self, fields: dict[str, Any]) -> None:
        """Store a number; the statement is its own transaction, on disk when it returns."""
        async with self._database.writes.connect() as connection:
            await connection.execute(_INSERT, fields)

    async def find_number(self, organization_id: str, phone_number: str) -> Fields | None:
        """Return a number's row."""
        values = {"number": phone_number, "organization": organization_id}
        async with self._database.reads.connect() as connection:
            return (await connection.execute(_FIND_NUMBER, values)).mappings().first()

    async def list_numbers(
        self, organization_id: str, sort_by: str, page: int, limit: int
    ) -> tuple[list[Fields], int]:
        """Return a page, last first, and the exact total, which is counted."""
        column = SORTS[sort_by]
        is_ours = _NUMBERS.c.organization_id == organization_id
        rows = select(*_NUMBERS.c).where(is_ours).order_by(column.desc(), _NUMBERS.c.phone_number)
        async with self._database.reads.connect() as connection:
            total = await connection.scalar(select(func.count()).where(is_ours))
            found = await connection.execute(rows.limit(limit).offset(page * limit))
            return list(found.mappings()), total or 0


class UnitOfWorkStore(CoreStore):
    """Mapped objects and a session for each request; a commit ends it."""

    async def find_key(self, api_key: str) -> Fields | None:
        """Return a key pair's row by its id."""
        async with self._database.reading_sessions() as session:
            found = await session.get(KeyPair, api_key)
        return None if found is None else vars(found)

    async def insert_number(self, fields: dict[str, Any]) -> None:
        """Store a number; the session flushes it and commits."""
        async with self._database.sessions() as session:
            session.add(Number(**fields))
            await session.commit()

    async def find_number(self, organization_id: str, phone_number: str) -> Fields | None:
        """Return a number's row."""
        query = select(Number).where(
            Number.phone_number == phone_number, Number.organization_id == organization_id
        )
        async with self._database.reading_sessions() as session:
            found = await session.scalar(query)
        return None if found is None else vars(found)
