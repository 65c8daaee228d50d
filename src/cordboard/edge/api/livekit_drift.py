"""``GET /api/livekit/drift``: how LiveKit differs from what it should be, in words."""

from litestar import Response, get

from cordboard.edge.api import livekit_drift_docs as docs
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.livekit_drift_shapes import livekit_drift
from cordboard.edge.api.query import read_query
from cordboard.edge.api.refusals import LiveKitNotConfiguredError
from cordboard.organizations.model import ADMIN


@get("/api/livekit/drift", operation=docs.DRIFT)
async def show_drift(request: HTTPRequest) -> Response[bytes]:
    """Compare LiveKit with the estate, and show what concerns the organization or everybody."""
    actor = await authenticate(request, ADMIN)
    read_query(request)
    find_drift = context_of(request).find_drift
    if find_drift is None:
        raise LiveKitNotConfiguredError
    data = livekit_drift(actor.organization_id, await find_drift())
    return respond(docs.DRIFT.message, data)
