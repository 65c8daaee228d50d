"""Endpoints for machines that watch: ``/healthz``, ``/readyz``, ``/metrics``."""

from typing import Annotated

import msgspec
from litestar import Response, get
from msgspec import Meta
from prometheus_client import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.documented import Operation
from cordboard.edge.api.envelope import JSON
from cordboard.edge.api.schema_rules import choices
from cordboard.runtime.errors import DatabaseUnavailableError
from cordboard.runtime.secret_key import find_check_value


class Health(msgspec.Struct, frozen=True):
    """Whether the process lives."""

    status: Annotated[str, Meta(description="Always alive.", examples=["alive"])]


class Readiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether requests can be served."""

    status: Annotated[
        str,
        Meta(
            description="Whether it can serve.",
            examples=["ready"],
            extra_json_schema=choices("ready", "not ready"),
        ),
    ]
    reason: Annotated[
        str,
        Meta(
            description="Why it cannot; only then.",
            examples=["The database cannot be reached; nothing was done"],
        ),
    ] = ""


TAG = "Operation"
HEALTH = Operation(summary="Is the process alive?", message="", data=Health, tag=TAG)
READY = Operation(summary="Can it serve?", message="", data=Readiness, statuses=(200, 503), tag=TAG)
METRICS = Operation(
    summary="Metrics for Prometheus",
    message="",
    data=str,
    media_type=CONTENT_TYPE_LATEST,
    tag=TAG,
)


@get("/healthz", operation=HEALTH)
async def show_health() -> Response[bytes]:
    """Answer 200 while the process lives."""
    return Response(msgspec.json.encode(Health("alive")), media_type=JSON)


@get("/readyz", operation=READY)
async def show_readiness(request: HTTPRequest) -> Response[bytes]:
    """Answer 200 when requests can be served, 503 with the reason otherwise."""
    try:
        await context_of(request).db.read(find_check_value)
    except DatabaseUnavailableError as error:
        not_ready = Readiness("not ready", error.detail)
        return Response(msgspec.json.encode(not_ready), status_code=503, media_type=JSON)
    return Response(msgspec.json.encode(Readiness("ready")), media_type=JSON)


@get("/metrics", operation=METRICS)
async def show_metrics() -> Response[bytes]:
    """Answer all metrics in Prometheus text format."""
    # Litestar adds the charset to every text.
    media_type = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
    return Response(generate_latest(REGISTRY), media_type=media_type)
