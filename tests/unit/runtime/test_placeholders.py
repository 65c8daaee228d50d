"""One SQL text for two databases."""

import pytest

from cordboard.runtime.db.placeholders import (
    POSTGRES_WORDS,
    SQLITE_WORDS,
    for_postgres,
    for_sqlite,
    joined_for_postgres,
)


def test_sqlite_gets_placeholders_that_count_by_number() -> None:
    sql = "SELECT $2, $1, $10 FROM t WHERE a = $2"
    assert for_sqlite(sql) == "SELECT ?2, ?1, ?10 FROM t WHERE a = ?2"


def test_postgresql_gets_placeholders_as_they_are() -> None:
    assert for_postgres("SELECT $2, $1") == "SELECT $2, $1"


def test_both_databases_know_the_same_words() -> None:
    assert SQLITE_WORDS.keys() == POSTGRES_WORDS.keys()


@pytest.mark.parametrize("word", SQLITE_WORDS)
def test_no_word_is_left_over(word: str) -> None:
    sql = f"SELECT a FROM t {word}"
    assert "{" not in for_sqlite(sql) + for_postgres(sql)


def test_a_word_s_placeholders_are_those_of_its_statement() -> None:
    sql = "SELECT a FROM outbox WHERE {outbox_next} LIMIT $2"
    assert for_sqlite(sql) == "SELECT a FROM outbox WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
    assert "$1" in for_postgres(sql)
    assert for_postgres(sql).endswith("LIMIT $2")


def test_one_statement_is_joined_to_itself() -> None:
    assert joined_for_postgres(("DELETE FROM a WHERE b = $1",)) == "DELETE FROM a WHERE b = $1"


def test_joined_statements_keep_their_values_and_run_in_their_order() -> None:
    joined = joined_for_postgres(
        ("INSERT INTO a VALUES ($1, $2)", "UPDATE b SET c = $2 WHERE d = $1", "DELETE FROM e")
    )
    # PostgreSQL runs the main statement first, then the expressions from the last to the first.
    assert joined == (
        "WITH part_2 AS (DELETE FROM e), part_1 AS (UPDATE b SET c = $4 WHERE d = $3) "
        "INSERT INTO a VALUES ($1, $2)"
    )


def test_a_repeated_placeholder_stays_one_value_when_joined() -> None:
    joined = joined_for_postgres(
        ("DELETE FROM a WHERE b = $1", "DELETE FROM c WHERE d = $1 OR e = $1")
    )
    assert joined == (
        "WITH part_1 AS (DELETE FROM c WHERE d = $2 OR e = $2) DELETE FROM a WHERE b = $1"
    )
