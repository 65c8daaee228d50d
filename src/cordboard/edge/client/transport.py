"""Requests over HTTP: one connection pool, deadlines, and retries where they are safe."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec

from cordboard.edge.client.errors import (
    ClientError,
    DeadlineError,
    Failure,
    ForeignAnswerError,
    RefusedError,
    UnreachableError,
)
from cordboard.edge.client.request import Answer, Request, Server

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


class Patience(msgspec.Struct, frozen=True):
    """How long to wait for what.

    Attributes:
        connect_s: For one connection to be made.
        total_s: For the answer, all tries and the waits between them included.
        tries: How often a request is sent at most.
        first_wait_s: Before the second try; doubled for each further one.
        longest_wait_s: A server that asks for more than this is not waited for.
    """

    connect_s: float = 5.0
    total_s: float = 30.0
    tries: int = 3
    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0


class _Success(msgspec.Struct):
    message: str
    data: msgspec.Raw


_decode_success = msgspec.json.Decoder(_Success).decode
_decode_failure = msgspec.json.Decoder(Failure).decode


class Transport:
    """Sends requests to one server with one key pair; made by :func:`open_transport`."""

    def __init__(self, session: aiohttp.ClientSession, server: Server, patience: Patience) -> None:
        self._session = session
        self._base = server.url.rstrip("/")
        self._patience = patience

    async def send(self, request: Request[T]) -> Answer[T]:
        """Send a request and return its answer.

        It is sent again, a few times, when that does no harm: after a broken connection, or while
        the server says that it is temporarily unavailable, if it only reads or carries an
        idempotency key; after a connection that was never made, always. Redirects are not
        followed: the key pair is for one address.

        Raises:
            RefusedError: The server answered with a failure.
            UnreachableError: The connection could not be made, or broke.
            DeadlineError: There was no answer in time.
            ForeignAnswerError: What answered is not the API.
        """
        total_s = self._patience.total_s
        try:
            async with asyncio.timeout(total_s):
                for count in range(1, self._patience.tries):
                    try:
                        return await self._send_once(request)
                    except ClientError as error:
                        wait_s = wait_before_retry(error, count, self._patience)
                        if wait_s is None:
                            raise
                    await asyncio.sleep(wait_s)
                return await self._send_once(request)
        except TimeoutError:
            raise DeadlineError(request, total_s) from None

    async def _send_once(self, request: Request[T]) -> Answer[T]:
        try:
            async with self._session.request(
                request.method,
                _url(self._base, request),
                data=None if request.body is None else _encode(request.body),
                headers=_headers(request),
                allow_redirects=False,
            ) as response:
                raw = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise UnreachableError(request, _reason(error), was_sent=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableError(request, _reason(error), was_sent=True) from error
        return _read(request, response.status, response.headers, raw)


@asynccontextmanager
async def open_transport(
    server: Server, patience: Patience | None = None
) -> AsyncIterator[Transport]:
    """Open a connection pool to a server; it is closed at the end of the block."""
    patience = patience or Patience()
    async with aiohttp.ClientSession(
        headers={
            "X-API-KEY": server.api_key,
            "X-API-SECRET": server.api_secret,
            "Accept": "application/json",
            "User-Agent": "cordboard",
        },
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=patience.connect_s),
        # A request without a body has no type; aiohttp would call it application/octet-stream.
        skip_auto_headers=("Content-Type",),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield Transport(session, server, patience)


def wait_before_retry(error: ClientError, tries: int, patience: Patience) -> float | None:
    """Return how many seconds to wait before a request is sent again, or None if it must not be.

    Args:
        error: How the last try failed.
        tries: How often it has been sent.
        patience: The limits of waiting.
    """
    wait_s = patience.first_wait_s * 2.0 ** (tries - 1)
    match error:
        case UnreachableError(was_sent=False):
            return wait_s
        case UnreachableError() if error.request.is_repeatable:
            return wait_s
        case RefusedError(status=HTTPStatus.SERVICE_UNAVAILABLE, retry_after_s=float(asked_s)) if (
            error.request.is_repeatable
        ):
            return asked_s if asked_s <= patience.longest_wait_s else None
    return None


def _url(base: str, request: Request[Any]) -> str:
    given = {name: value for name, value in request.query.items() if value is not None}
    return f"{base}{request.path}?{urlencode(given)}" if given else base + request.path


def _headers(request: Request[Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if request.if_match is not None:
        headers["If-Match"] = request.if_match
    if request.idempotency_key is not None:
        headers["Idempotency-Key"] = request.idempotency_key
    return headers


def _read(request: Request[T], status: int, headers: Mapping[str, str], raw: bytes) -> Answer[T]:
    try:
        if status == HTTPStatus.OK:
            success = _decode_success(raw)
            return Answer(
                data=msgspec.json.decode(success.data, type=request.answer),
                raw=bytes(success.data),
                message=success.message,
                is_write=request.is_write,
                etag=headers.get("ETag"),
                is_replay=headers.get("Idempotency-Replayed") == "true",
            )
        failure = _decode_failure(raw)
    except msgspec.ValidationError as error:
        raise ForeignAnswerError(request, status, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        content_type = headers.get("Content-Type", "no content type")
        raise ForeignAnswerError(request, status, content_type) from error
    except RecursionError as error:
        raise ForeignAnswerError(request, status, "JSON that is nested too deep") from error
    raise RefusedError(request, status, failure, _seconds(headers.get("Retry-After")))


def _seconds(retry_after: str | None) -> float | None:
    """Return ``Retry-After`` in seconds; the server never sends the form that is a date."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None


def _reason(error: Exception) -> str:
    """Return why there is no answer, in the words of the operating system where it has some."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not accepted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"it does not speak TLS ({error.os_error.strerror})"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0
        return os.strerror(number) if number > 0 else error.os_error.strerror or str(error.os_error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    return str(error) or "the connection broke"
