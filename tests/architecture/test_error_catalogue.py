"""Every error has its row in the catalogue, every row its error, and the page shows all of them."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator

import pytest

import cordboard
from cordboard.edge.api.error_catalogue import BY_CODE, CATALOGUE, Row
from cordboard.edge.api.error_reference import anchor, error_reference
from cordboard.runtime.errors import DomainError, InvalidError
from tests.architecture.source import ROOT, Finding, Source, assert_none, sample, sources

PAGE = "docs/errors.md"

# "code": "reason", for classes that are never raised themselves.
BASES = {
    "validation.*": "its codes end with the rule that was broken",
    "livekit.failed": "only the classes below it are raised",
    "call.refused": "the same",
}

# "code": "reason", for errors of which no answer is made.
INSIDE = {
    "livekit.not_found": "the adapter and the reconciler settle it",
    "livekit.conflict": "the number's livekit_error tells it",
    "livekit.sip_metrics": "the log and the doctor tell it",
    "livekit.dial_failed": "the outcome of a dial, not of a request",
}


def every_error() -> set[type[DomainError]]:
    """Return all classes of errors that an answer can be made of."""
    for module in pkgutil.walk_packages(cordboard.__path__, "cordboard."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[DomainError]] = set()
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        waiting += subclasses
        found.update(each for each in subclasses if each.__module__.startswith("cordboard."))
    return found


def find_rules(files: Iterable[Source]) -> Iterator[tuple[str, Finding]]:
    """Every rule that a validation error names, with where; an empty one where it is computed."""
    for file in files:
        for call in (node for node in ast.walk(file.tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) != "InvalidError" or len(call.args) < 2:
                continue
            rule = call.args[1]
            word = str(rule.value) if isinstance(rule, ast.Constant) else ""
            yield word, Finding(file.path, call.lineno, f"validation.{word or '?'}")


def find_unknown_rules(files: Iterable[Source], codes: Iterable[str]) -> Iterator[Finding]:
    """Rules that no code of the catalogue names."""
    known = set(codes)
    return (found for rule, found in find_rules(files) if f"validation.{rule}" not in known)


def test_every_class_of_errors_has_one_row() -> None:
    documented = {row.error for row in CATALOGUE} - {InvalidError}
    raised = {error for error in every_error() if error.code not in BASES | INSIDE}
    assert documented == raised
    assert len(BY_CODE) == len(CATALOGUE)
    assert len({error.code for error in raised}) == len(raised)


def test_every_rule_of_validation_has_one_row_and_every_row_is_used() -> None:
    assert_none(find_unknown_rules(sources("src"), BY_CODE))
    used = {rule for rule, _ in find_rules(sources("src"))}
    assert {row.rule for row in CATALOGUE if row.error is InvalidError} == used


def test_a_class_says_the_same_message_for_every_occurrence_of_a_code() -> None:
    messages: dict[str, set[str]] = {}
    for row in CATALOGUE:
        messages.setdefault(row.code, set()).add(row.error.message)
    assert all(len(said) == 1 for said in messages.values())


def test_the_page_of_errors_is_the_one_that_the_catalogue_makes() -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    assert page == error_reference().rstrip("\n") + "\n", (
        f"python -m cordboard.edge.api.error_reference > {PAGE}"
    )


def test_the_page_has_a_heading_for_each_code_and_the_table_leads_to_it() -> None:
    page = error_reference()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == list(BY_CODE)
    links = re.findall(r"^\| \[`.+`\]\(#(.+)\)", page, re.MULTILINE)
    assert links == [anchor(code) for code in headings]
    assert len(set(links)) == len(links)


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.code)
def test_a_row_says_what_is_the_matter_and_what_to_do_in_sentences(row: Row) -> None:
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", row.code)
    for text in (row.when, row.remedy, row.retry):
        assert text[0].isupper() or text.startswith("X-")
        assert text.endswith(".")
    assert row.example
    if row.error.retry_after_s is not None:
        assert not row.retry.startswith("No")


def test_a_rule_that_is_not_in_the_catalogue_is_found() -> None:
    file = sample(
        "src/cordboard/a.py",
        """
        raise InvalidError("a", "known", "b")
        raise InvalidError("a", "unknown", "b")
        raise InvalidError("a", rule, "b")
        """,
    )
    found = [finding.text for finding in find_unknown_rules([file], ["validation.known"])]
    assert found == ["validation.unknown", "validation.?"]
