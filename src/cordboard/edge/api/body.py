"""One decoder for request bodies, strict about everything the contract is strict about.

msgspec decides types; what it lets pass (a key given twice, RFC 8259 section 4) or does not name
(the position of an error) is found by the standard library's decoder over the same bytes.
"""

import json
import re
from typing import Any, TypeVar

import msgspec

from cordboard.edge.api.caller import header
from cordboard.edge.api.context import HTTPRequest
from cordboard.edge.api.refusals import UnsupportedMediaTypeError
from cordboard.runtime.errors import InvalidError

T = TypeVar("T")

BODY = "body"
ACCEPTED_TYPES = ("application/json", "application/x-www-form-urlencoded")
LONGEST_ECHO = 100

_PROBLEM = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"^Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`$")
_FIELD = re.compile(
    r"^Object (?P<problem>contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL
)
_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


async def raw_body(request: HTTPRequest) -> bytes:
    """Return the body of a request that may carry JSON.

    Without a content type, or with the form type that curl sends by default, a body is JSON too.

    Raises:
        UnsupportedMediaTypeError: It says it is something else.
    """
    raw = await request.body()
    content_type = header(request, b"content-type")
    if content_type is not None:
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type and media_type not in ACCEPTED_TYPES:
            detail = f"Send application/json, not {media_type[:LONGEST_ECHO]}"
            raise UnsupportedMediaTypeError(detail)
    return raw


def decode(raw: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the object in ``raw``.

    Raises:
        InvalidError: It is no JSON, or not of the decoder's type.
    """
    try:
        value = decoder.decode(raw)
    except msgspec.ValidationError as error:
        _check_syntax(raw)
        raise _refused(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = _check_syntax(raw)
        raise _bad_text(tree, BODY) from None
    _check_syntax(raw)
    return value


class _DuplicateKeyError(Exception):
    """A key stands twice in one object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKeyError(next(key for key in keys if keys.count(key) > 1))
    return result


def _no_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)


_syntax = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_no_constant
)


def _check_syntax(raw: bytes) -> object:
    """Return the tree in ``raw``, with every key once.

    Raises:
        InvalidError: ``validation.json``, with the position where there is one.
    """
    try:
        tree: object = _syntax.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 at byte {error.start}"
    except json.JSONDecodeError as error:
        reason = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except _DuplicateKeyError as error:
        reason = f"has the key '{_shown(str(error))}' twice in one object"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = str(error)
    else:
        return tree
    raise InvalidError(BODY, "json", reason)


def _bad_text(tree: object, path: str) -> InvalidError:
    """Return the refusal of a tree that is JSON, but holds a lone surrogate somewhere."""
    found = _path_of_surrogate(tree, "") or path
    return InvalidError(found, "characters", "must not hold lone surrogates")


def _path_of_surrogate(tree: object, path: str) -> str | None:
    if isinstance(tree, str):
        return path if any("\ud800" <= char <= "\udfff" for char in tree) else None
    if isinstance(tree, dict):
        for key, value in tree.items():
            if _path_of_surrogate(key, "key"):
                return path or BODY
            if found := _path_of_surrogate(value, f"{path}.{key}".lstrip(".")):
                return found
    if isinstance(tree, list):
        for index, value in enumerate(tree):
            if found := _path_of_surrogate(value, f"{path}[{index}]"):
                return found
    return None


def _refused(problem: str) -> InvalidError:
    """Say in our words what msgspec found."""
    parts = _PROBLEM.match(problem)
    what, path = (parts["what"], parts["path"] or "") if parts else (problem, "")
    if field := _FIELD.match(what):
        name = f"{path}.{_shown(field['name'])}".lstrip(".")
        if field["problem"] == "missing required":
            return InvalidError(name, "required", "is required")
        return InvalidError(name, "unknown_field", "is not a field of this request")
    if expected := _EXPECTED.match(what):
        kinds = [_WORDS.get(kind, kind) for kind in expected["expected"].split(" | ")]
        wanted = " or ".join(kind for kind in kinds if kind != "null")
        got = _WORDS.get(expected["got"], expected["got"])
        return InvalidError(path or BODY, "type", f"must be {wanted}, not {got}")
    if what == "Number out of range":
        return InvalidError(path or BODY, "range", "is too large a number")
    return InvalidError(path or BODY, "type", what)


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST_ECHO else name[:LONGEST_ECHO] + "…"
