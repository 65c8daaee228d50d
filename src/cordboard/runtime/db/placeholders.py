"""One SQL text for two databases.

SQLite takes ``$1`` for a *name* that is bound by first appearance, so ``select $2, $1`` would bind
the wrong way round; its numbered form is ``?1`` (https://www.sqlite.org/lang_expr.html#varparam).
Words in braces stand for the few things that have no portable spelling.
"""

import re
from functools import lru_cache

_PLACEHOLDER = re.compile(r"\$(\d+)")

SQLITE_WORDS = {
    "{text_c}": "TEXT",
    "{sequence}": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "{transaction_id}": "BIGINT NOT NULL DEFAULT 0",
    "{outbox_next}": "sequence > $1 ORDER BY sequence",
    "{items}": "json_each($1) AS item",
    "{for_update}": "",
    "{for_no_key_update}": "",
    "{for_share}": "",
    "{for_key_share}": "",
}
POSTGRES_WORDS = {
    "{text_c}": 'TEXT COLLATE "C"',
    "{sequence}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "{transaction_id}": """BIGINT NOT NULL
        DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)""",
    # docs/adr/0005: what stands behind the event $1 and can get no predecessor any more.
    "{outbox_next}": """(transaction_id, sequence) > (COALESCE(
            (SELECT passed.transaction_id FROM outbox AS passed WHERE passed.sequence = $1),
            -9223372036854775807), $1)
        AND transaction_id < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)
        AND transaction_id <> 0
        ORDER BY transaction_id, sequence""",
    "{items}": "jsonb_array_elements(CAST($1 AS JSONB)) AS item(value)",
    # From the strongest to the weakest; which excludes which: PostgreSQL documentation, 13.3.2.
    "{for_update}": "FOR UPDATE",
    "{for_no_key_update}": "FOR NO KEY UPDATE",
    "{for_share}": "FOR SHARE",
    "{for_key_share}": "FOR KEY SHARE",
}


def _with_words(sql: str, words: dict[str, str]) -> str:
    if "{" in sql:
        for word, meaning in words.items():
            sql = sql.replace(word, meaning)
    return sql


@lru_cache(maxsize=512)
def for_sqlite(sql: str) -> str:
    """Rewrite a portable statement for SQLite."""
    return _PLACEHOLDER.sub(r"?\1", _with_words(sql, SQLITE_WORDS))


@lru_cache(maxsize=512)
def for_postgres(sql: str) -> str:
    """Rewrite a portable statement for PostgreSQL, whose placeholders are ours already."""
    return _with_words(sql, POSTGRES_WORDS)


@lru_cache(maxsize=128)
def joined_for_postgres(statements: tuple[str, ...]) -> str:
    """Make one PostgreSQL statement of several data-changing ones, placeholders renumbered.

    All but the first become data-modifying common table expressions, which run exactly once and
    see the same snapshot (PostgreSQL documentation, 7.8.4). Their order is not promised; that of
    every version so far is the main statement, then the expressions from the last to the first.
    So they are listed backwards: transactions that take their locks in one order do not deadlock.
    """
    parts = []
    offset = 0
    for sql in statements:
        parts.append(_shifted(for_postgres(sql), offset))
        offset += max((int(number) for number in _PLACEHOLDER.findall(sql)), default=0)
    rest = [f"part_{place} AS ({part})" for place, part in enumerate(parts) if place > 0]
    return f"WITH {', '.join(reversed(rest))} {parts[0]}" if rest else parts[0]


def _shifted(sql: str, offset: int) -> str:
    """Return a statement whose placeholders count from ``offset + 1``."""
    return _PLACEHOLDER.sub(lambda match: f"${int(match[1]) + offset}", sql)
