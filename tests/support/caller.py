"""Somebody who calls the API over HTTP: what is sent is chosen byte by byte, what comes is kept."""

import json
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection, HTTPException
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from cordboard.runtime.actor import Actor
from cordboard.runtime.ids import OrganizationId

NUMBERS = "/api/phone-numbers"
CREATE = f"{NUMBERS}/create"
LIST = f"{NUMBERS}/list"
AVAILABLE = f"{NUMBERS}/available"
TIMEOUT_S = 25
KEEP_ALIVE_S = 30
"""How long a connection may rest and be used again; the server keeps its side open for longer."""

Headers = Iterable[tuple[str, str | bytes]]


def path_of(phone_number: str, suffix: str = "") -> str:
    """Return the path of a number, as a careful client writes it."""
    return f"{NUMBERS}/{quote(phone_number, safe='')}{suffix}"


class Answer(NamedTuple):
    """What came back. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - the test says what it expects
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:  # noqa: ANN401 - the test says what it expects
        """The ``data`` of a successful answer; anything else fails the test."""
        assert self.status == 200, self
        return self.json["data"]

    @property
    def refusal(self) -> tuple[int, str, str]:
        """Status, code and text of a refusal; a successful answer fails the test."""
        answer = self.json
        assert answer["status"] == "error", self
        return self.status, answer["code"], answer["error"]


class Wire:
    """One connection that is kept alive; not for use by two threads at once."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
        self._used_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def exchange(self, method: str, target: str, headers: Headers, body: bytes | None) -> Answer:
        """Send one request, exactly as given, and return the answer."""
        if monotonic() - self._used_s > KEEP_ALIVE_S:
            self.close()
        self._used_s = monotonic()
        try:
            return self._exchange(method, target, headers, body)
        except (HTTPException, OSError):
            self.close()
            raise

    def _exchange(self, method: str, target: str, headers: Headers, body: bytes | None) -> Answer:
        connection = self._connection
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        if response.will_close:
            self.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, content)


class Caller:
    """A key pair of one organization, in use on one connection."""

    def __init__(self, wire: Wire, organization_id: str, api_key: str, api_secret: str) -> None:
        self.wire = wire
        self.organization_id = OrganizationId(organization_id)
        self.api_key = api_key
        self.api_secret = api_secret

    @property
    def actor(self) -> Actor:
        """Who the organization is to the product's own operations."""
        return Actor(self.organization_id, self.api_key, "req_test")

    def on(self, wire: Wire) -> "Caller":
        """Return the same key pair on another connection, for another thread."""
        return Caller(wire, self.organization_id, self.api_key, self.api_secret)

    def request(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> Answer:
        """Send a request with the key pair.

        Args:
            method: The method.
            target: Path and query, sent as they are.
            body: Bytes are sent as they are, everything else as JSON; None sends no body.
            headers: More headers; None takes one of the usual ones out.
        """
        sent: dict[str, str | bytes | None] = {
            "X-API-KEY": self.api_key,
            "X-API-SECRET": self.api_secret,
        }
        raw = None
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        pairs = [(name, value) for name, value in sent.items() if value is not None]
        return self.wire.exchange(method, target, pairs, raw)

    def create(self, phone_number: str, **fields: object) -> Any:  # noqa: ANN401 - JSON as it came
        """Register a number and return the ``data`` of the answer."""
        return self.request("POST", CREATE, {"phone_number": phone_number, **fields}).data

    def patch(self, phone_number: str, **fields: object) -> Any:  # noqa: ANN401 - JSON as it came
        """Change a number and return the ``data`` of the answer."""
        return self.request("PATCH", path_of(phone_number), fields).data

    def show(self, phone_number: str) -> Any:  # noqa: ANN401 - JSON as it came
        """Return everything the API tells of a number."""
        return self.request("GET", path_of(phone_number)).data

    def delete(self, phone_number: str) -> Answer:
        """Delete a number."""
        return self.request("DELETE", path_of(phone_number))

    def history(self, phone_number: str) -> list[Any]:
        """Return the revisions of a number, newest first."""
        answer = self.request("GET", path_of(phone_number, "/history?limit=1000"))
        revisions: list[Any] = answer.data["revisions"]
        return revisions

    def listed(self, query: str = "") -> list[str]:
        """Return the numbers on one page of the list, in its order."""
        answer = self.request("GET", f"{NUMBERS}?{query}" if query else NUMBERS)
        return [number["phone_number"] for number in answer.data["phone_numbers"]]
