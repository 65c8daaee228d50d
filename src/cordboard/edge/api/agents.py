"""``/api/agents``: create, show, change, copy and delete an agent."""

from functools import partial

import msgspec
from litestar import Response, delete, get, patch, post

from cordboard.agents import operations, store
from cordboard.agents.model import Agent, checked_agent, checked_agent_name, checked_changes
from cordboard.edge.api import agent_docs as docs
from cordboard.edge.api.agent_path import agent_in_path
from cordboard.edge.api.agent_shapes import (
    CreateAgent,
    DeletedAgent,
    DuplicateAgent,
    UpdateAgent,
    agent_answer,
    agent_details,
)
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.conditions import idempotency_key
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import answered, respond, success
from cordboard.edge.api.query import check_choice, read_query
from cordboard.provisioning.delete_agent import delete_agent as delete_with_bindings
from cordboard.runtime.idempotency import Answer, once

_create_body = msgspec.json.Decoder(CreateAgent)
_update_body = msgspec.json.Decoder(UpdateAgent)
_duplicate_body = msgspec.json.Decoder(DuplicateAgent)


def _rendered(message: str, agent: Agent) -> Answer:
    return Answer(success(message, agent_answer(agent)))


_created = partial(_rendered, docs.CREATE.message)
_duplicated = partial(_rendered, docs.DUPLICATE.message)


@post("/api/agents/create", status_code=200, operation=docs.CREATE)
async def create_agent(request: HTTPRequest) -> Response[bytes]:
    """Create an agent with version 1."""
    actor = await authenticate(request, docs.WRITE)
    raw = await raw_body(request)
    given = decode(raw, _create_body).given()
    read_query(request)
    create = once(operations.create_agent, idempotency_key(request, raw), _created)
    return answered(await context_of(request).db.write(create, actor, checked_agent(given)))


@get("/api/agents/{agent_id:str}", operation=docs.GET)
async def get_agent(request: HTTPRequest) -> Response[bytes]:
    """Show an agent in its newest version."""
    return await _shown(request, docs.GET.message)


@get("/api/agents/{agent_id:str}/full", operation=docs.GET_FULL)
async def get_full_agent(request: HTTPRequest) -> Response[bytes]:
    """Show an agent in its newest version, as the older pages ask for it."""
    return await _shown(request, docs.GET_FULL.message)


async def _shown(request: HTTPRequest, message: str) -> Response[bytes]:
    actor = await authenticate(request, docs.READ)
    read_query(request)
    agent_id = agent_in_path(request, actor)
    agent = await context_of(request).db.read(store.get_agent, actor.organization_id, agent_id)
    return respond(message, agent_details(agent))


@patch("/api/agents/{agent_id:str}", operation=docs.UPDATE)
async def update_agent(request: HTTPRequest) -> Response[bytes]:
    """Change what is sent, leave the rest."""
    actor = await authenticate(request, docs.WRITE)
    given = decode(await raw_body(request), _update_body).given()
    read_query(request)
    changes = checked_changes(given)
    agent_id = agent_in_path(request, actor)
    agent = await context_of(request).db.write(operations.update_agent, actor, agent_id, changes)
    return respond(docs.UPDATE.message, agent_answer(agent))


@delete("/api/agents/{agent_id:str}", status_code=200, operation=docs.DELETE)
async def delete_agent(request: HTTPRequest) -> Response[bytes]:
    """Delete an agent; with ``force=true`` also when numbers are bound to it."""
    actor = await authenticate(request, docs.WRITE)
    force = read_query(request, "force").get("force")
    is_forced = check_choice(force, "force", "false", ("true", "false")) == "true"
    agent_id = agent_in_path(request, actor)
    await context_of(request).db.write_long(
        delete_with_bindings, actor, agent_id, unbinds_numbers=is_forced
    )
    return respond(docs.DELETE.message, DeletedAgent(agent_id, actor.organization_id))


@post("/api/agents/{agent_id:str}/duplicate", status_code=200, operation=docs.DUPLICATE)
async def duplicate_agent(request: HTTPRequest) -> Response[bytes]:
    """Copy the newest version of an agent into a new one."""
    actor = await authenticate(request, docs.WRITE)
    raw = await raw_body(request)
    agent_name = checked_agent_name(decode(raw, _duplicate_body).agent_name)
    read_query(request)
    duplicate = once(operations.duplicate_agent, idempotency_key(request, raw), _duplicated)
    agent_id = agent_in_path(request, actor)
    return answered(await context_of(request).db.write(duplicate, actor, agent_id, agent_name))
