"""What is asked of the server and what it answers, as values: nothing here speaks HTTP.

A function of ``numbers.py``, ``calls.py`` or another resource's file makes a :class:`Request`, a
``Transport`` sends it and returns an :class:`Answer`.
"""

import secrets
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

T = TypeVar("T")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
QueryValue = str | int | bool | None


class InvalidServerError(ValueError):
    """A server cannot be spoken to as it is described; the text says which part is wrong."""


class Server(msgspec.Struct, frozen=True):
    """Where the API is, and the key pair that names the organization.

    Attributes:
        url: The base URL, ``http`` or ``https``, with a path only behind a proxy that adds one.
        api_key: The public half, ``sk_…``.
        api_secret: The secret half, ``s3cr3t_…``.
    """

    url: str
    api_key: str
    api_secret: str

    def __post_init__(self) -> None:
        """Refuse what could not be sent.

        Raises:
            InvalidServerError: The URL is none, or a half of the pair cannot stand in a header.
        """
        _check_url(self.url)
        for name, half in (("API key", self.api_key), ("API secret", self.api_secret)):
            if not half or not half.isascii() or not half.isprintable() or " " in half:
                message = f"the {name} is empty or holds characters that no key has"
                raise InvalidServerError(message)

    def __repr__(self) -> str:
        """Show which server and pair it is, and nothing of the secret."""
        return f"Server(url={self.url!r}, api_key={self.api_key!r}, api_secret=***)"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_base = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        message = f"{url!r} is not a URL ({error})"
        raise InvalidServerError(message) from error
    if parts.scheme not in {"http", "https"} or not is_base or not url.isprintable():
        message = f"{url!r} is not an http or https URL, such as http://localhost:8080"
        raise InvalidServerError(message)
    if parts.username is not None or parts.query or parts.fragment:
        message = "the URL must be a base URL: no user, no query, no fragment"
        raise InvalidServerError(message)


class Request(msgspec.Struct, Generic[T], frozen=True):
    """One request.

    Attributes:
        path: From ``/api``, percent-encoded.
        answer: The type of the answer's ``data``.
        query: Parameters; None leaves one out.
        body: A struct or dict that becomes the JSON body; None sends none.
        if_match: The value of ``If-Match`` for a write that must meet a certain revision.
        idempotency_key: Makes repeating a POST safe: the server runs it once per key.
        is_lookup: It is a POST only because what is looked for stands in its body.
    """

    method: Method
    path: str
    answer: type[T]
    query: dict[str, QueryValue] = {}
    body: Any = None
    if_match: str | None = None
    idempotency_key: str | None = None
    is_lookup: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET" and not self.is_lookup

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return not self.is_write or self.idempotency_key is not None


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A successful answer.

    Attributes:
        data: What was asked for; fields that this client does not know are left out.
        raw: The same as JSON, exactly as the server sent it.
        message: What was done, in the server's words.
        is_write: Something may have changed.
        etag: The entity tag of the revision, quotes included, where the answer has one.
        is_replay: The server had run this write before, under the same idempotency key.
    """

    data: T
    raw: bytes
    message: str
    is_write: bool
    etag: str | None = None
    is_replay: bool = False

    def __repr__(self) -> str:
        """Show what was done, and nothing of the data, which may hold a secret."""
        return f"Answer(message={self.message!r})"


def new_idempotency_key() -> str:
    """Return a key that no other write has: 128 random bits."""
    return secrets.token_hex(16)


def path_to(*segments: str) -> str:
    """Return the path below ``/api`` that the segments name, each percent-encoded.

    >>> path_to("phone-numbers", "+14157774444")
    '/api/phone-numbers/%2B14157774444'

    Raises:
        ValueError: A segment is empty or means a folder, so that the path would lead elsewhere.
    """
    for segment in segments:
        if segment in {"", ".", ".."}:
            message = f"{segment!r} is the id of nothing"
            raise ValueError(message)
    return "/".join(("/api", *(quote(segment, safe="") for segment in segments)))
