"""JSON objects that commands take from a file, or from standard input."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import typer

STDIN = "-"


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
        return msgspec.json.decode(content, type=dict[str, Any])
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{path} does not hold a JSON object: {error}"
    raise typer.BadParameter(message, param_hint=option)
