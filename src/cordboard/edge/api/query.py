"""One decoder for query strings: every parameter known, given once, and of its type."""

import re
from urllib.parse import unquote_to_bytes

from cordboard.edge.api.context import HTTPRequest
from cordboard.runtime.errors import InvalidError

LARGEST_INTEGER = 2_147_483_647
_INTEGER = re.compile(r"-?[0-9]+")
_MOST_DIGITS = 20


def read_query(request: HTTPRequest, *known: str) -> dict[str, str]:
    """Return the query's parameters.

    Raises:
        InvalidError: A parameter is unknown, stands twice, or is not UTF-8 text.
    """
    raw: bytes = request.scope["query_string"]
    result: dict[str, str] = {}
    for part in raw.split(b"&"):
        if not part:
            continue
        name, _, value = part.partition(b"=")
        key = _text(name, "query")
        if key not in known:
            takes = f"takes {', '.join(known)}" if known else "takes none"
            reason = f"is not a parameter of this request, which {takes}"
            raise InvalidError(key[:100] or "query", "unknown_field", reason)
        if key in result:
            raise InvalidError(key, "type", "must be given once, not twice")
        result[key] = _text(value, key)
    return result


def _text(raw: bytes, field: str) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidError(field, "characters", "must be UTF-8, percent-encoded") from None
    if "\0" in text:
        raise InvalidError(field, "characters", "must not hold the NUL character")
    return text


def integer(query: dict[str, str], field: str) -> int | None:
    """Return a parameter that is an integer, or None when it is not there.

    Raises:
        InvalidError: It is not one, or is far beyond any range.
    """
    text = query.get(field)
    if text is None:
        return None
    if not _INTEGER.fullmatch(text):
        raise InvalidError(field, "type", "must be an integer")
    if len(text) > _MOST_DIGITS:
        raise InvalidError(field, "range", "is too large a number")
    return int(text)


def check_range(value: int | None, field: str, default: int, lowest: int, highest: int) -> int:
    """Return ``value`` (``default`` for None) if it lies in a range.

    Raises:
        InvalidError: It does not.
    """
    if value is None:
        return default
    if not lowest <= value <= highest:
        raise InvalidError(field, "range", f"must be from {lowest} to {highest}")
    return value


def check_choice(value: str | None, field: str, default: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` (``default`` for None) if it is among the choices.

    Raises:
        InvalidError: It is not.
    """
    if value is None:
        return default
    if value not in choices:
        raise InvalidError(field, "choice", f"must be one of {', '.join(choices)}")
    return value
