"""The repository stands alone: it names no folder outside itself and no machine."""

import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Finding, assert_none, text_files

# Written with classes, so that this file does not find itself.
_ELSEWHERE = re.compile(
    r"(?<![\w.])(\.\.[/])?shared[/](contract|design|research)"
    r"|\.\.[/]shared\b"
    r"|(?<![\w.])[/](work|root|home|Users|opt[/]wheels)[/]"
)


def find_places_elsewhere(files: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Lines that name a path which exists on one machine only."""
    for path, text in files:
        for number, line in enumerate(text.splitlines(), 1):
            if match := _ELSEWHERE.search(line):
                yield Finding(path, number, f"names {match[0]}")


def test_nothing_names_a_place_outside_the_repository() -> None:
    assert_none(find_places_elsewhere(text_files()))


@pytest.mark.parametrize(
    "place", ["shared|contract|http", "..|shared", "see |root|x", "'|home|me'", "=|work|main"]
)
def test_a_place_on_one_machine_is_found(place: str) -> None:
    file = ("a.md", place.replace("|", "/"))
    assert len(list(find_places_elsewhere([file]))) == 1


@pytest.mark.parametrize("word", ["topology `shared`/`dedicated`", "/api/work/x", "shared/route"])
def test_an_ordinary_word_is_no_place(word: str) -> None:
    assert list(find_places_elsewhere([("a.md", word)])) == []
