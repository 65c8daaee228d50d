"""Another organization's thing looks exactly like one that does not exist, on every route.

The routes come from the application itself: a new route is tried without being named here, and a
new kind of id in a path fails until it is said how to make one.
"""

import re
from typing import Any, NamedTuple

import pytest
from litestar.handlers import HTTPRouteHandler

from cordboard.edge.api.app import ROUTES
from cordboard.edge.api.documented import Operation
from tests.support.caller import Answer, Caller
from tests.support.events import events_of
from tests.support.server import RunningServer
from tests.support.things import PLAIN, SCHEDULED, things_of

IDS = {
    "phone_number": "+12025550123",
    "agent_id": "agent_0123456789abcdef01234567",
    "call_id": "call_0123456789abcdefghijklmnop",
    "organization_id": "org_0123456789abcdef01234567",
    "api_key_id": "apikey_0123456789abcdef01234567",
}
"""Kinds of ids in paths, each with one that nobody has."""

UNREPEATED = {"x-request-id", "date", "content-length"}


class Route(NamedTuple):
    """A route with ids in its path, one of which is somebody else's."""

    method: str
    path: str
    operation: Operation
    foreign: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} with another's {self.foreign}"

    def asked(self, caller: Caller, ids: dict[str, str], foreign: str) -> Answer:
        values = PLAIN | ids | {self.foreign: foreign}
        path = re.sub(
            r"\{(\w+)(:\w+)?\}", lambda match: values[match[1]].replace("+", "%2B"), self.path
        )
        has_body = self.operation.body is not None
        body = (self.operation.example or {}) if has_body else None
        return caller.request(self.method, path, body)


def parameters(path: str) -> list[str]:
    return [name for name in re.findall(r"\{(\w+)", path) if name not in PLAIN]


def routes_with_ids() -> list[Route]:
    found = []
    for handler in ROUTES:
        assert isinstance(handler, HTTPRouteHandler)
        for path in handler.paths:
            for method in handler.http_methods:
                found += [
                    Route(str(method), path, handler.opt["operation"], name)
                    for name in parameters(path)
                ]
    return found


def all_of(server: RunningServer, caller: Caller, ids: dict[str, str]) -> list[Any]:
    """Return everything an organization can read of what :func:`things_of` made."""
    paths = [
        f"/api/phone-numbers/{ids['phone_number']}",
        f"/api/phone-numbers/{ids['phone_number']}/history",
        f"/api/agents/{ids['agent_id']}",
        f"/api/agents/{ids['agent_id']}/versions",
        f"/api/calls/{ids['call_id']}",
        "/api/calls",
        "/api/phone-numbers",
        "/api/agents",
        f"/api/organizations/{ids['organization_id']}/api-keys",
        f"/api/organizations/{ids['organization_id']}/outbound-guards",
    ]
    return [
        *(caller.request("GET", path).data for path in paths),
        server.read(events_of, caller.organization_id),
    ]


def told(answer: Answer, ids: set[str]) -> tuple[int, dict[str, str], bytes]:
    """Return what an answer tells, apart from the ids that it was asked about."""
    body = answer.body.replace(answer.headers["x-request-id"].encode(), b"")
    for one in ids:
        body = body.replace(one.encode(), b"<id>")
    headers = {name: value for name, value in answer.headers.items() if name not in UNREPEATED}
    return answer.status, headers, body


def test_every_kind_of_id_in_a_path_is_known_here() -> None:
    names = {name for route in routes_with_ids() for name in parameters(route.path)}
    assert names == IDS.keys()


@pytest.mark.parametrize("route", routes_with_ids(), ids=str)
def test_another_organization_s_id_gets_the_same_answer_as_a_missing_one_and_nothing_happens(
    server: RunningServer, caller: Caller, route: Route
) -> None:
    theirs = server.organization()
    their_ids = things_of(server, theirs)
    own_ids = things_of(server, caller)
    before = all_of(server, theirs, their_ids), all_of(server, caller, own_ids)

    foreign, missing = their_ids[route.foreign], IDS[route.foreign]
    answer = route.asked(caller, own_ids, foreign)

    assert answer.status == 404
    ids = {foreign, missing}
    assert told(answer, ids) == told(route.asked(caller, own_ids, missing), ids)
    assert (all_of(server, theirs, their_ids), all_of(server, caller, own_ids)) == before


@pytest.mark.parametrize("route", routes_with_ids(), ids=str)
def test_the_same_request_with_one_s_own_id_is_answered(
    server: RunningServer, caller: Caller, route: Route
) -> None:
    ids = things_of(server, caller)
    if route.path.startswith("/api/agents") and route.method == "DELETE":
        caller.patch(ids["phone_number"], inbound_agent_id=None, outbound_agent_id=None)
    if route.path.endswith("/schedule"):
        ids["call_id"] = ids[SCHEDULED]
    assert route.asked(caller, ids, ids[route.foreign]).status == 200
