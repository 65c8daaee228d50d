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
    "{outbox_transaction}": "",
    "{outbox_settled}": "1 = 1",
    "{for_update}": "",
    "{for_share}": "",
}
POSTGRES_WORDS = {
    "{text_c}": 'TEXT COLLATE "C"',
    "{sequence}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "{outbox_transaction}": ", transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()",
    "{outbox_settled}": "transaction_id < pg_snapshot_xmin(pg_current_snapshot())",
    "{for_update}": "FOR UPDATE",
    "{for_share}": "FOR SHARE",
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

    All but the last become data-modifying common table expressions, which run exactly once and
    see the same snapshot (PostgreSQL documentation, 7.8.4).
    """
    parts = []
    offset = 0
    for sql in statements:
        parts.append(_shifted(for_postgres(sql), offset))
        offset += max((int(number) for number in _PLACEHOLDER.findall(sql)), default=0)
    head = ", ".join(f"part_{index} AS ({part})" for index, part in enumerate(parts[:-1]))
    return f"WITH {head} {parts[-1]}" if head else parts[-1]


def _shifted(sql: str, offset: int) -> str:
    """Return a statement whose placeholders count from ``offset + 1``."""
    return _PLACEHOLDER.sub(lambda match: f"${int(match[1]) + offset}", sql)
