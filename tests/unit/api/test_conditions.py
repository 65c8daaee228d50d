"""The headers that make a write conditional or repeatable."""

from typing import Any

import pytest
from litestar import Request

from cordboard.edge.api.conditions import idempotency_key, if_match, if_none_match
from cordboard.edge.api.context import HTTPRequest
from cordboard.runtime.errors import InvalidError


def a_request(*headers: tuple[str, str], path: str = "/a/b") -> HTTPRequest:
    """Return a POST with headers, as the server hands it on."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope: Any = {"type": "http", "method": "POST", "path": path, "headers": raw}
    return Request(scope)


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        (['"a.1"'], {'"a.1"'}),
        (['"a.1", "b.2"'], {'"a.1"', '"b.2"'}),
        (['"a.1","b.2"'], {'"a.1"', '"b.2"'}),
        (['"a.1" ,\t"b.2" ,'], {'"a.1"', '"b.2"'}),
        (['"a.1"', '"b.2"'], {'"a.1"', '"b.2"'}),
        (['""'], {'""'}),
        (['"with, comma"'], set()),
        (['"a,b"'], {'"a,b"'}),
        (["*"], {"*"}),
        ([" * "], {"*"}),
        (['W/"a.1"'], set()),
        (['W/"a.1", "b.2"'], {'"b.2"'}),
        (['w/"a.1"'], set()),
        (["a.1"], set()),
        (['"a.1'], set()),
        (['"a.1" "b.2"'], set()),
        (['"a.1", b.2'], set()),
        ([""], set()),
        (['*, "a.1"'], set()),
    ],
)
def test_if_match_names_the_strong_tags_of_a_well_formed_list(
    values: list[str], tags: set[str]
) -> None:
    assert if_match(a_request(*(("If-Match", value) for value in values))) == frozenset(tags)


def test_without_if_match_there_is_no_condition() -> None:
    assert if_match(a_request(("If-None-Match", '"a"'))) is None


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        ([], set()),
        (['W/"a.1", "b.2"'], {'"a.1"', '"b.2"'}),
        (["*"], {"*"}),
        (["a.1"], set()),
    ],
)
def test_if_none_match_compares_weakly(values: list[str], tags: set[str]) -> None:
    assert if_none_match(a_request(*(("If-None-Match", value) for value in values))) == tags


@pytest.mark.parametrize("key", ["a", "~" * 255, "! ~", "550e8400-e29b-41d4-a716-446655440000"])
def test_a_key_is_scoped_to_method_and_path(key: str) -> None:
    made = idempotency_key(a_request(("Idempotency-Key", key)), b"body")
    assert made is not None
    assert (made.operation, made.key, made.body) == ("POST /a/b", key, b"body")


@pytest.mark.parametrize("path", ["/a/b", "/a/b/", "//a//b"])
def test_slashes_that_routing_overlooks_make_no_other_path(path: str) -> None:
    made = idempotency_key(a_request(("Idempotency-Key", "k"), path=path), b"")
    assert made is not None
    assert made.operation == "POST /a/b"


@pytest.mark.parametrize("keys", [[""], ["a" * 256], ["é"], ["\x7f"], ["a\tb"], ["a", "a"]])
def test_another_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(InvalidError) as caught:
        idempotency_key(a_request(*(("Idempotency-Key", key) for key in keys)), b"")
    assert (caught.value.field, caught.value.rule) == ("Idempotency-Key", "idempotency_key")


def test_without_a_key_there_is_none() -> None:
    assert idempotency_key(a_request(), b"") is None
