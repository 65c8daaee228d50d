"""The database seam: one way to read and to write, on SQLite and on PostgreSQL.

    number = await db.write(create_number, actor, request)
    number = await db.read(get_number, actor.organization_id, phone_number)

No module outside this package knows which database it runs on.
"""

from cordboard.runtime.db.opening import open_database
from cordboard.runtime.db.seam import (
    Database,
    ReadTx,
    Row,
    Statement,
    UniqueViolationError,
    WriteTx,
)

__all__ = [
    "Database",
    "ReadTx",
    "Row",
    "Statement",
    "UniqueViolationError",
    "WriteTx",
    "open_database",
]
