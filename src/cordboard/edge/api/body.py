"""One decoder for request bodies, strict about everything the contract is strict about.

msgspec decides types; what it lets pass (a key given twice, RFC 8259 section 4) or does not name
(the position of an error) is found by the standard library's decoder over the same bytes.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from cordboard.edge.api.caller import header
from cordboard.edge.api.context import HTTPRequest
from cordboard.edge.api.refusals import (
    BodyTooLargeError,
    ClientLeftError,
    MalformedRequestError,
    UnsupportedMediaTypeError,
)
from cordboard.runtime.errors import InvalidError

T = TypeVar("T")

BODY = "body"
LARGEST_BODY = 1_048_576
DEEPEST = 100
"""How many lists and objects may stand in each other. The interpreter's stack allows far more, but
what is kept of a body is read again where less of the stack is left."""
ACCEPTED_TYPES = ("application/json", "application/x-www-form-urlencoded")
CHUNKED = "chunked"
IDENTITY = "identity"
"""The coding of what is not encoded (RFC 9110, section 12.5.3)."""

LONGEST_ECHO = 100
EMPTY = "''"

_PROBLEM = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"^Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`$")
_FIELD = re.compile(
    r"^Object (?P<problem>contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL
)
_OUT_OF_RANGE = ("Number out of range", "Integer value out of range")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TRAILING_COMMA = re.compile(r",\s*(?=[}\]])")
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>NaN|-?Infinity)')
_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


async def raw_body(request: HTTPRequest) -> bytes:
    """Return the body of a request that may carry JSON.

    Without a content type, or with the form type that curl sends by default, a body is JSON too.

    Raises:
        BodyTooLargeError: It has more than 1 MiB, whether it said so at first or not.
        ClientLeftError: The client went away before all of it had come.
        UnsupportedMediaTypeError: It says it is something else, or encoded.
    """
    raw = await received(request, LARGEST_BODY)
    coding = (header(request, b"content-encoding") or IDENTITY).lower()
    if coding != IDENTITY:
        detail = f"Content-Encoding: send the body as it is, not {coding[:LONGEST_ECHO]}"
        raise UnsupportedMediaTypeError(detail, ("Accept-Encoding", IDENTITY))
    content_type = header(request, b"content-type")
    if content_type is not None:
        media_type = content_type.partition(";")[0].strip().lower()
        # That a header is empty says nothing; one with parameters of nothing says what is none.
        if content_type and media_type not in ACCEPTED_TYPES:
            detail = f"Send application/json, not {media_type[:LONGEST_ECHO] or EMPTY}"
            raise UnsupportedMediaTypeError(detail, ("Accept", ACCEPTED_TYPES[0]))
    return raw


async def received(request: HTTPRequest, largest: int) -> bytes:
    """Read the body from the connection; the framework's way to it was measured at 15 µs.

    Raises:
        BodyTooLargeError: It has more bytes than ``largest``, whether it said so at first or not.
        ClientLeftError: The client went away before all of it had come.
        MalformedRequestError: It is encoded for its way in more than chunks.
    """
    announced = header(request, b"content-length")
    if announced is None:
        _check_transfer(request)
    elif int(announced) > largest:
        raise BodyTooLargeError(largest)
    parts: list[bytes] = []
    left = largest
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientLeftError
        part = message["body"]
        left -= len(part)
        if left < 0:
            raise BodyTooLargeError(largest)
        parts.append(part)
        if not message["more_body"]:
            return b"".join(parts)


def _check_transfer(request: HTTPRequest) -> None:
    """Refuse a body of which only the chunks were taken apart (RFC 9112, section 6.1)."""
    coding = (header(request, b"transfer-encoding") or CHUNKED).lower()
    if coding != CHUNKED:
        shown = coding[:LONGEST_ECHO]
        detail = f"Transfer-Encoding: send the body as it is or {CHUNKED}, not {shown}"
        raise MalformedRequestError(detail)


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
    except (msgspec.DecodeError, UnicodeDecodeError):
        tree = _check_syntax(raw)
        raise _bad_text(tree) from None
    except RecursionError:
        raise _too_deep() from None
    _check_syntax(raw)
    return value


class _DuplicateKeyError(Exception):
    """A key stands twice in one object."""


class _ConstantError(Exception):
    """A number that other languages have and JSON has not: NaN or an infinity."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return result


def _no_constant(name: str) -> object:
    raise _ConstantError(name)


_syntax = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_no_constant
)


def _check_syntax(raw: bytes) -> object:
    """Return the tree in ``raw``, with every key once.

    Raises:
        InvalidError: ``validation.json``, with the position where there is one.
    """
    text = _text(raw)
    try:
        tree: object = _syntax.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(_problem_at(error)) from None
    except _ConstantError as error:
        at = _place(text, _first_constant(text))
        raise _malformed(f"is not JSON: {error} at {at}") from None
    except _DuplicateKeyError as error:
        raise _malformed(f"has the key '{_shown(str(error))}' twice in one object") from None
    except RecursionError:
        raise _too_deep() from None
    if raw.count(b"[") + raw.count(b"{") > DEEPEST:
        _check_depth(tree)
    return tree


def _check_depth(tree: object) -> None:
    """Raise an error if a list or object stands in too many others.

    Raises:
        InvalidError: ``validation.json``.
    """
    level = [tree]
    for _ in range(DEEPEST):
        level = [part for node in level for part in _parts(node) if isinstance(part, dict | list)]
    if level:
        raise _too_deep()


def _parts(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"is not UTF-8 at byte {error.start}") from None


def _malformed(reason: str) -> InvalidError:
    return InvalidError(BODY, "json", reason)


def _too_deep() -> InvalidError:
    return _malformed(f"is nested more than {DEEPEST} deep")


def _problem_at(error: json.JSONDecodeError) -> str:
    """Say what is wrong where, in words that do not depend on Python's version."""
    text, position = error.doc, error.pos
    if not text.strip():
        return "is empty; send a JSON object"
    if text.startswith("\ufeff"):
        return "begins with a byte order mark; send UTF-8 without one"
    if error.msg.startswith("Unterminated string"):
        return f"is not JSON: the string at {_place(text, position)} has no end"
    if error.msg.startswith("Invalid \\"):
        position = text.rfind("\\", 0, position + 1)
        return f"is not JSON: unknown escape at {_place(text, position)}"
    if comma := _TRAILING_COMMA.match(text, position):
        position = comma.end()
    if position >= len(text):
        return f"is not JSON: it ends, unfinished, at {_place(text, position)}"
    return f"is not JSON: unexpected {text[position]!r} at {_place(text, position)}"


def _place(text: str, position: int) -> str:
    """Return a position as people count: lines and columns from 1, a column per character."""
    line_start = text.rfind("\n", 0, position) + 1
    return f"line {text.count(chr(10), 0, position) + 1}, column {position - line_start + 1}"


def _first_constant(text: str) -> int:
    return next(m.start() for m in _STRING_OR_CONSTANT.finditer(text) if m["constant"])


def _bad_text(tree: object) -> InvalidError:
    """Return the refusal of a tree that is JSON, but holds a lone surrogate somewhere."""
    path = _path_of_surrogate(tree)
    if path is None:
        return _malformed("is not JSON")
    return InvalidError(_shown(path) or BODY, "characters", "must not hold lone surrogates")


def _path_of_surrogate(tree: object) -> str | None:
    """Return where a lone surrogate stands: the path of its value, or of the object of its key."""
    waiting = [("", tree)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str) and _SURROGATE.search(node):
            return path
        if isinstance(node, dict):
            if any(_SURROGATE.search(key) for key in node):
                return path
            waiting += [(_inside(path, f".{key}"), value) for key, value in node.items()]
        elif isinstance(node, list):
            waiting += [(_inside(path, f"[{index}]"), value) for index, value in enumerate(node)]
    return None


def _inside(path: str, step: str) -> str:
    """Return the path one step further in, unless it is longer already than is ever shown."""
    return path if len(path) > LONGEST_ECHO else f"{path}{step}".removeprefix(".")


def _refused(problem: str) -> InvalidError:
    """Say in our words what msgspec found."""
    parts = _PROBLEM.match(problem)
    what, path = (parts["what"], parts["path"] or "") if parts else (problem, "")
    if field := _FIELD.match(what):
        name = _inside(path, f".{_shown(field['name']) or EMPTY}")
        if field["problem"] == "missing required":
            return InvalidError(name, "required", "is required")
        return InvalidError(name, "unknown_field", "is not a field of this request")
    if expected := _EXPECTED.match(what):
        kinds = [_WORDS.get(kind, kind) for kind in expected["expected"].split(" | ")]
        wanted = " or ".join(kind for kind in kinds if kind != "null")
        got = _WORDS.get(expected["got"], expected["got"])
        return InvalidError(path or BODY, "type", f"must be {wanted}, not {got}")
    if what in _OUT_OF_RANGE:
        return InvalidError(path or BODY, "range", "is too large a number")
    return InvalidError(path or BODY, "type", what)


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST_ECHO else name[:LONGEST_ECHO] + "…"
