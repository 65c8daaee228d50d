"""What the load client is told, and what it tells back."""

import msgspec

PLACEHOLDER = "{value}"
"""Where a request template takes its value; every value of a plan has the same length."""


CREATE_TEMPLATE_BODY = (
    '{"phone_number": "{value}", "nickname": "Customer Service Line", '
    '"inbound_agent_id": "agent_abc123", "outbound_agent_id": "agent_xyz789", '
    '"inbound_agent_version": 1, "outbound_agent_version": 1, '
    '"inbound_webhook_url": "https://example.com/webhook", "number_provider": "twilio", '
    '"outbound_trunk_id": "ST_4Xo2mZgQsfyQ", "phone_number_type": "zudu-twilio"}'
)
"""The published create, with the number as the value; its area code is derived from it."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bounded load: one request per value, over keep-alive connections.

    Attributes:
        port: The server's port on the loopback address; nothing else is ever a target.
        template: A whole HTTP/1.1 request with `PLACEHOLDER` where the value goes.
        values: What the requests differ in, one request each, in this order.
        repeats: Whether the values start again when all have been used.
        seconds: When the time is up, no new request is sent.
        connections: How many requests are in flight at most.
        status: The answer every request must get; any other voids the run.
    """

    port: int
    template: str
    values: list[str]
    repeats: bool
    seconds: float
    connections: int = 16
    status: int = 200


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one run of the client saw.

    Attributes:
        answered: How many requests got the expected status.
        wrong: How many answers had each other status.
        seconds: From the first request sent to the last answer received.
        p50_ms: The median time from a request to its whole answer.
        p99_ms: The time that 99 % of the requests stayed under.
        client_cpu: The share of one core that the client itself used.
        answer_bytes: The size of the last answer, head and body.
    """

    answered: int
    wrong: dict[str, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    client_cpu: float
    answer_bytes: int

    @property
    def per_second(self) -> float:
        """How many requests were answered rightly in a second."""
        return self.answered / self.seconds


def http_request(method: str, path: str, headers: dict[str, str], body: str | None = None) -> str:
    """Write a whole keep-alive request, `Content-Length` included (RFC 9112).

    A `PLACEHOLDER` in path or body stands for a value of twelve characters, as an
    E.164 number of eleven digits has.
    """
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += ["Content-Type: application/json"]
        lines += [f"Content-Length: {len(body.replace(PLACEHOLDER, '+' + '1' * 11).encode())}"]
    return "\r\n".join([*lines, "", body or ""])
