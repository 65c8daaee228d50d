"""What was not foreseen is caught at three named boundaries, and nowhere else."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Finding, Source, assert_none, sample, sources

# "path::function": "reason". The API's last handler, the worker loop, the delivery loop; no more.
BOUNDARIES: dict[str, str] = {
    "src/cordboard/runtime/repeating.py::_repeat": "the worker loop: the next turn still comes",
}

MOST_BOUNDARIES = 3


def find_catch_alls(files: Iterable[Source]) -> Iterator[Finding]:
    """Handlers of `Exception`, or of more, that keep it to themselves.

    Cleaning up on `BaseException` and raising it again is allowed: it hides nothing.
    """
    for file in files:
        for name, node in _with_function(file.tree, "<module>"):
            if _is_catch_all(node):
                yield Finding(file.named(name), node.lineno, "catches everything")


def _with_function(node: ast.AST, name: str) -> Iterator[tuple[str, ast.ExceptHandler | ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else name
        if isinstance(child, ast.ExceptHandler | ast.Call):
            yield inner, child
        yield from _with_function(child, inner)


def _is_catch_all(node: ast.ExceptHandler | ast.Call) -> bool:
    if isinstance(node, ast.Call):
        is_suppress = ast.unparse(node.func) in {"suppress", "contextlib.suppress"}
        return is_suppress and any(
            _names(argument) & {"Exception", "BaseException"} for argument in node.args
        )
    if node.type is None or "Exception" in _names(node.type):
        return True
    last = node.body[-1]
    raises_again = isinstance(last, ast.Raise) and last.exc is None
    return "BaseException" in _names(node.type) and not raises_again


def _names(expression: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def test_only_the_named_boundaries_catch_everything() -> None:
    assert_none(find_catch_alls(sources("src", "bench")), BOUNDARIES)
    assert len(BOUNDARIES) <= MOST_BOUNDARIES


@pytest.mark.parametrize(
    "handler",
    [
        "except:",
        "except Exception:",
        "except Exception as error:",
        "except (ValueError, Exception):",
        "except BaseException:",
    ],
)
def test_a_handler_of_everything_is_found(handler: str) -> None:
    file = sample("a.py", f"def work():\n    try:\n        go()\n    {handler}\n        pass\n")
    assert [finding.key for finding in find_catch_alls([file])] == ["a.py::work"]


def test_suppressing_everything_is_found() -> None:
    file = sample("a.py", "with contextlib.suppress(Exception):\n    go()\n")
    assert [finding.key for finding in find_catch_alls([file])] == ["a.py::<module>"]


def test_cleaning_up_and_raising_again_is_allowed() -> None:
    file = sample("a.py", "try:\n    go()\nexcept BaseException:\n    undo()\n    raise\n")
    assert list(find_catch_alls([file])) == []
