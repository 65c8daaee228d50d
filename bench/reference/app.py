"""The reference's three routes on FastAPI.

What was tried, on two cores with sixteen clients, and what was kept (kept first):

- SQLAlchemy Core statements on autocommitting connections, against the same in explicit
  transactions (× 0.7 for create on SQLite: COMMIT and the pool's ROLLBACK are two more trips to
  aiosqlite's thread) and against mapped objects with a session each (× 0.4).
- One writing connection for SQLite, against 2, 4 and 16 (as fast in the middle, with a p99 of
  300 to 500 ms: SQLite's busy handler sleeps), and against an `asyncio.Lock` around them.
- Sixteen reading connections, against 1, 2, 4, 8 (× 0.5 to × 0.9) and 32.
- Key pairs remembered for half a second, against a query per request (× 0.85).
- The body validated from its bytes by pydantic, against FastAPI's own body parameter (× 0.97).
- Finished responses from pydantic's serializer, against `JSONResponse` (no difference that can be
  seen) and a `response_model` (it validates every answer a second time).
- Coroutines everywhere: plain functions as routes or dependencies go through a thread pool.
- `sys.setswitchinterval` from 5 ms down to 0.05 ms: no better.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from bench.reference.caller import Callers
from bench.reference.database import Database
from bench.reference.model import CreateNumber
from bench.reference.refusal import RefusedError
from bench.reference.render import answered, listed, refused, shown
from bench.reference.store import SORTS, Store
from bench.reference.tables import KeyPair


def build_app(database: Database, store: Store, callers: Callers, key_pair: KeyPair) -> FastAPI:
    """Return the application; its one key pair is stored when it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.prepare(key_pair)
        yield
        await database.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.add_exception_handler(RefusedError, _on_refused)
    app.add_exception_handler(ValidationError, _on_invalid)
    _add_writes(app, store, callers)
    _add_get(app, store, callers)
    _add_list(app, store, callers)
    return app


async def _on_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101 - registered for this class alone
    return refused(error.status, error.message, error.code, error.detail)


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)  # noqa: S101 - registered for this class alone
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return refused(400, "Validation error", "validation", f"{field}: {first['msg']}")


def _add_writes(app: FastAPI, store: Store, callers: Callers) -> None:
    @app.post("/api/phone-numbers/create")
    async def create_number(request: Request) -> Response:
        headers = request.headers
        organization_id = await callers.organization_of(
            headers.get("x-api-key"), headers.get("x-api-secret"), "numbers:write"
        )
        new = CreateNumber.model_validate_json(await request.body())
        number = _registered(new, organization_id)
        try:
            await store.insert_number(number)
        except IntegrityError:
            detail = f"Phone number '{new.phone_number}' is already registered"
            message = "Phone number already exists"
            raise RefusedError(409, message, "phone_number.exists", detail) from None
        return answered("Phone number created successfully", shown(number))


def _add_get(app: FastAPI, store: Store, callers: Callers) -> None:
    @app.get("/api/phone-numbers/{phone_number}")
    async def get_number(phone_number: str, request: Request) -> Response:
        headers = request.headers
        organization_id = await callers.organization_of(
            headers.get("x-api-key"), headers.get("x-api-secret"), "numbers:read"
        )
        number = await store.find_number(organization_id, phone_number)
        if number is None:
            message, code = "Phone number not found", "phone_number.not_found"
            detail = f"Phone number with ID '{phone_number}' does not exist"
            raise RefusedError(404, message, code, f"{detail} in organization '{organization_id}'")
        data = {**shown(number), "inbound_trunk_id": None, "dispatch_rule_id": None}
        return answered("Phone number retrieved successfully", data)


def _add_list(app: FastAPI, store: Store, callers: Callers) -> None:
    @app.get("/api/phone-numbers")
    async def list_numbers(
        request: Request,
        page: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        sort_by: str = "updated_at",
    ) -> Response:
        headers = request.headers
        organization_id = await callers.organization_of(
            headers.get("x-api-key"), headers.get("x-api-secret"), "numbers:read"
        )
        if sort_by not in SORTS:
            raise RefusedError(400, "Validation error", "validation.choice", "sort_by: unknown")
        numbers, total = await store.list_numbers(organization_id, sort_by, page, limit)
        pages = -(-total // limit)
        data = {
            "organization_id": organization_id,
            "phone_numbers": [listed(number) for number in numbers],
            "returned_count": len(numbers),
            "pagination": {
                "page": page,
                "limit": limit,
                "total_pages": pages,
                "total_count": total,
                "has_next": page + 1 < pages,
                "has_previous": page > 0,
            },
            "sort_order": "descending",
            "sort_by": sort_by,
            "applied_filters": {},
        }
        return answered("Phone numbers retrieved successfully", data)


def _registered(new: CreateNumber, organization_id: str) -> dict[str, Any]:
    now_ms = time.time_ns() // 1_000_000
    return {
        "phone_number": new.phone_number,
        "organization_id": organization_id,
        "area_code": new.area_code or 0,
        "nickname": new.nickname or "",
        "phone_number_type": new.phone_number_type or "custom",
        "inbound_agent_id": new.inbound_agent_id,
        "outbound_agent_id": new.outbound_agent_id,
        "inbound_agent_version": new.inbound_agent_version or 1,
        "outbound_agent_version": new.outbound_agent_version or 1,
        "inbound_webhook_url": new.inbound_webhook_url,
        "number_provider": new.number_provider or "twilio",
        "outbound_trunk_id": new.outbound_trunk_id,
        "created_at_ms": now_ms,
        "updated_at_ms": now_ms,
    }
