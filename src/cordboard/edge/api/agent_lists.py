"""``GET`` and ``POST /api/agents``: one list, asked for twice."""

import msgspec
from litestar import Response, get, post

from cordboard.agents.store import list_agents
from cordboard.edge.api import agent_docs as docs
from cordboard.edge.api.agent_list_shapes import AgentListRequest, agent_list, checked_query
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.query import integer, read_query
from cordboard.runtime.ids import OrganizationId

_list_body = msgspec.json.Decoder(AgentListRequest)
_PARAMETERS = tuple(parameter.name for parameter in docs.LIST_QUERY)


@get("/api/agents", operation=docs.LIST)
async def list_agents_by_query(request: HTTPRequest) -> Response[bytes]:
    """List agents."""
    actor = await authenticate(request, docs.READ)
    sent = read_query(request, *_PARAMETERS)
    asked = AgentListRequest(
        page=integer(sent, "page"),
        limit=integer(sent, "limit"),
        sort_by=sent.get("sort_by"),
        sort_order=sent.get("sort_order"),
    )
    return await _answer(request, actor.organization_id, asked)


@post("/api/agents", status_code=200, operation=docs.LIST_BY_POST)
async def list_agents_by_body(request: HTTPRequest) -> Response[bytes]:
    """List agents, filters in the body."""
    actor = await authenticate(request, docs.READ)
    asked = decode(await raw_body(request) or b"{}", _list_body)
    read_query(request)
    return await _answer(request, actor.organization_id, asked)


async def _answer(
    request: HTTPRequest, organization_id: OrganizationId, asked: AgentListRequest
) -> Response[bytes]:
    query = checked_query(asked)
    page = await context_of(request).db.scan(list_agents, organization_id, query)
    return respond(docs.LIST.message, agent_list(organization_id, query, page))
