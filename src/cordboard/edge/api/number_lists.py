"""``GET /api/phone-numbers`` and ``POST /api/phone-numbers/list``: one list, asked for twice."""

from typing import Any

import msgspec
from litestar import Response, get, post

from cordboard.edge.api import number_docs as docs
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.list_shapes import (
    FilterCriteria,
    NumberListRequest,
    checked_query,
    number_list,
)
from cordboard.edge.api.query import integer, read_query
from cordboard.numbers.store import NumberQuery, list_numbers
from cordboard.runtime.ids import OrganizationId

_list_body = msgspec.json.Decoder(NumberListRequest)
_PARAMETERS = tuple(parameter.name for parameter in docs.LIST_QUERY)


@get("/api/phone-numbers", operation=docs.LIST)
async def list_by_query(request: HTTPRequest) -> Response[bytes]:
    """List numbers, filters in the query."""
    actor = await authenticate(request, docs.READ)
    sent = read_query(request, *_PARAMETERS)
    asked = NumberListRequest(
        page=integer(sent, "page"),
        limit=integer(sent, "limit"),
        sort_by=sent.get("sort_by"),
        sort_order=sent.get("sort_order"),
        filter_criteria=FilterCriteria(
            sent.get("nickname"), integer(sent, "area_code"), sent.get("agent_id")
        ),
    )
    query = checked_query(asked)
    filters: dict[str, Any] = msgspec.to_builtins(query.filter)
    return await _answer(request, actor.organization_id, query, filters)


@post("/api/phone-numbers/list", status_code=200, operation=docs.LIST_BY_POST)
async def list_by_body(request: HTTPRequest) -> Response[bytes]:
    """List numbers, filters in the body."""
    actor = await authenticate(request, docs.READ)
    asked = decode(await raw_body(request) or b"{}", _list_body)
    read_query(request)
    query = checked_query(asked, "filter_criteria.")
    return await _answer(request, actor.organization_id, query, None)


async def _answer(
    request: HTTPRequest,
    organization_id: OrganizationId,
    query: NumberQuery,
    filters: dict[str, Any] | None,
) -> Response[bytes]:
    db = context_of(request).db
    look = db.read if query.is_cheap else db.scan
    page = await look(list_numbers, organization_id, query)
    return respond(docs.LIST.message, number_list(organization_id, query, page, filters))
