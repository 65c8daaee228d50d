"""``/api/calls/{call_id}/schedule``: calls that wait for their time."""

import msgspec
from litestar import Response, delete, put

from cordboard.calls.outbound.scheduling import cancel_schedule, reschedule_call
from cordboard.edge.api import call_schedule_docs as docs
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.call_docs import WRITE
from cordboard.edge.api.call_schedule_fields import checked_time
from cordboard.edge.api.call_schedule_shapes import UpdateSchedule, moved_call, unscheduled_call
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.calls import call_in_path
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.query import read_query

PATH = "/api/calls/{call_id:str}/schedule"

_body = msgspec.json.Decoder(UpdateSchedule)


@put(PATH, status_code=200, operation=docs.MOVE)
async def move_scheduled_call(request: HTTPRequest) -> Response[bytes]:
    """Let a call wait for another time."""
    actor = await authenticate(request, WRITE)
    asked = decode(await raw_body(request), _body)
    at_ms = checked_time(asked.scheduled_timestamp)
    read_query(request)
    call_id = call_in_path(request, actor)
    db = context_of(request).db
    call, previous_ms = await db.write(reschedule_call, actor, call_id, at_ms)
    return respond(docs.MOVE.message, moved_call(call, previous_ms, at_ms))


@delete(PATH, status_code=200, operation=docs.CANCEL)
async def cancel_scheduled_call(request: HTTPRequest) -> Response[bytes]:
    """End a call before it is made."""
    actor = await authenticate(request, WRITE)
    read_query(request)
    call_id = call_in_path(request, actor)
    db = context_of(request).db
    call, previous_ms = await db.write(cancel_schedule, actor, call_id)
    return respond(docs.CANCEL.message, unscheduled_call(call, previous_ms))
