"""What values of free form may hold that somebody sends and we keep."""

from typing import Any

from cordboard.runtime.errors import InvalidError

DEEPEST = 64
LONGEST_ECHO = 100


def check_json(given: dict[str, Any], largest_bytes: int) -> None:
    """Check the strings, keys included, and the nesting of everything that was sent.

    Without recursion, and never further than what may be kept could reach, because a body may be
    as deep as its decoder goes.

    Args:
        given: Field → value.
        largest_bytes: How many bytes of JSON are kept of them at most.

    Raises:
        InvalidError: ``validation.characters``, ``.json`` or ``.length``, with the path.
    """
    waiting = [(field, value, 0) for field, value in given.items()]
    seen = 0
    while waiting:
        path, value, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST:
            raise InvalidError(path, "json", f"is nested more than {DEEPEST} deep")
        if seen > largest_bytes:
            raise InvalidError(path, "length", f"is more than {largest_bytes} bytes of JSON hold")
        if isinstance(value, str):
            _check_text(value, path)
        elif isinstance(value, dict):
            for key, part in value.items():
                _check_text(key, path)
                waiting.append((_shown(f"{path}.{key}"), part, depth + 1))
        elif isinstance(value, list):
            for index, part in enumerate(value):
                waiting.append((_shown(f"{path}[{index}]"), part, depth + 1))


def _check_text(text: str, path: str) -> None:
    if "\0" in text:
        raise InvalidError(path, "characters", "must not hold the NUL character")


def _shown(path: str) -> str:
    return path if len(path) <= LONGEST_ECHO else path[:LONGEST_ECHO] + "…"
