"""From a row to the published JSON, written by pydantic's serializer."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Response
from pydantic_core import to_json

from bench.reference.model import pretty
from bench.reference.store import Fields

_LISTED = (
    "phone_number",
    "phone_number_pretty",
    "area_code",
    "nickname",
    "phone_number_type",
    "inbound_agent_id",
    "outbound_agent_id",
    "number_provider",
    "outbound_trunk_id",
    "created_at",
    "updated_at",
)


def answered(message: str, data: dict[str, Any]) -> Response:
    """Return a successful answer as a finished response, so that nothing is validated again."""
    content = {"message": message, "status": "success", "error": None, "data": data}
    return Response(to_json(content), media_type="application/json")


def refused(status: int, message: str, code: str, detail: str) -> Response:
    """Return an error envelope."""
    content = {"message": message, "status": "error", "error": detail, "code": code}
    return Response(to_json(content), status, media_type="application/json")


def shown(number: Fields) -> dict[str, Any]:
    """Return the sixteen fields of a number in the published order."""
    return {
        "phone_number": number["phone_number"],
        "organization_id": number["organization_id"],
        "phone_number_pretty": pretty(number["phone_number"]),
        "area_code": number["area_code"] or None,
        "nickname": number["nickname"] or None,
        "phone_number_type": number["phone_number_type"],
        "inbound_agent_id": number["inbound_agent_id"],
        "outbound_agent_id": number["outbound_agent_id"],
        "inbound_agent_version": number["inbound_agent_version"],
        "outbound_agent_version": number["outbound_agent_version"],
        "inbound_webhook_url": number["inbound_webhook_url"],
        "number_provider": number["number_provider"],
        "outbound_trunk_id": number["outbound_trunk_id"],
        "created_at": _iso(number["created_at_ms"]),
        "updated_at": _iso(number["updated_at_ms"]),
        "last_modification_timestamp": number["updated_at_ms"],
    }


def listed(number: Fields) -> dict[str, Any]:
    """Return the eleven fields that lists show."""
    whole = shown(number)
    return {field: whole[field] for field in _LISTED}


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
