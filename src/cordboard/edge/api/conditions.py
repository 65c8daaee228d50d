"""The request headers that make a write conditional or repeatable."""

import re

from cordboard.edge.api.caller import header
from cordboard.edge.api.context import HTTPRequest
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.idempotency import IdempotencyKey

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_ETAGS = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def idempotency_key(request: HTTPRequest, body: bytes) -> IdempotencyKey | None:
    """Return the request's ``Idempotency-Key`` with its scope, or None when there is none.

    Raises:
        InvalidError: It is not 1–255 printable ASCII characters.
    """
    key = header(request, b"idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        reason = "must be 1 to 255 printable ASCII characters"
        raise InvalidError("Idempotency-Key", "idempotency_key", reason)
    return IdempotencyKey(f"{request.scope['method']} {request.scope['path']}", key, body)


def if_match(request: HTTPRequest) -> frozenset[str] | None:
    """Return the strong entity tags of ``If-Match`` (or ``*``), or None without a condition.

    A weak tag never matches (RFC 9110, section 13.1.1), so it is left out.
    """
    values = [value for name, value in request.scope["headers"] if name == b"if-match"]
    if not values:
        return None
    text = b",".join(values).decode("latin-1")
    if text.strip() == "*":
        return frozenset({"*"})
    return frozenset(tag for tag in _ETAGS.findall(text) if not tag.startswith("W/"))
