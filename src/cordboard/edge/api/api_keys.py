"""``/api/organizations/{organization_id}/api-keys``: key pairs, managed with a key pair."""

import re

import msgspec
from litestar import Response, delete, get, post

from cordboard.edge.api import key_docs as docs
from cordboard.edge.api.body import LONGEST_ECHO, decode, raw_body
from cordboard.edge.api.caller import authenticate, authenticate_key, header
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.envelope import respond
from cordboard.edge.api.key_shapes import (
    DEFAULT_GRACE_S,
    LONGEST_GRACE_S,
    APIKeyList,
    CreateAPIKey,
    RotateAPIKey,
    api_key_item,
    issued_api_key,
    rotated_api_key,
)
from cordboard.edge.api.own_organization import check_organization
from cordboard.edge.api.query import check_range, read_query
from cordboard.edge.api.refusals import IdempotencyUnsupportedError
from cordboard.organizations import operations, store
from cordboard.organizations.model import (
    ADMIN,
    APIKey,
    APIKeyNotFoundError,
    check_name,
    check_scopes,
    checked_expiry,
)
from cordboard.organizations.operations import NewKey
from cordboard.runtime.actor import Actor

PATH = "/api/organizations/{organization_id:str}/api-keys"
ONE = f"{PATH}/{{api_key_id:str}}"
API_KEY_ID = re.compile("apikey_[0-9a-f]{24}")

_create_body = msgspec.json.Decoder(CreateAPIKey)
_rotate_body = msgspec.json.Decoder(RotateAPIKey)


@post(PATH, status_code=200, operation=docs.CREATE)
async def create_api_key(request: HTTPRequest) -> Response[bytes]:
    """Make a key pair that may do what the caller's may, or less."""
    context = context_of(request)
    actor, own = await authenticate_key(request, ADMIN)
    asked = decode(await raw_body(request) or b"{}", _create_body)
    read_query(request)
    new = _checked(asked, own, context.clock())
    _refuse_idempotency_key(request)
    check_organization(request, actor)
    issued = await context.db.write(operations.create_key, actor, new, context.pepper)
    return respond(docs.CREATE.message, issued_api_key(issued, context.clock()))


@get(PATH, operation=docs.LIST)
async def list_api_keys(request: HTTPRequest) -> Response[bytes]:
    """List the organization's key pairs, never a secret."""
    context = context_of(request)
    actor = await authenticate(request, ADMIN)
    read_query(request)
    check_organization(request, actor)
    keys = await context.db.scan(store.list_keys, actor.organization_id)
    items = [api_key_item(key, context.clock()) for key in keys]
    data = APIKeyList(actor.organization_id, items, len(items))
    return respond(docs.LIST.message, data)


@delete(ONE, status_code=200, operation=docs.REVOKE)
async def revoke_api_key(request: HTTPRequest) -> Response[bytes]:
    """End a key pair for good; it may be the one that asks."""
    context = context_of(request)
    actor = await authenticate(request, ADMIN)
    read_query(request)
    check_organization(request, actor)
    key = await context.db.write(operations.revoke_key, actor, _key_in_path(request, actor))
    context.authenticator.forget(key.api_key)
    return respond(docs.REVOKE.message, api_key_item(key, context.clock()))


@post(f"{ONE}/rotate", status_code=200, operation=docs.ROTATE)
async def rotate_api_key(request: HTTPRequest) -> Response[bytes]:
    """Give a key pair a new secret, while the present one goes on working for a time."""
    context = context_of(request)
    actor = await authenticate(request, ADMIN)
    asked = decode(await raw_body(request) or b"{}", _rotate_body)
    read_query(request)
    grace_s = check_range(asked.grace_seconds, "grace_seconds", DEFAULT_GRACE_S, 0, LONGEST_GRACE_S)
    _refuse_idempotency_key(request)
    check_organization(request, actor)
    api_key_id = _key_in_path(request, actor)
    issued = await context.db.write(
        operations.rotate_key, actor, api_key_id, grace_s * 1000, context.pepper
    )
    context.authenticator.forget(issued.key.api_key)
    return respond(docs.ROTATE.message, rotated_api_key(issued, context.clock()))


def _checked(asked: CreateAPIKey, own: APIKey, now_ms: int) -> NewKey:
    """Return the key pair that is asked for, held against the one that asks.

    Raises:
        InvalidError: A field breaks its rule.
    """
    return NewKey(
        name="" if asked.name is None else check_name(asked.name),
        scopes=check_scopes(asked.scopes, own.scopes),
        expires_ms=None if asked.expires_at is None else checked_expiry(asked.expires_at, now_ms),
    )


def _refuse_idempotency_key(request: HTTPRequest) -> None:
    """Refuse a key that would have the answer stored.

    Raises:
        IdempotencyUnsupportedError: The request has one, however it is written.
    """
    if header(request, b"idempotency-key") is not None:
        raise IdempotencyUnsupportedError


def _key_in_path(request: HTTPRequest, actor: Actor) -> str:
    """Return the id of a key pair in the path.

    Raises:
        APIKeyNotFoundError: It has not the form of our ids, so nobody has it.
    """
    api_key_id: str = request.scope["path_params"]["api_key_id"]
    if not API_KEY_ID.fullmatch(api_key_id):
        raise APIKeyNotFoundError(actor.organization_id, api_key_id[:LONGEST_ECHO])
    return api_key_id
