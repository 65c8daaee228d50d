"""Whatever is silenced, skipped or slow says why, where it stands."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import FOLDERS, Finding, Source, assert_none, sample, sources

_SILENCERS = re.compile(
    r"#\s*(?P<what>type:\s*ignore(\[[\w\-, ]+\])?"
    r"|noqa(:\s*[A-Z]+[0-9]+([, ]+[A-Z]+[0-9]+)*)?"
    r"|ruff:\s*noqa)"
    r"(?P<reason>.*)"
)
_CODES = re.compile(r"[\[:]")
_WORD = re.compile(r"[A-Za-z]{2,}")

FEWEST_WORDS = 3


def find_unexplained_silencers(files: Iterable[Source]) -> Iterator[Finding]:
    """Comments that silence a checker without naming the rule, or without saying why."""
    for file in files:
        for line, comment in file.comments:
            for match in _SILENCERS.finditer(comment):
                words = _WORD.findall(match["reason"])
                if (
                    not _CODES.search(match["what"].removeprefix("type:"))
                    or len(words) < FEWEST_WORDS
                ):
                    yield Finding(file.path, line, f"{match[0]}: which rule, and why?")


def find_unexplained_marks(files: Iterable[Source]) -> Iterator[Finding]:
    """Tests that are long, skipped or expected to fail without a reason in words."""
    for file in files:
        marks = (node for node in ast.walk(file.tree) if isinstance(node, ast.Attribute | ast.Call))
        called = {node.func for node in ast.walk(file.tree) if isinstance(node, ast.Call)}
        for mark in marks:
            if mark not in called and not _has_reason(mark):
                yield Finding(file.path, mark.lineno, f"{ast.unparse(mark)}: why?")


def _has_reason(node: ast.Attribute | ast.Call) -> bool:
    name = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    if not re.fullmatch(r"pytest\.(mark\.(long|skip|skipif|xfail)|skip|xfail)", name):
        return True
    if isinstance(node, ast.Attribute):
        return False
    reasons = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
    if not name.startswith("pytest.mark."):
        reasons += node.args[:1]
    return any(not isinstance(r, ast.Constant) or bool(str(r.value).strip()) for r in reasons)


def test_every_silenced_check_names_its_rule_and_says_why() -> None:
    assert_none(find_unexplained_silencers(sources(*FOLDERS)))


def test_every_long_or_skipped_test_says_why() -> None:
    assert_none(find_unexplained_marks(sources("tests")))


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore",
        "# type: ignore[arg-type]",
        "# type: ignore  # the stubs are wrong here",
        "# noqa",
        "# noqa: S608",
        "# noqa: S608, S101",
        "# noqa because it must be so",
    ],
)
def test_a_silencer_without_rule_or_reason_is_found(comment: str) -> None:
    assert len(list(find_unexplained_silencers([sample("a.py", f"x = 1  {comment}\n")]))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # type: ignore[arg-type]  # the stubs of asyncpg are wrong here",
        "x = 1  # noqa: S608 - the column list is a constant",
        "x = 1  # noqa: S608, S101 - the column list is a constant",
        'x = "# noqa"',
    ],
)
def test_a_silencer_with_rule_and_reason_is_allowed(line: str) -> None:
    assert list(find_unexplained_silencers([sample("a.py", f"{line}\n")])) == []


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.long",
        "@pytest.mark.long(seconds=60)",
        "@pytest.mark.long(reason='', seconds=60)",
        "@pytest.mark.skip",
        "@pytest.mark.skipif(windows)",
        "@pytest.mark.xfail()",
    ],
)
def test_a_mark_without_a_reason_is_found(line: str) -> None:
    file = sample("a.py", f"{line}\ndef test_it(): ...\n")
    assert len(list(find_unexplained_marks([file]))) == 1


def test_a_mark_with_a_reason_is_allowed() -> None:
    text = """
        @pytest.mark.long(reason="kills the server 20 times", seconds=120)
        def test_it():
            pytest.skip(f"{what} is missing")
        """
    assert list(find_unexplained_marks([sample("a.py", text)])) == []
