"""Before anything is timed: the reference and Cordboard give the same answers."""

import json
from collections.abc import Sequence
from typing import Any

from bench.client.plan import CREATE_TEMPLATE_BODY, PLACEHOLDER
from bench.servers import Server

_NUMBER = "+14157774444"
_FREE_NUMBER = "+14157774445"
_OWN = {
    "organization_id",
    "created_at",
    "updated_at",
    "last_modification_timestamp",
    "registration_id",
    "revision",
}
_BAD = {
    "phone_number": "+02079460000",
    "area_code": 212,
    "nickname": "   ",
    "inbound_agent_id": "no spaces",
    "outbound_agent_version": 0,
    "inbound_webhook_url": "http://example.com/",
    "number_provider": "nobody",
    "phone_number_type": "",
    "unknown_field": 1,
}


class AnswersDifferError(RuntimeError):
    """What is about to be compared does not do the same work."""


def check_same_answers(servers: Sequence[Server]) -> None:
    """Compare the answers to a good create and get, and the statuses of refusals.

    Raises:
        AnswersDifferError: They differ in more than ids, times and our extensions.
    """
    body = CREATE_TEMPLATE_BODY.replace(PLACEHOLDER, _NUMBER)
    _compare("create", [_asked(server, "POST", "create", body) for server in servers])
    _compare("get", [_asked(server, "GET", _NUMBER) for server in servers])
    for field, value in _BAD.items():
        bad = json.dumps({**json.loads(body), "phone_number": _FREE_NUMBER, field: value})
        _compare(f"bad {field}", [_status(server, bad) for server in servers])
    _compare("a number that is there", [_status(server, body) for server in servers])


def _status(server: Server, body: str) -> dict[str, Any]:
    return {"status": server.ask("POST", "/api/phone-numbers/create", body)[0]}


def _asked(server: Server, method: str, path: str, body: str | None = None) -> dict[str, Any]:
    answer = server.ask_json(method, f"/api/phone-numbers/{path}", body)
    data = {field: value for field, value in answer["data"].items() if field not in _OWN}
    return {**answer, "data": data}


def _compare(what: str, answers: list[dict[str, Any]]) -> None:
    for other in answers[1:]:
        if other != answers[0] or list(other) != list(answers[0]):
            message = f"{what}: one answers {answers[0]}, another {other}"
            raise AnswersDifferError(message)
