"""Versions of an agent: publish the newest, list them, show one to its worker."""

import msgspec
from litestar import Response, get, post

from cordboard.agents import operations, store
from cordboard.agents.model import Agent
from cordboard.edge.api import agent_docs as docs
from cordboard.edge.api.agent_path import agent_in_path
from cordboard.edge.api.agent_shapes import PublishAgent, agent_details
from cordboard.edge.api.agent_version_shapes import VersionList, version_answer, version_item
from cordboard.edge.api.body import LONGEST_ECHO, decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.conditions import idempotency_key, if_none_match
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import answered, respond, success
from cordboard.edge.api.query import read_query
from cordboard.runtime.idempotency import Answer, once

# RFC 8246. `private`, because shared caches know nothing of the key pair's headers.
IMMUTABLE = "private, max-age=31536000, immutable"

_publish_body = msgspec.json.Decoder(PublishAgent)


def _published(agent: Agent) -> Answer:
    return Answer(success(docs.PUBLISH.message, agent_details(agent)))


@post("/api/agents/{agent_id:str}/publish", status_code=200, operation=docs.PUBLISH)
async def publish_agent(request: HTTPRequest) -> Response[bytes]:
    """Freeze the newest version of an agent."""
    actor = await authenticate(request, docs.WRITE)
    raw = await raw_body(request)
    decode(raw or b"{}", _publish_body)
    read_query(request)
    publish = once(operations.publish_agent, idempotency_key(request, raw), _published)
    agent_id = agent_in_path(request, actor)
    return answered(await context_of(request).db.write(publish, actor, agent_id))


@get("/api/agents/{agent_id:str}/versions", operation=docs.VERSIONS)
async def list_versions(request: HTTPRequest) -> Response[bytes]:
    """List the versions of an agent, newest first."""
    actor = await authenticate(request, docs.READ)
    read_query(request)
    agent_id = agent_in_path(request, actor)
    db = context_of(request).db
    versions = await db.scan(store.list_versions, actor.organization_id, agent_id)
    data = VersionList(agent_id, [version_item(version) for version in versions])
    return respond(docs.VERSIONS.message, data)


@get("/api/agents/{agent_id:str}/versions/{version:str}", operation=docs.VERSION)
async def get_version(request: HTTPRequest) -> Response[bytes]:
    """Show one version whole; once published it never changes, so whoever has it may keep it."""
    actor = await authenticate(request, docs.READ)
    read_query(request)
    agent_id = agent_in_path(request, actor)
    named = request.scope["path_params"]["version"][:LONGEST_ECHO]
    version = await context_of(request).db.read(
        store.get_version, actor.organization_id, agent_id, named
    )
    response = respond(docs.VERSION.message, version_answer(version), version.etag)
    if version.etag is not None:
        response.set_header("Cache-Control", IMMUTABLE)
        if if_none_match(request) & {"*", version.etag}:
            response.status_code = 304
            response.content = b""
    return response
