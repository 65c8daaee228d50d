"""Tests run the real thing: our own code is never patched."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Finding, Source, assert_none, sample, sources

_PATCHING_MODULES = {"mock", "unittest.mock", "pytest_mock"}
_PATCHING_CALLS = {"monkeypatch.setattr", "monkeypatch.delattr", "monkeypatch.setitem"}


def find_patching(files: Iterable[Source]) -> Iterator[Finding]:
    """Tests that replace parts of the product at run time instead of using its seams."""
    for file in files:
        for node in ast.walk(file.tree):
            if names := _patching_names(node):
                yield Finding(
                    file.path, getattr(node, "lineno", 1), f"uses {', '.join(sorted(names))}"
                )


def _patching_names(node: ast.AST) -> set[str]:
    match node:
        case ast.Import():
            return {alias.name for alias in node.names} & _PATCHING_MODULES
        case ast.ImportFrom(module=str(module)):
            full = {module, *(f"{module}.{alias.name}" for alias in node.names)}
            return full & _PATCHING_MODULES
        case ast.Call():
            return {ast.unparse(node.func)} & _PATCHING_CALLS
    return set()


def test_no_test_patches_our_code() -> None:
    assert_none(find_patching(sources("tests", "bench")))


@pytest.mark.parametrize(
    "line",
    [
        "import unittest.mock",
        "from unittest import mock",
        "from unittest.mock import patch",
        "monkeypatch.setattr(numbers.store, 'get_number', fake)",
    ],
)
def test_patching_is_found(line: str) -> None:
    assert len(list(find_patching([sample("tests/a.py", f"{line}\n")]))) == 1


def test_setting_an_environment_variable_is_allowed() -> None:
    file = sample("tests/a.py", "monkeypatch.setenv('CORDBOARD_PORT', '0')\n")
    assert list(find_patching([file])) == []
