"""``/api/phone-numbers``: the published endpoints and the history of one number."""

from functools import partial
from typing import Any

import msgspec
from litestar import Response, delete, get, patch, post

from cordboard.edge.api import number_docs as docs
from cordboard.edge.api.body import LONGEST_ECHO, decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.conditions import idempotency_key, if_match
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import answered, respond, success
from cordboard.edge.api.number_shapes import (
    AvailableNumbers,
    CreateNumber,
    DeletedNumber,
    UpdateNumber,
    available_number,
    cleanup_results,
    number_answer,
    number_details,
    provisioned_details,
    revision,
)
from cordboard.edge.api.paging import asked_page, pagination
from cordboard.edge.api.query import read_query
from cordboard.numbers import operations, store
from cordboard.numbers.e164 import E164, is_written_as_e164
from cordboard.numbers.model import (
    Number,
    NumberNotFoundError,
    checked_changes,
    checked_registration,
)
from cordboard.provisioning.await_cleanup import await_cleanup
from cordboard.routing.store import find_standing
from cordboard.runtime.actor import Actor
from cordboard.runtime.idempotency import Answer, once

_create_body = msgspec.json.Decoder(CreateNumber)
_update_body = msgspec.json.Decoder(UpdateNumber)


def _rendered(message: str, number: Number) -> Answer:
    return Answer(success(message, number_answer(number)), number.etag)


def _named(request: HTTPRequest, actor: Actor) -> E164:
    """Return the number in the path.

    Raises:
        NumberNotFoundError: It has not the form of E.164, so nobody has it.
    """
    text = request.scope["path_params"]["phone_number"]
    if not is_written_as_e164(text):
        shown = text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}…"
        raise NumberNotFoundError(actor.organization_id, shown)
    return E164(text)


_created = partial(_rendered, docs.CREATE.message)
_updated = partial(_rendered, docs.UPDATE.message)


@post("/api/phone-numbers/create", status_code=200, operation=docs.CREATE)
async def create_number(request: HTTPRequest) -> Response[bytes]:
    """Register a number and bind it to its agents."""
    context = context_of(request)
    actor = await authenticate(request, "numbers:write")
    raw = await raw_body(request)
    given = decode(raw, _create_body).given()
    read_query(request)
    new = checked_registration(given, context.number_rules)
    create = once(operations.create_number, idempotency_key(request, raw), _created)
    return answered(await context.db.write(create, actor, new, context.number_rules))


@get("/api/phone-numbers/available", operation=docs.AVAILABLE)
async def list_available_numbers(request: HTTPRequest) -> Response[bytes]:
    """List the numbers that are bound to no agent at all, newest first."""
    actor = await authenticate(request, "numbers:read")
    read_query(request)
    db = context_of(request).db
    numbers = await db.scan(store.list_available_numbers, actor.organization_id)
    items = [available_number(number) for number in numbers]
    data = AvailableNumbers(actor.organization_id, len(items), items)
    return respond(docs.AVAILABLE.message, data)


@get("/api/phone-numbers/{phone_number:str}", operation=docs.GET)
async def get_number(request: HTTPRequest) -> Response[bytes]:
    """Show one number with everything Cordboard knows of it."""
    actor = await authenticate(request, "numbers:read")
    read_query(request)
    phone_number = _named(request, actor)
    context = context_of(request)
    number = await context.db.read(store.get_number, actor.organization_id, phone_number)
    details = number_details(number)
    if context.has_livekit:
        state = await context.db.read(
            find_standing, actor.organization_id, number, context.makes_pairs
        )
        details = provisioned_details(number, state)
    return respond(docs.GET.message, details, number.etag)


@patch("/api/phone-numbers/{phone_number:str}", operation=docs.UPDATE)
async def update_number(request: HTTPRequest) -> Response[bytes]:
    """Change what is sent, leave the rest."""
    context = context_of(request)
    actor = await authenticate(request, "numbers:write")
    given = decode(await raw_body(request), _update_body).given()
    read_query(request)
    changes = checked_changes(given, context.number_rules)
    number = await context.db.write(
        operations.update_number,
        actor,
        _named(request, actor),
        changes,
        if_match(request),
        context.number_rules,
    )
    return answered(_updated(number))


@delete("/api/phone-numbers/{phone_number:str}", status_code=200, operation=docs.DELETE)
async def delete_number(request: HTTPRequest) -> Response[bytes]:
    """Take a number out of every route. Nothing is released at the carrier."""
    actor = await authenticate(request, "numbers:write")
    read_query(request)
    phone_number = _named(request, actor)
    context = context_of(request)
    number = await context.db.write(
        operations.delete_number, actor, phone_number, if_match(request)
    )
    left = None
    if context.has_livekit:
        left = await await_cleanup(context.db, actor.organization_id, number.registration_id)
    data = DeletedNumber(phone_number, actor.organization_id, cleanup_results(left))
    return respond(docs.DELETE.message, data)


@get("/api/phone-numbers/{phone_number:str}/history", operation=docs.HISTORY)
async def show_history(request: HTTPRequest) -> Response[bytes]:
    """Show what happened to a number in this organization, newest first."""
    actor = await authenticate(request, "numbers:read")
    page, limit = asked_page(request, 50)
    phone_number = _named(request, actor)
    changes, total = await context_of(request).db.scan(
        store.list_history, actor.organization_id, phone_number, page, limit
    )
    data: dict[str, Any] = {
        "phone_number": phone_number,
        "revisions": [revision(change) for change in changes],
        "pagination": pagination(page, limit, total),
    }
    return respond(docs.HISTORY.message, data)
