"""``POST /livekit/events``: what LiveKit tells. It has credentials of its own: LiveKit's keys.

The route is there where a LiveKit is configured. Customers do not call it, so the description of
the API does not show it. Seven events come of each call, so it is a plain ASGI handler: the
framework's way from a request to a function was measured at 50 µs for each.
"""

from litestar import Request, asgi
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.types import Receive, Scope, Send

from cordboard.edge.api.body import received
from cordboard.edge.api.caller import header
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.refusals import RouteNotFoundError
from cordboard.routing.event_token import verified_hash
from cordboard.routing.events import LARGEST_EVENT, parsed_event

_HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"0")]


@asgi("/livekit/events", copy_scope=False)
async def receive_event(scope: Scope, receive: Receive, send: Send) -> None:
    """Take an event; it is acknowledged once it is on disk, and LiveKit repeats what is not."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.POST:
        raise MethodNotAllowedException(headers={"allow": HttpMethod.POST.value})
    request: HTTPRequest = Request(scope, receive=receive, send=send)
    answering = context_of(request).answering
    if answering is None:
        raise RouteNotFoundError("No LiveKit is configured, so no events are taken")
    token = header(request, b"authorization") or ""
    expected_hash = verified_hash(token, answering.secrets)
    event = parsed_event(await received(request, LARGEST_EVENT), expected_hash)
    if event is not None:
        await answering.take(event)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
