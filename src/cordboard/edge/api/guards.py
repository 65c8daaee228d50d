"""``/api/organizations/{organization_id}/outbound-guards``: what guards outbound calls."""

from typing import Any

import msgspec
from litestar import Response, get, patch

from cordboard.calls.outbound.limits import Guards, Usage
from cordboard.calls.outbound.reservations import change_guards
from cordboard.calls.outbound.store import guards as store
from cordboard.edge.api import guard_docs as docs
from cordboard.edge.api.body import decode, raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.guard_shapes import (
    GuardsHistory,
    UpdateGuards,
    guards_answer,
    guards_change,
)
from cordboard.edge.api.own_organization import check_organization
from cordboard.edge.api.paging import asked_page, pagination
from cordboard.edge.api.query import read_query
from cordboard.organizations.model import ADMIN
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, WriteTx
from cordboard.runtime.ids import OrganizationId

PATH = "/api/organizations/{organization_id:str}/outbound-guards"

_update_body = msgspec.json.Decoder(UpdateGuards)


@get(PATH, operation=docs.GET)
async def show_guards(request: HTTPRequest) -> Response[bytes]:
    """Show an organization's guards and what is in use of them."""
    actor = await authenticate(request, ADMIN)
    read_query(request)
    check_organization(request, actor)
    guards, usage = await context_of(request).db.read(_shown, actor.organization_id)
    return respond(docs.GET.message, guards_answer(actor.organization_id, guards, usage))


@patch(PATH, operation=docs.UPDATE)
async def update_guards(request: HTTPRequest) -> Response[bytes]:
    """Change what is sent, leave the rest."""
    actor = await authenticate(request, ADMIN)
    changes = decode(await raw_body(request), _update_body).checked()
    read_query(request)
    check_organization(request, actor)
    context = context_of(request)
    guards, usage = await context.db.write(_changed, actor, changes)
    if guards.is_stopped and context.answering is not None:
        context.answering.look_for_outbound()
    return respond(docs.UPDATE.message, guards_answer(actor.organization_id, guards, usage))


@get(f"{PATH}/history", operation=docs.HISTORY)
async def show_guards_history(request: HTTPRequest) -> Response[bytes]:
    """Show who changed the guards, newest first."""
    actor = await authenticate(request, ADMIN)
    page, limit = asked_page(request, 50)
    check_organization(request, actor)
    changes, total = await context_of(request).db.scan(
        store.list_guards_history, actor.organization_id, page, limit
    )
    items = [guards_change(change) for change in changes]
    data = GuardsHistory(actor.organization_id, items, pagination(page, limit, total))
    return respond(docs.HISTORY.message, data)


async def _shown(tx: ReadTx, organization_id: OrganizationId) -> tuple[Guards, Usage]:
    guards = await store.find_guards(tx, organization_id)
    return guards, await store.get_usage(tx, organization_id, guards.max_dials_per_minute)


async def _changed(tx: WriteTx, actor: Actor, changes: dict[str, Any]) -> tuple[Guards, Usage]:
    guards = await change_guards(tx, actor, changes)
    usage = await store.get_usage(tx, actor.organization_id, guards.max_dials_per_minute)
    return guards, usage
