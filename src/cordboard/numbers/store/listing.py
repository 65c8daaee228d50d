"""Pages of numbers: sorted, filtered, with exact totals.

Every sort is an index walk, so the first page costs the same at a thousand numbers and at a
million. A filter first collects what it matches (a materialised expression, so that no planner
walks the whole estate in sort order instead), and then sorts that.
"""

import msgspec

from cordboard.numbers.model import Number
from cordboard.numbers.store.records import COLUMNS, number_from_row
from cordboard.runtime.db import ReadTx
from cordboard.runtime.db.part_pattern import part_pattern
from cordboard.runtime.ids import OrganizationId

SORTS = {
    "updated_at": "updated_ms",
    "phone_number": "phone_number",
    "nickname": "nickname",
    "area_code": "area_code",
    "created_at": "created_ms",
}
DIRECTIONS = {"ascending": "ASC", "descending": "DESC"}
CHEAP_ROWS = 500
NO_AREA_CODE = -1
"""Stands in for a filter of 0, which no number has: 0 in the column stands for null."""


class NumberFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which numbers to list; None does not filter.

    Attributes:
        nickname: A part of the nickname, any case, every character literally.
        area_code: The three-digit code of a +1 number.
        agent_id: An agent that answers or dials.
    """

    nickname: str | None = None
    area_code: int | None = None
    agent_id: str | None = None


class NumberQuery(msgspec.Struct, frozen=True):
    """Which page of which list. ``page`` counts from 0."""

    page: int = 0
    limit: int = 50
    sort_by: str = "updated_at"
    sort_order: str = "descending"
    filter: NumberFilter = NumberFilter()

    @property
    def is_cheap(self) -> bool:
        """Whether the page takes microseconds, whatever the size of the estate."""
        return self.filter == NumberFilter() and (self.page + 1) * self.limit <= CHEAP_ROWS


class NumberPage(msgspec.Struct, frozen=True):
    """Numbers of one page, and how many match in all."""

    numbers: list[Number]
    total: int


async def list_numbers(
    tx: ReadTx, organization_id: OrganizationId, query: NumberQuery
) -> NumberPage:
    """Return a page of the organization's numbers and the exact total, from one snapshot."""
    column = SORTS[query.sort_by]
    direction = DIRECTIONS[query.sort_order]
    tie = "" if column == "phone_number" else f", phone_number {direction}"
    source, values = _matched(organization_id, query.filter)
    total = await _total(tx, organization_id, query.filter)
    if query.page * query.limit >= total:
        return NumberPage([], total)
    rows = await tx.fetch_all(
        f"""{source} ORDER BY {column} {direction}{tie}
            LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}""",
        *values,
        query.limit,
        query.page * query.limit,
    )
    return NumberPage([number_from_row(row) for row in rows], total)


async def list_available_numbers(tx: ReadTx, organization_id: OrganizationId) -> list[Number]:
    """Return the organization's numbers that are bound to no agent at all, newest first."""
    rows = await tx.fetch_all(
        f"""SELECT {COLUMNS} FROM phone_number
            WHERE organization_id = $1 AND inbound_agent_id IS NULL AND outbound_agent_id IS NULL
            ORDER BY created_ms DESC, phone_number DESC""",
        organization_id,
    )
    return [number_from_row(row) for row in rows]


async def _total(tx: ReadTx, organization_id: OrganizationId, chosen: NumberFilter) -> int:
    """Return how many numbers match: from the counter, or by counting what a filter matches."""
    if chosen == NumberFilter():
        row = await tx.fetch_one(
            """SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM phone_number_count
               WHERE organization_id = $1""",
            organization_id,
        )
    else:
        source, values = _matched(organization_id, chosen, columns="phone_number")
        row = await tx.fetch_one(f"SELECT COUNT(*) FROM ({source}) AS counted", *values)
    return 0 if row is None else row[0]


def _matched(
    organization_id: OrganizationId, chosen: NumberFilter, columns: str = COLUMNS
) -> tuple[str, list[str | int]]:
    """Return the query for everything that a filter matches, and its values."""
    if chosen == NumberFilter():
        return f"SELECT {columns} FROM phone_number WHERE organization_id = $1", [organization_id]
    if chosen == NumberFilter(nickname=chosen.nickname):
        return _named(organization_id, chosen.nickname or "", columns)
    values: list[str | int] = [organization_id]
    base = f"SELECT {COLUMNS}, nickname_folded FROM phone_number WHERE organization_id = $1"
    if chosen.agent_id is not None:
        values.append(chosen.agent_id)
        base = (
            f"{base} AND inbound_agent_id = $2 UNION ALL {base} AND outbound_agent_id = $2"
            " AND (inbound_agent_id IS NULL OR inbound_agent_id <> $2)"
        )
    elif chosen.area_code is not None:
        values.append(chosen.area_code or NO_AREA_CODE)
        base += " AND area_code = $2"
    rest = []
    if chosen.agent_id is not None and chosen.area_code is not None:
        values.append(chosen.area_code or NO_AREA_CODE)
        rest.append(f"area_code = ${len(values)}")
    if chosen.nickname is not None:
        values.append(part_pattern(chosen.nickname))
        rest.append(f"nickname_folded LIKE ${len(values)} ESCAPE '\\'")
    where = f" WHERE {' AND '.join(rest)}" if rest else ""
    return f"WITH matched AS MATERIALIZED ({base}) SELECT {columns} FROM matched{where}", values


def _named(organization_id: OrganizationId, part: str, columns: str) -> tuple[str, list[str | int]]:
    """Return the query for numbers with a part of a name: a scan of one narrow index."""
    values: list[str | int] = [organization_id, part_pattern(part)]
    named = """SELECT phone_number FROM phone_number WHERE organization_id = $1
        AND nickname_folded <> '' AND nickname_folded LIKE $2 ESCAPE '\\'"""
    if columns == "phone_number":
        return named, values
    return (
        f"""WITH matched AS MATERIALIZED (SELECT {COLUMNS} FROM phone_number
              WHERE organization_id = $1 AND phone_number IN ({named}))
            SELECT {columns} FROM matched""",
        values,
    )
