"""``POST /api/route/explain``: who would answer, and why, without a call."""

import msgspec
from litestar import Response, post

from cordboard.calls.unserved import find_unserved
from cordboard.edge.api import route_docs as docs
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.query import read_query
from cordboard.edge.api.route_shapes import ExplainRoute, checked_call, explanation
from cordboard.routing.model import Accepted, decide
from cordboard.routing.store import find_facts

_explain_body = msgspec.json.Decoder(ExplainRoute)


@post("/api/route/explain", status_code=200, operation=docs.EXPLAIN)
async def explain_route(request: HTTPRequest) -> Response[bytes]:
    """Decide about a call as if it rang, with the organization's own numbers."""
    context = context_of(request)
    actor = await authenticate(request, docs.READ)
    asked = decode(await raw_body(request), _explain_body)
    read_query(request)
    call = checked_call(asked, context.clock())
    facts = await context.db.read(find_facts, call.dialled, actor.organization_id)
    decision = decide(call, facts)
    targets = decision.targets if isinstance(decision, Accepted) else ()
    unserved = await context.db.read(find_unserved, actor.organization_id, targets)
    return respond(docs.EXPLAIN.message, explanation(call, decision, unserved))
