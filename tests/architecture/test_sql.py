"""SQL stands in stores and in the runtime, with `$1` placeholders, and nowhere else."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Finding, Source, assert_none, sample, sources

_SQL = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()",
    re.IGNORECASE | re.DOTALL,
)
_FOREIGN_PLACEHOLDER = re.compile(r"(?<![\w?'])(\?\d*|%s|%\(\w+\)s|:[a-z_]+)(?=[\s,)]|$)")


def find_sql_elsewhere(files: Iterable[Source]) -> Iterator[Finding]:
    """SQL outside `store` modules and `runtime/`."""
    for file in files:
        if "store" in file.parts or file.parts[:3] == ("src", "cordboard", "runtime"):
            continue
        for line, text in _sql(file):
            yield Finding(file.path, line, f"SQL: {text[:40]!r}")


def find_foreign_placeholders(files: Iterable[Source]) -> Iterator[Finding]:
    """SQL with placeholders that only one database or driver understands, the engines' excepted."""
    for file in files:
        if file.parts[:4] == ("src", "cordboard", "runtime", "db"):
            continue
        for line, text in _sql(file):
            if match := _FOREIGN_PLACEHOLDER.search(text):
                yield Finding(file.path, line, f"placeholder {match[0]}: write $1")


def _sql(file: Source) -> Iterator[tuple[int, str]]:
    f_strings = [node for node in ast.walk(file.tree) if isinstance(node, ast.JoinedStr)]
    inner = {part for node in f_strings for part in node.values}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in inner:
            text = node.value if isinstance(node, ast.Constant) else ast.unparse(node)[2:]
            if isinstance(text, str) and _SQL.match(text):
                yield node.lineno, text


def test_sql_stands_in_stores_and_in_the_runtime() -> None:
    assert_none(find_sql_elsewhere(sources("src")))


def test_sql_has_placeholders_that_both_databases_take() -> None:
    assert_none(find_foreign_placeholders(sources("src")))


@pytest.mark.parametrize(
    "text",
    [
        "select e164 from phone_number",
        "  INSERT INTO a VALUES ($1)",
        "update a set b = $1",
        "delete from a",
        "with recent as (select 1) select * from recent",
    ],
)
def test_sql_in_operations_is_found(text: str) -> None:
    file = sample("src/cordboard/numbers/operations.py", f"QUERY = {text!r}\n")
    assert len(list(find_sql_elsewhere([file]))) == 1


def test_sql_in_an_f_string_is_found() -> None:
    file = sample("src/cordboard/edge/api/numbers.py", 'q = f"select {columns} from a"\n')
    assert len(list(find_sql_elsewhere([file]))) == 1


@pytest.mark.parametrize(
    "path", ["src/cordboard/numbers/store.py", "src/cordboard/runtime/outbox.py"]
)
def test_sql_in_its_place_is_allowed(path: str) -> None:
    assert list(find_sql_elsewhere([sample(path, "QUERY = 'select a from b'\n")])) == []


def test_an_english_sentence_is_no_sql() -> None:
    file = sample(
        "src/cordboard/numbers/operations.py", '"""Update the number and select a route."""\n'
    )
    assert list(find_sql_elsewhere([file])) == []


@pytest.mark.parametrize("placeholder", ["?", "?1", "%s", "%(name)s", ":name"])
def test_a_placeholder_of_one_driver_is_found(placeholder: str) -> None:
    file = sample(
        "src/cordboard/a/store.py", f"QUERY = 'select a from b where c = {placeholder}'\n"
    )
    assert len(list(find_foreign_placeholders([file]))) == 1


def test_numbered_placeholders_are_allowed() -> None:
    file = sample("src/cordboard/a/store.py", "QUERY = 'select a from b where c in ($1, $2)'\n")
    assert list(find_foreign_placeholders([file])) == []
