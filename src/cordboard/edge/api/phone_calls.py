"""``POST /api/calls/create-phone-call``: a number of the organization calls somebody."""

import msgspec
from litestar import Response, post

from cordboard.calls.model import Call
from cordboard.calls.outbound.model import CallRules
from cordboard.calls.outbound.operations import place_call
from cordboard.calls.outbound.scheduling import schedule_call
from cordboard.edge.api import phone_call_docs as docs
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.call_docs import WRITE
from cordboard.edge.api.call_schedule_fields import checked_time
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.conditions import idempotency_key
from cordboard.edge.api.context import Context, HTTPRequest, context_of
from cordboard.edge.api.envelope import answered, success
from cordboard.edge.api.phone_call_shapes import (
    CreatePhoneCall,
    checked_phone_call,
    created_phone_call,
)
from cordboard.edge.api.query import read_query
from cordboard.runtime.idempotency import Answer, once

_body = msgspec.json.Decoder(CreatePhoneCall)


@post("/api/calls/create-phone-call", status_code=200, operation=docs.CREATE)
async def create_phone_call(request: HTTPRequest) -> Response[bytes]:
    """Take a call that is to be made, now or at its time, and see to it in the background."""
    context = context_of(request)
    actor = await authenticate(request, WRITE)
    raw = await raw_body(request)
    asked = decode(raw, _body)
    read_query(request)
    wanted = checked_phone_call(asked)
    key = idempotency_key(request, raw)
    if asked.scheduled_timestamp is not None:
        at_ms = checked_time(asked.scheduled_timestamp)
        schedule = once(schedule_call, key, _rendered)
        return answered(await context.db.write(schedule, actor, wanted, at_ms, _rules(context)))
    place = once(place_call, key, _rendered)
    answer = await context.db.write(place, actor, wanted, _rules(context))
    if context.answering is not None:
        context.answering.look_for_outbound()
    return answered(answer)


def _rendered(call: Call) -> Answer:
    return Answer(success(docs.CREATE.message, created_phone_call(call)))


def _rules(context: Context) -> CallRules:
    if context.answering is None:
        return CallRules(None, 0, context.number_rules.requires_registered_agents)
    rules = context.answering.outbound_rules
    return msgspec.structs.replace(rules, max_scheduled_calls=context.max_scheduled_calls)
