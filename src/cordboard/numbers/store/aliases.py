"""Which alias leads to which number: the place where the database holds that each leads to one.

A number's row has its aliases too, in the order in which they were given.
"""

from cordboard.numbers.model import Number
from cordboard.runtime.db import Statement, WriteTx


async def insert_alias(tx: WriteTx, number: Number, alias: str) -> bool:
    """Let an alias lead to a number; False when it leads to one already, to this or another."""
    made = await tx.execute(
        """INSERT INTO phone_number_alias (alias, organization_id, phone_number)
           VALUES ($1, $2, $3) ON CONFLICT (alias) DO NOTHING""",
        alias,
        number.organization_id,
        number.phone_number,
    )
    return made == 1


def delete_alias(number: Number, alias: str) -> Statement:
    """Return the statement that takes an alias off a number."""
    sql = """DELETE FROM phone_number_alias
             WHERE alias = $1 AND organization_id = $2 AND phone_number = $3"""
    return sql, (alias, number.organization_id, number.phone_number)
