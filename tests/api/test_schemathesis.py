"""The published description, tried by machine: thousands of requests, and none breaks a promise.

Requests follow each other along what earlier ones made (stateful), and each route is tried alone
with good and with bad data. A promise is broken by a status of 500 or more, by an answer that the
description does not have, by bad data that is taken, by a deleted thing that is still there, or by
an answer without credentials.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema

from tests.support.server import RunningServer
from tests.support.things import PLAIN, things_of

Case: TypeAlias = schemathesis.Case[Any]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

FEWEST_IN_SEQUENCES = 1_500
FEWEST_ALONE = 1_000
"""On each of two databases, so that a run tries 5,000 cases or more."""

SEQUENCES = 30
STEPS = 30
MOST_WALKS = 60
ALONE = 30
"""How often each route is tried with good data, and with bad."""

CONFIG = {
    # Good data is refused where JSON Schema cannot say the rule: 415.0 is an integer there, and of
    # the texts that have the form of E.164 few are possible numbers.
    "checks": {"positive_data_acceptance": {"enabled": False}},
    "generation": {"mode": "all", "with-security-parameters": False},
    # The links below say what follows from what; guesses would take creations for impossible.
    "phases": {"stateful": {"inference": {"algorithms": []}}},
}
QUICK = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)

SOURCES = {
    "phone_number": ("/api/phone-numbers/create", "$response.body#/data/phone_number"),
    "agent_id": ("/api/agents/create", "$response.body#/data/agent_id"),
}
"""Where an id in a path comes from: the route that makes such a thing, and where it is answered."""

schemathesis.openapi.format("e164", st.sampled_from([f"+1212555{n:04}" for n in range(500)]))
schemathesis.openapi.format("uri", st.sampled_from(["https://example.com", "http://a.example/b"]))


class Explorer:
    """Sends what schemathesis makes up, counts it, and checks each answer."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._session = requests.Session()
        self.caller = server.organization()
        self.done: Counter[tuple[str, int]] = Counter()
        self.broken: list[str] = []

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def schema(self) -> BaseSchema:
        """Load the description, with links from creations to the routes that take what was made."""
        raw = self.caller.request("GET", "/openapi.json").json
        add_links(raw["paths"])
        for component in raw["components"]["schemas"].values():
            for field in component.get("properties", {}).values():
                if field.get("format") == "uri":  # else the pattern alone is heeded
                    field.pop("pattern", None)
                if "\\S" in field.get("pattern", ""):  # trimmed: white space does not count
                    field.pop("maxLength", None)
        config = schemathesis.Config.from_dict(CONFIG)
        schema = schemathesis.openapi.from_dict(raw, config=config)
        schema.config.update(base_url=self.server.url)
        return schema

    def transport(self) -> dict[str, Any]:
        """Return how a case is sent: on a kept connection, with a key pair that works."""
        headers = {"X-API-KEY": self.caller.api_key, "X-API-SECRET": self.caller.api_secret}
        return {"session": self._session, "headers": headers}

    def note(self, case: Case, response: schemathesis.Response) -> None:
        """Count a case; take a new pair when it may have revoked or renewed ours."""
        self.done[f"{case.method} {case.path}", response.status_code] += 1
        if "api-keys" in case.path and response.status_code == 200:
            self.caller = self.server.key_pair(self.caller)

    def judge(
        self, case: Case, response: schemathesis.Response, sent: Mapping[str, object]
    ) -> None:
        """Note each promise that an answer breaks, with the request that repeats it."""
        try:
            case.validate_response(response, transport_kwargs=dict(sent))
        except FailureGroup as failures:
            self.broken.append(str(failures))

    def walk(self, schema: BaseSchema) -> None:
        """Go along the links many times, each time as an organization that has nothing yet."""
        explorer = self

        class Walk(schema.as_state_machine()):  # type: ignore[misc]  # it is made at run time
            def setup(self) -> None:
                explorer.caller = explorer.server.organization()

            def get_call_kwargs(self, case: Case) -> dict[str, Any]:
                return explorer.transport()

            def after_call(self, response: schemathesis.Response, case: Case) -> None:
                explorer.note(case, response)

            def validate_response(
                self, response: schemathesis.Response, case: Case, **sent: object
            ) -> None:
                explorer.judge(case, response, sent)

            def teardown(self) -> None:
                for number in explorer.caller.listed("limit=1000"):
                    explorer.caller.delete(number)

        # Which step is possible depends on chance inside schemathesis, which hypothesis may notice;
        # then it goes no further. What an answer broke is noted before that.
        with suppress(Flaky):
            Walk.run(settings=settings(QUICK, max_examples=SEQUENCES, stateful_step_count=STEPS))

    def try_alone(self, operation: Operation, mode: GenerationMode) -> None:
        """Try one route with data of one kind; good data goes to things that are there, too."""
        things = PLAIN | things_of(self.server, self.caller)

        @settings(QUICK, max_examples=ALONE)
        @given(case=operation.as_strategy(generation_mode=mode), is_real=st.booleans())
        def try_one(case: Case, *, is_real: bool) -> None:
            if case.path_parameters and is_real and mode is GenerationMode.POSITIVE:
                is_used_up = case.method == "DELETE"
                ids = PLAIN | things_of(self.server, self.caller) if is_used_up else things
                case.path_parameters = {name: ids[name] for name in case.path_parameters}
            sent = self.transport()
            response = case.call(**sent)
            self.note(case, response)
            self.judge(case, response, sent)

        try_one()


def add_links(paths: dict[str, Any]) -> None:
    """Say in the description which routes take what a creation has made."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            for name, (source, found) in SOURCES.items():
                if f"{{{name}}}" in path:
                    created = paths[source]["post"]["responses"]["200"]
                    created.setdefault("links", {})[f"{method} {path}"] = {
                        "operationId": operation["operationId"],
                        "parameters": {f"path.{name}": found},
                    }


@pytest.fixture
def explorer(own_server: RunningServer) -> Iterator[Explorer]:
    exploring = Explorer(own_server)
    yield exploring
    exploring.close()


def report(request: pytest.FixtureRequest, explorer: Explorer, fewest: int) -> None:
    """Note how many cases were tried, for the summary of the run; too few fail the test."""
    cases = explorer.done.total()
    request.node.user_properties.append(("tried", f"{cases} cases"))
    assert explorer.broken == [], "\n\n".join(explorer.broken[:3])
    assert cases >= fewest


@pytest.mark.long(reason="thousands of requests are made up, one after the other", seconds=600)
def test_no_sequence_of_requests_breaks_a_promise(
    request: pytest.FixtureRequest, explorer: Explorer
) -> None:
    schema = explorer.schema()
    for _ in range(MOST_WALKS):
        if explorer.done.total() < FEWEST_IN_SEQUENCES:
            explorer.walk(schema)
    report(request, explorer, FEWEST_IN_SEQUENCES)
    succeeded = {route for route, status in explorer.done if status == 200}
    assert {"POST /api/phone-numbers/create", "PATCH /api/phone-numbers/{phone_number}"} < succeeded
    assert {"POST /api/agents/create", "PATCH /api/agents/{agent_id}"} < succeeded


@pytest.mark.long(reason="thousands of requests are made up, one after the other", seconds=600)
def test_no_request_alone_breaks_a_promise(
    request: pytest.FixtureRequest, explorer: Explorer
) -> None:
    results = list(explorer.schema().get_all_operations())
    operations = [result.ok() for result in results if isinstance(result, Ok)]
    assert len(operations) == len(results)
    for operation in operations:
        explorer.try_alone(operation, GenerationMode.POSITIVE)
        with suppress(Unsatisfiable):  # no data is bad for some
            explorer.try_alone(operation, GenerationMode.NEGATIVE)
    report(request, explorer, FEWEST_ALONE)
    tried = {route for route, _ in explorer.done}
    assert tried == {f"{operation.method.upper()} {operation.path}" for operation in operations}
