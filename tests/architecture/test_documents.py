"""Documents lead to what is there, and decision records have their form."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.source import ROOT, Finding, assert_none, text_files

SECTIONS = ["Status", "Context", "Decision", "Consequences", "Alternatives", "What enforces it"]
SENTENCES = {"Context": 4, "Decision": 2}

_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_SENTENCE_END = re.compile(r"[.?!](?=\s|$)")


def find_dead_links(files: Iterable[tuple[str, str]], root: Path) -> Iterator[Finding]:
    """Relative links of Markdown files to what is not in the repository."""
    for path, text in files:
        for number, line in enumerate(text.splitlines(), 1):
            for target in _LINK.findall(line):
                if not (root / PurePosixPath(path).parent / target).exists():
                    yield Finding(path, number, f"{target} is not there")


def find_formless_records(files: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Decision records with other sections, or with more or fewer sentences than the form has."""
    for path, text in files:
        parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
        sections = {name: body for name, body in pairwise(parts[1:]) if name in SECTIONS}
        if parts[1::2] != SECTIONS:
            yield Finding(path, 1, f"has the sections {', '.join(parts[1::2])}")
        for name, expected in SENTENCES.items():
            prose = sections.get(name, "").partition("\n### ")[0]
            if (count := len(_SENTENCE_END.findall(prose))) != expected:
                yield Finding(path, 1, f"{name}: {count} sentences, not {expected}")


def find_unlisted_records(names: Iterable[str], index: str) -> Iterator[Finding]:
    """Decision records that the list of decisions does not link to."""
    return (Finding(name, 1, "not in the list") for name in names if f"({name})" not in index)


def _records() -> list[tuple[str, str]]:
    return [(path, text) for path, text in text_files() if re.match(r"docs/adr/\d{4}-", path)]


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [(path, text) for path, text in text_files() if path.endswith(".md")]
    assert_none(find_dead_links(documents, ROOT))


def test_every_decision_record_has_the_form() -> None:
    assert_none(find_formless_records(_records()))


def test_every_decision_record_is_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    names = [PurePosixPath(path).name for path, _ in _records()]
    assert_none(find_unlisted_records(names, index))


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "here.md").touch()
    text = "[a](here.md#part) [b](https://example.com) [c](gone.md)"
    found = [finding.text for finding in find_dead_links([("a.md", text)], tmp_path)]
    assert found == ["gone.md is not there"]


def _record(context: str, decision: str, *, sections: list[str]) -> str:
    bodies = {"Context": context, "Decision": decision}
    return "# 1: A\n" + "".join(f"## {name}\n\n{bodies.get(name, 'x')}\n\n" for name in sections)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (_record("A. B 3.11 c. C.\nD.", "A.\nB.", sections=SECTIONS), 0),
        (_record("A. B. C.", "A. B.", sections=SECTIONS), 1),
        (_record("A. B. C. D.", "A. B. C.", sections=SECTIONS), 1),
        (_record("A. B. C. D.", "A. B.", sections=SECTIONS[:-1]), 1),
    ],
)
def test_a_record_without_the_form_is_found(text: str, count: int) -> None:
    assert len(list(find_formless_records([("docs/adr/0001-a.md", text)]))) == count


def test_a_record_that_is_not_listed_is_found() -> None:
    found = find_unlisted_records(["0001-a.md", "0002-b.md"], "| [0001](0001-a.md) |")
    assert [finding.key for finding in found] == ["0002-b.md"]
