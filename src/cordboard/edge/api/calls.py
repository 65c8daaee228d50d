"""``/api/calls``: what became of calls, and how to end one."""

from typing import Any

import msgspec
from litestar import Response, delete, get, post, put

from cordboard.calls import operations, store
from cordboard.calls.model import Call, CallNotFoundError
from cordboard.edge.api import call_docs as docs
from cordboard.edge.api.body import LONGEST_ECHO, decode, raw_body
from cordboard.edge.api.call_requests import (
    CallFilterCriteria,
    CallListRequest,
    EndCall,
    UpdateCall,
    checked_query,
    checked_update,
)
from cordboard.edge.api.call_shapes import (
    DeletedCall,
    UpdatedCall,
    call_answer,
    call_context,
    call_details,
    call_list,
    unmatched_calls,
)
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.conditions import idempotency_key
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import answered, respond, success
from cordboard.edge.api.paging import asked_page
from cordboard.edge.api.query import integer, read_query
from cordboard.runtime.actor import Actor
from cordboard.runtime.idempotency import Answer, once

_list_body = msgspec.json.Decoder(CallListRequest)
_update_body = msgspec.json.Decoder(UpdateCall)
_end_body = msgspec.json.Decoder(EndCall)
_PARAMETERS = tuple(parameter.name for parameter in docs.LIST_QUERY)


@get("/api/calls", operation=docs.LIST)
async def list_calls_by_query(request: HTTPRequest) -> Response[bytes]:
    """List calls, filters in the query."""
    actor = await authenticate(request, docs.READ)
    sent = read_query(request, *_PARAMETERS)
    status = sent.get("call_status")
    asked = CallListRequest(
        page=integer(sent, "page"),
        limit=integer(sent, "limit"),
        sort_by=sent.get("sort_by"),
        sort_order=sent.get("sort_order"),
        filter_criteria=CallFilterCriteria(
            call_status=None if status is None else [status],
            agent_id=None if "agent_id" not in sent else [sent["agent_id"]],
        ),
    )
    filters: dict[str, Any] = {
        name: sent[name] for name in ("call_status", "agent_id") if name in sent
    }
    return await _listed(request, actor, checked_query(asked), filters)


@post("/api/calls", status_code=200, operation=docs.LIST_BY_POST)
async def list_calls_by_body(request: HTTPRequest) -> Response[bytes]:
    """List calls, filters in the body."""
    actor = await authenticate(request, docs.READ)
    asked = decode(await raw_body(request) or b"{}", _list_body)
    read_query(request)
    query = checked_query(asked, "filter_criteria.")
    filters: dict[str, Any] = {}
    if asked.filter_criteria is not None:
        sent: dict[str, Any] = msgspec.to_builtins(asked.filter_criteria)
        filters = {name: value for name, value in sent.items() if value is not None}
    return await _listed(request, actor, query, filters)


async def _listed(
    request: HTTPRequest, actor: Actor, query: store.CallQuery, filters: dict[str, Any]
) -> Response[bytes]:
    db = context_of(request).db
    page = await db.scan(store.list_calls, actor.organization_id, query)
    return respond(docs.LIST.message, call_list(query, page, actor.organization_id, filters))


@get("/api/calls/unmatched", operation=docs.UNMATCHED)
async def list_unmatched_calls(request: HTTPRequest) -> Response[bytes]:
    """List calls for which no agent was found, newest first."""
    actor = await authenticate(request, docs.READ)
    number, limit = asked_page(request, 20)
    query = store.CallQuery(page=number, limit=limit)
    db = context_of(request).db
    page = await db.scan(store.list_unmatched, actor.organization_id, query)
    data = unmatched_calls(query, page, actor.organization_id)
    return respond(docs.UNMATCHED.message, data)


@get("/api/calls/{call_id:str}", operation=docs.GET)
async def get_call(request: HTTPRequest) -> Response[bytes]:
    """Show one call with everything Cordboard knows of it."""
    return respond(docs.GET.message, call_details(await _found(request)))


@get("/api/calls/{call_id:str}/context", operation=docs.CONTEXT)
async def get_call_context(request: HTTPRequest) -> Response[bytes]:
    """Show what a call's worker may want to know."""
    return respond(docs.CONTEXT.message, call_context(await _found(request)))


@put("/api/calls/{call_id:str}", status_code=200, operation=docs.UPDATE)
async def update_call(request: HTTPRequest) -> Response[bytes]:
    """Merge notes into those of a call."""
    actor = await authenticate(request, docs.WRITE)
    metadata = checked_update(decode(await raw_body(request), _update_body))
    read_query(request)
    call_id = call_in_path(request, actor)
    db = context_of(request).db
    call = await db.write(operations.update_metadata, actor, call_id, metadata)
    data = UpdatedCall("update", actor.organization_id, call_answer(call))
    return respond(docs.UPDATE.message, data)


@post("/api/calls/{call_id:str}/end", status_code=200, operation=docs.END)
async def end_call(request: HTTPRequest) -> Response[bytes]:
    """End a call that is up."""
    context = context_of(request)
    actor = await authenticate(request, docs.WRITE)
    raw = await raw_body(request)
    decode(raw or b"{}", _end_body)
    read_query(request)
    end = once(operations.end_call, idempotency_key(request, raw), _ended)
    call_id = call_in_path(request, actor)
    answer = await context.db.write(end, actor, call_id)
    if context.answering is not None and not answer.is_replay:
        call = await context.db.read(store.find_call, actor.organization_id, call_id)
        if call is not None:
            context.answering.notice(call)
    return answered(answer)


def _ended(call: Call) -> Answer:
    return Answer(success(docs.END.message, call_details(call)))


@delete("/api/calls/{call_id:str}", status_code=200, operation=docs.DELETE)
async def delete_call(request: HTTPRequest) -> Response[bytes]:
    """Delete the record of a call that has ended."""
    actor = await authenticate(request, docs.WRITE)
    read_query(request)
    call_id = call_in_path(request, actor)
    await context_of(request).db.write(operations.delete_call, actor, call_id)
    return respond(docs.DELETE.message, DeletedCall(call_id, actor.organization_id))


async def _found(request: HTTPRequest) -> Call:
    actor = await authenticate(request, docs.READ)
    read_query(request)
    call_id = call_in_path(request, actor)
    call = await context_of(request).db.read(store.find_call, actor.organization_id, call_id)
    if call is None:
        raise CallNotFoundError(actor.organization_id, call_id)
    return call


def call_in_path(request: HTTPRequest, actor: Actor) -> str:
    """Return the id of the call in the path.

    Raises:
        CallNotFoundError: No call can have such an id.
    """
    text: str = request.scope["path_params"]["call_id"]
    if len(text) > LONGEST_ECHO:
        raise CallNotFoundError(actor.organization_id, f"{text[:LONGEST_ECHO]}…")
    if "\0" in text:
        raise CallNotFoundError(actor.organization_id, text.replace("\0", ""))
    return text
