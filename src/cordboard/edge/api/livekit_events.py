"""``POST /livekit/events``: what LiveKit tells. It has credentials of its own: LiveKit's keys.

The route is there where a LiveKit is configured. Customers do not call it, so the description of
the API does not show it.
"""

from litestar import Response, post

from cordboard.edge.api.body import received
from cordboard.edge.api.caller import header
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.refusals import RouteNotFoundError
from cordboard.routing.events import LARGEST_EVENT, parsed_event, verified_hash


@post("/livekit/events", status_code=200)
async def receive_event(request: HTTPRequest) -> Response[bytes]:
    """Take an event; it is acknowledged once it is on disk, and LiveKit repeats what is not."""
    context = context_of(request)
    if context.answering is None:
        raise RouteNotFoundError("No LiveKit is configured, so no events are taken")
    token = header(request, b"authorization") or ""
    expected_hash = verified_hash(token, context.answering.secrets)
    event = parsed_event(await received(request, LARGEST_EVENT), expected_hash)
    if event is not None:
        await context.answering.take(event)
    return Response(b"", media_type="text/plain")
