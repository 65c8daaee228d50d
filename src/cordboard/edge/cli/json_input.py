"""JSON objects that commands take from a file, or from standard input."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import typer

STDIN = "-"
DEEPEST = 100
"""How many objects and lists may stand in one another: the API takes no more."""


def json_object(path: str, option: str) -> dict[str, Any]:
    """Return the JSON object in a file; ``-`` is standard input.

    Args:
        path: Where it is.
        option: By which option it was named, for the refusal.

    Raises:
        typer.BadParameter: The file cannot be read, or holds something else.
    """
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        found = msgspec.json.decode(content, type=dict[str, Any])
        _check_depth(found)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{path} does not hold a JSON object: {error}"
    except RecursionError:
        message = f"{path} does not hold a JSON object: it is nested more than {DEEPEST} deep"
    else:
        return found
    raise typer.BadParameter(message, param_hint=option)


def _check_depth(tree: object) -> None:
    level = [tree]
    for _ in range(DEEPEST):
        level = [part for node in level for part in _parts(node) if isinstance(part, dict | list)]
    if level:
        raise RecursionError


def _parts(node: object) -> Iterable[object]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
