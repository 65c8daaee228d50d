"""Endpoints for machines that watch: ``/healthz``, ``/readyz``, ``/metrics``."""

from typing import Any

import msgspec
from litestar import Response, get
from prometheus_client import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.documented import Operation
from cordboard.edge.api.envelope import JSON
from cordboard.runtime.db import ReadTx
from cordboard.runtime.errors import DatabaseUnavailableError

HEALTH = Operation(
    summary="Is the process alive?", message="", data=dict[str, Any], tag="Operation"
)
READY = Operation(summary="Can it serve?", message="", data=dict[str, Any], tag="Operation")
METRICS = Operation(summary="Metrics for Prometheus", message="", data=str, tag="Operation")


async def _touch(tx: ReadTx) -> None:
    await tx.fetch_one("SELECT 1 FROM organization LIMIT 1")


def _status(code: int, status: str, reason: str | None = None) -> Response[bytes]:
    body = {"status": status} if reason is None else {"status": status, "reason": reason}
    return Response(msgspec.json.encode(body), status_code=code, media_type=JSON)


@get("/healthz", operation=HEALTH)
async def show_health() -> Response[bytes]:
    """Answer 200 while the process lives."""
    return _status(200, "alive")


@get("/readyz", operation=READY)
async def show_readiness(request: HTTPRequest) -> Response[bytes]:
    """Answer 200 when requests can be served, 503 with the reason otherwise."""
    try:
        await context_of(request).db.read(_touch)
    except DatabaseUnavailableError as error:
        return _status(503, "not ready", error.detail)
    return _status(200, "ready")


@get("/metrics", operation=METRICS)
async def show_metrics() -> Response[bytes]:
    """Answer all metrics in Prometheus text format."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
