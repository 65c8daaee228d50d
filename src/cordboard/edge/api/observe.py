"""The outermost layer: a request id for every answer, and what an operator counts.

Paths hold phone numbers, so metrics and logs name the route's template instead.
"""

import logging
import secrets
from collections.abc import Iterable
from itertools import count
from time import perf_counter
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from cordboard.runtime.telemetry.metrics import HTTP_REQUESTS, HTTP_SECONDS

log = structlog.get_logger(__name__)

UNKNOWN_ROUTE = "unknown"
LONGEST_PATH = 4096
NOWHERE = "/\ufffd"
"""Where longer paths lead: the framework keeps every path it has seen, whoever asked for it."""

NOT_KEPT = (b"cache-control", b"no-store")
"""What an answer says unless it knows better: a cache between us and the client recognises
`Authorization` as a credential (RFC 9111, section 3.5), not X-API-KEY."""

_process = secrets.token_hex(8)
_serial = count(1)


def next_request_id() -> str:
    """Return an id that no other request has: random for the process, then a serial number."""
    return f"req_{_process}{next(_serial):08x}"


class _Counts:
    """Counts answers; looking a labelled metric up each time costs more than counting."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def add(self, scope: Scope, status: int, seconds: float) -> None:
        route = str(scope.get("path_template") or UNKNOWN_ROUTE)
        method = "any" if route == UNKNOWN_ROUTE else str(scope.get("method"))
        metrics = self._known.get((method, route, status))
        if metrics is None:
            metrics = (
                HTTP_REQUESTS.labels(method, route, str(status)),
                HTTP_SECONDS.labels(method, route),
            )
            self._known[method, route, status] = metrics
        metrics[0].inc()
        metrics[1].observe(seconds)


def _completed(
    headers: Iterable[tuple[bytes, bytes]], request_id: str
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that every answer has."""
    result = [*headers, (b"x-request-id", request_id.encode())]
    for name, _ in result:
        if name == NOT_KEPT[0]:
            return result
    result.append(NOT_KEPT)
    return result


def _tell(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    log.debug(
        "request_answered",
        request_id=request_id,
        method=scope.get("method"),
        route=scope.get("path_template"),
        status=status,
        seconds=round(seconds, 6),
    )


def observed(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that each answer carries ``X-Request-Id`` and is counted."""
    counts = _Counts()
    is_told = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)

    async def observe(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = perf_counter()
        request_id = next_request_id()
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        if len(scope["path"]) > LONGEST_PATH:
            scope["path"] = NOWHERE
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message["headers"], request_id)
            await send(message)

        try:
            await app(scope, receive, send_observed)
        finally:
            seconds = perf_counter() - started
            counts.add(scope, status, seconds)
            if is_told:
                _tell(scope, request_id, status, seconds)

    return observe
