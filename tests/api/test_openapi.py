"""The description of the API is true: what it says is what the server does."""

import json

import pytest

from tests.api.bad_inputs import Bad
from tests.api.test_bad_inputs import ROWS, sent
from tests.support.agent_caller import AGENTS, agent_path, create_agent
from tests.support.agent_caller import CREATE as CREATE_AGENT
from tests.support.builders import a_foreign_number, a_name, a_number
from tests.support.caller import AVAILABLE, CREATE, LIST, NUMBERS, Answer, Caller, path_of
from tests.support.calls import a_scheduled_call, an_ended_call
from tests.support.described import document, operation_of, untrue
from tests.support.server import RunningServer

JSON = "application/json"


def test_the_description_is_served_without_a_key_pair(server: RunningServer) -> None:
    wire = server.wire()
    answer = wire.exchange("GET", "/openapi.json", [], None)
    assert (answer.status, answer.headers["content-type"]) == (200, JSON)
    assert answer.json == document()
    assert wire.exchange("GET", "/openapi.json", [], None).body == answer.body


@pytest.mark.parametrize(
    "row", [row for row in ROWS if not row.code.startswith("route.")], ids=lambda row: row.name
)
def test_every_refusal_of_a_bad_input_is_described(sqlite_server: RunningServer, row: Bad) -> None:
    caller = sqlite_server.organization()
    number = a_number()
    caller.create(number)
    assert untrue(row.method, row.target, sent(caller, row, number)) is None


# "operation": "reason", for those that a tour without a LiveKit cannot see succeed.
NEED_LIVEKIT = {
    "show_drift": "compares LiveKit with the estate",
    "create_phone_call": "the server of the tour has none to dial with",
}


class Tour:
    """Does everything once that the API offers, and keeps what was asked and answered."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.asked: list[tuple[str, str, Answer]] = []
        self.key = {"Idempotency-Key": a_name()}

    def ask(
        self, method: str, target: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request and note its answer."""
        answer = self.caller.request(method, target, body, {**(headers or {})})
        self.asked.append((method, target, answer))
        return answer

    def numbers(self) -> None:
        """Register, list, show, change and delete numbers."""
        number = a_number()
        create = {"phone_number": number, "nickname": "Sales"}
        self.ask("POST", CREATE, create, self.key)
        etag = {"If-Match": self.ask("POST", CREATE, create, self.key).headers["etag"]}
        self.ask("POST", CREATE, {"phone_number": a_foreign_number()})
        self.ask("GET", path_of(number))
        for target in (NUMBERS, f"{NUMBERS}?nickname=sales&limit=1", AVAILABLE):
            self.ask("GET", target)
        self.ask("POST", LIST, {"filter_criteria": {"area_code": 415}})
        self.ask("PATCH", path_of(number), {"nickname": None, "inbound_agent_id": "a"}, etag)
        self.ask("PATCH", path_of(number), {"nickname": None}, etag)
        self.ask("GET", path_of(number, "/history"))
        self.ask("DELETE", path_of(number))

    def agents(self) -> None:
        """Create, list, show, change, publish, copy and delete an agent."""
        made = create_agent(self.caller, livekit_deployment="blue", voice={"provider": "openai"})
        one = agent_path(made["agent_id"])
        self.caller.create(a_number(), inbound_agent_id=made["agent_id"])
        self.ask("POST", CREATE_AGENT, {"agent_name": a_name()}, self.key)
        for target in (AGENTS, f"{AGENTS}?limit=1", one, f"{one}/full", f"{one}/versions"):
            self.ask("GET", target)
        self.ask("POST", AGENTS, {"filter_criteria": {"agent_name": ["a"]}})
        self.ask("GET", f"{one}/versions/1")
        self.ask("POST", f"{one}/publish", None, self.key)
        self.ask("POST", f"{one}/probe")
        etag = self.ask("GET", f"{one}/versions/1").headers["etag"]
        self.ask("GET", f"{one}/versions/1", None, {"If-None-Match": etag})
        self.ask("GET", f"{one}/versions/9")
        self.ask("PATCH", one, {"begin_message": "Hello", "configuration": {"a": [1, {"b": None}]}})
        self.ask("POST", f"{one}/duplicate", {"agent_name": a_name()})
        for target in (one, f"{one}?force=true", one):
            self.ask("DELETE", target)

    def keys(self) -> None:
        """Make, list, rotate and revoke a key pair."""
        keys = f"/api/organizations/{self.caller.organization_id}/api-keys"
        body = {"name": "CRM", "expires_at": "2100-01-01T00:00:00Z"}
        one = f"{keys}/{self.ask('POST', keys, body).data['api_key_id']}"
        self.ask("POST", keys, {}, self.key)
        self.ask("POST", f"{one}/rotate")
        self.ask("GET", keys)
        self.ask("DELETE", one)
        self.ask("POST", f"{one}/rotate", {})

    def guards(self) -> None:
        """Show and change what guards outbound calls, and who did."""
        guards = f"/api/organizations/{self.caller.organization_id}/outbound-guards"
        body = {"allowed_regions": ["US"], "max_concurrent_calls": None, "is_stopped": True}
        self.ask("PATCH", guards, body)
        self.ask("PATCH", guards, {"max_concurrent_calls": 0})
        for target in (guards, f"{guards}/history"):
            self.ask("GET", target)

    def calls(self, server: RunningServer) -> None:
        """Ask who would answer; list, show, note on, end and delete a call."""
        for to in ("+14155550100", "nobody"):
            self.ask("POST", "/api/route/explain", {"to": to})
        number = a_number()
        self.caller.create(number, inbound_agent_id="agent_a")
        one = f"/api/calls/{an_ended_call(server, number).call_id}"
        for target in ("/api/calls", "/api/calls/unmatched", one, f"{one}/context"):
            self.ask("GET", target)
        self.ask("POST", "/api/calls", {"filter_criteria": {"call_status": ["ENDED"]}})
        self.ask("PUT", one, {"metadata": {"ticket": "T-1"}})
        self.ask("DELETE", f"{one}/schedule")
        trunk = {"outbound_agent_id": "agent_a", "outbound_trunk_id": "ST_outbound"}
        self.caller.patch(number, **trunk)
        waiting = f"/api/calls/{a_scheduled_call(server, self.caller.actor, number).call_id}"
        self.ask("PUT", f"{waiting}/schedule", {"scheduled_timestamp": 2_000_000_000})
        self.ask("GET", waiting)
        self.ask("DELETE", f"{waiting}/schedule")
        self.ask("GET", waiting)
        self.ask("POST", f"{one}/end")
        for target in (one, one):
            self.ask("DELETE", target)

    def operation(self) -> None:
        """Look at what watches the server."""
        for target in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
            self.ask("GET", target)


def test_every_answer_of_a_tour_through_the_api_is_as_described(server: RunningServer) -> None:
    tour = Tour(server.organization())
    tour.numbers()
    tour.agents()
    tour.keys()
    tour.guards()
    tour.calls(server)
    tour.operation()
    problems = [
        f"{method} {target}: {problem}"
        for method, target, answer in tour.asked
        if (problem := untrue(method, target, answer))
    ]
    assert problems == []
    visited = {
        operation_of(method, target).content["operationId"]
        for method, target, answer in tour.asked
        if answer.status == 200
    }
    known = {
        content["operationId"] for item in document()["paths"].values() for content in item.values()
    }
    assert known - visited <= NEED_LIVEKIT.keys()


def test_the_published_example_of_a_create_is_in_the_description() -> None:
    create = document()["paths"][CREATE]["post"]
    published = json.loads(
        '{"phone_number": "+14157774444", "area_code": 415, "nickname": "Customer Service Line",'
        ' "inbound_agent_id": "agent_abc123", "outbound_agent_id": "agent_xyz789",'
        ' "inbound_agent_version": 1, "outbound_agent_version": 1,'
        ' "inbound_webhook_url": "https://example.com/webhook", "number_provider": "twilio",'
        ' "outbound_trunk_id": "ST_4Xo2mZgQsfyQ", "phone_number_type": "zudu-twilio"}'
    )
    assert create["requestBody"]["content"][JSON]["example"] == published
