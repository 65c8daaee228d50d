"""Source files as the house rules see them, what a rule finds, and what may be excused."""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from textwrap import dedent

ROOT = Path(__file__).parents[2]

FOLDERS = ("src", "tests", "bench")

_MADE_BY_TOOLS = {".git", ".venv", "build", "data", "dist"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A Python file: its path from the root of the repository, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's folders and, last, the file's name without `.py`."""
        path = PurePosixPath(self.path)
        return (*path.parent.parts, path.stem)

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """Every comment with its line; what only looks like one, inside a string, is not there."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [
            (token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT
        ]

    @cached_property
    def functions(self) -> list[tuple[str, FunctionNode]]:
        """Every function and method with its dotted name, outer before inner."""
        return list(_functions(self.tree, ""))

    def named(self, name: str) -> str:
        """The key by which a list of exceptions names a thing in this file."""
        return f"{self.path}::{name}"


@dataclass(frozen=True)
class Finding:
    """Where a rule is broken; `key` is what a list of exceptions would name."""

    key: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.key} (line {self.line}): {self.text}"


def sample(path: str, text: str) -> Source:
    """A made-up file, to show that a rule can fail."""
    return Source(path, dedent(text))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders of the repository, in the order of their paths."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return tuple(
        Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files
    )


def text_files() -> Iterator[tuple[str, str]]:
    """Path and text of every file of the repository that is text, tools' leavings excepted."""
    for file in sorted(_walk(ROOT)):
        try:
            yield file.relative_to(ROOT).as_posix(), file.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def unexcused(findings: Iterable[Finding], exceptions: Mapping[str, str]) -> list[str]:
    """What is wrong in the end: findings that no exception names, and exceptions nothing needs."""
    found = list(findings)
    keys = {finding.key for finding in found}
    left = [str(finding) for finding in found if finding.key not in exceptions]
    return left + [
        f"{key}: an exception that nothing needs" for key in exceptions if key not in keys
    ]


def assert_none(findings: Iterable[Finding], exceptions: Mapping[str, str] | None = None) -> None:
    """Fail with one line per finding that no exception names."""
    __tracebackhide__ = True
    left = unexcused(findings, exceptions or {})
    assert not left, "\n".join(["", *left])


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_symlink() or entry.name in _MADE_BY_TOOLS or _is_cache(entry):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry


def _is_cache(entry: Path) -> bool:
    return entry.name == ".hypothesis" or entry.name.endswith(("cache", "cache__", ".egg-info"))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)
