"""What happened to a number, registration by registration."""

from typing import Any

import msgspec

from cordboard.numbers.e164 import E164
from cordboard.numbers.model import NumberNotFoundError
from cordboard.runtime.db import ReadTx, Row
from cordboard.runtime.ids import OrganizationId


class NumberRevision(msgspec.Struct, frozen=True):
    """One change of a number.

    Attributes:
        action: ``created``, ``updated`` or ``deleted``.
        api_key: The public half of the key pair that did it; None for an operator.
        changes: Field → ``{"from": …, "to": …}``.
    """

    registration_id: str
    revision: int
    at_ms: int
    action: str
    api_key: str | None
    request_id: str
    changes: dict[str, Any]


async def list_history(
    tx: ReadTx, organization_id: OrganizationId, phone_number: E164, page: int, limit: int
) -> tuple[list[NumberRevision], int]:
    """Return a page of a number's history in this organization, newest first, and its length.

    Deleted registrations are there too; another organization's never are.

    Raises:
        NumberNotFoundError: The organization never had the number.
    """
    row = await tx.fetch_one(
        """SELECT COUNT(*) FROM phone_number_history
           WHERE organization_id = $1 AND phone_number = $2""",
        organization_id,
        phone_number,
    )
    total = 0 if row is None else row[0]
    if total == 0:
        raise NumberNotFoundError(organization_id, phone_number)
    rows = await tx.fetch_all(
        """SELECT registration_id, revision, at_ms, action, api_key, request_id, changes
           FROM phone_number_history WHERE organization_id = $1 AND phone_number = $2
           ORDER BY sequence DESC LIMIT $3 OFFSET $4""",
        organization_id,
        phone_number,
        limit,
        page * limit,
    )
    return [_from_row(row) for row in rows], total


def _from_row(row: Row) -> NumberRevision:
    values = list(row)
    values[6] = msgspec.json.decode(values[6])
    return NumberRevision(*values)
