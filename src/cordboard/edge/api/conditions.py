"""The request headers that make a write conditional or repeatable."""

import re

from cordboard.edge.api.caller import BLANKS
from cordboard.edge.api.context import HTTPRequest
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.idempotency import IdempotencyKey

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ETAGS = re.compile(_TAG)
_LIST = re.compile(rf"[ \t,]*(?:{_TAG}[ \t]*(?:,[ \t,]*|$))*")


def idempotency_key(request: HTTPRequest, body: bytes) -> IdempotencyKey | None:
    """Return the request's ``Idempotency-Key`` with its scope, or None when there is none.

    Raises:
        InvalidError: It is not 1–255 printable ASCII characters, or stands there twice.
    """
    keys = _values(request, b"idempotency-key")
    if not keys:
        return None
    if len(keys) > 1:
        raise InvalidError("Idempotency-Key", "idempotency_key", "must be given once, not twice")
    if not _KEY.fullmatch(keys[0]):
        reason = "must be 1 to 255 printable ASCII characters"
        raise InvalidError("Idempotency-Key", "idempotency_key", reason)
    # Routing overlooks doubled and trailing slashes, so they do not make it another path.
    path = "/".join(part for part in request.scope["path"].split("/") if part)
    return IdempotencyKey(f"{request.scope['method']} /{path}", keys[0], body)


def if_match(request: HTTPRequest) -> frozenset[str] | None:
    """Return the strong entity tags of ``If-Match`` (or ``*``), or None without a condition.

    A weak tag never matches (RFC 9110, section 13.1.1), so it is left out; a header of another
    form matches nothing.
    """
    tags = _entity_tags(request, b"if-match")
    return None if tags is None else frozenset(tag for tag in tags if not tag.startswith("W/"))


def if_none_match(request: HTTPRequest) -> frozenset[str]:
    """Return the entity tags of ``If-None-Match`` (or ``*``), weak ones as if they were strong.

    Its comparison is weak (RFC 9110, section 13.1.2); a header of another form matches nothing.
    """
    tags = _entity_tags(request, b"if-none-match") or frozenset()
    return frozenset(tag.removeprefix("W/") for tag in tags)


def _entity_tags(request: HTTPRequest, name: bytes) -> frozenset[str] | None:
    """Return the entity tags of a header as they stand there, or None when there is none."""
    values = _values(request, name)
    if not values:
        return None
    text = ",".join(values)
    if text.strip() == "*":
        return frozenset({"*"})
    if not _LIST.fullmatch(text):
        return frozenset()
    return frozenset(_ETAGS.findall(text))


def _values(request: HTTPRequest, name: bytes) -> list[str]:
    """Return all values of a header (name in lower case), in their order."""
    headers = request.scope["headers"]
    return [value.strip(BLANKS).decode("latin-1") for key, value in headers if key == name]
