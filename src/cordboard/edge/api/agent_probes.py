"""``POST /api/agents/{agent_id}/probe``: whether a worker serves a version, by trying."""

import msgspec
from litestar import Response, post

from cordboard.edge.api import agent_docs as docs
from cordboard.edge.api.agent_path import agent_in_path
from cordboard.edge.api.agent_probe_shapes import ProbeAgent, probe_answer
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.conditions import idempotency_key
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import answered, success
from cordboard.edge.api.query import read_query
from cordboard.edge.api.refusals import LiveKitNotConfiguredError
from cordboard.provisioning.probe_agent import ProbeReport
from cordboard.provisioning.probe_agent import probe_agent as probed
from cordboard.runtime.idempotency import Answer

_probe_body = msgspec.json.Decoder(ProbeAgent)


@post("/api/agents/{agent_id:str}/probe", status_code=200, operation=docs.PROBE)
async def probe_agent(request: HTTPRequest) -> Response[bytes]:
    """Send for a version's worker in an empty room, and say who came."""
    actor = await authenticate(request, docs.WRITE)
    raw = await raw_body(request)
    version = decode(raw or b"{}", _probe_body).checked()
    read_query(request)
    key = idempotency_key(request, raw)
    agent_id = agent_in_path(request, actor)
    probing = context_of(request).probing
    if probing is None:
        raise LiveKitNotConfiguredError
    return answered(await probed(probing, actor, (agent_id, version), key, _rendered))


def _rendered(report: ProbeReport) -> Answer:
    return Answer(success(docs.PROBE.message, probe_answer(report)))
