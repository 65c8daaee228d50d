"""What is checked first: a request with two faults is refused for the one that comes earlier.

The order is route and method, credentials, scope, body size, media type, body syntax, field types,
field rules, idempotency key, existence, references, precondition, conflict.
"""

import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from litestar.handlers import HTTPRouteHandler
from structlog.testing import capture_logs

from cordboard.edge.api.app import ROUTES
from tests.support.agent_caller import AGENTS, create_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import CREATE, LIST, NUMBERS, Caller, path_of
from tests.support.server import HOST, RunningServer

Headers = dict[str, str | bytes | None]

NO_PAIR: Headers = {"X-API-KEY": None, "X-API-SECRET": None}
WRONG_PAIR: Headers = {"X-API-SECRET": "s3cr3t_wrong"}
TEXT: Headers = {"Content-Type": "text/plain"}
BAD_KEY: Headers = {"Idempotency-Key": "\t"}
OTHER_REVISION: Headers = {"If-Match": '"num_other.1"'}
TOO_LARGE = b"{" * 1_048_577
NOT_JSON = b'{"phone_number": 1, "nickname": }'
WRONG_TYPE = {"phone_number": 1, "nickname": ""}
BROKEN_RULE = {"phone_number": "+1", "nickname": ""}


class Both(NamedTuple):
    """A request with two faults, and the code of the earlier one.

    In ``target`` the words ``THERE`` and ``GONE`` stand for a number that the caller has and for
    one that it has not. In the body, ``THEIRS`` stands for an agent of another organization.
    """

    name: str
    method: str
    target: str
    body: Any
    headers: Headers
    status: int
    code: str


def path_with_names(text: str, names: dict[str, str]) -> str:
    """Put what a test made into the place of its name."""
    for name, made in names.items():
        text = text.replace(name, made)
    return text


THERE = f"{NUMBERS}/THERE"
GONE = f"{NUMBERS}/GONE"
UNUSED = {"phone_number": "+12025550123"}
TO_THEIRS = {"inbound_agent_id": "THEIRS"}

PAIRS = [
    Both("route, credentials", "GET", "/api/nowhere", None, NO_PAIR, 404, "route.not_found"),
    Both("route, body size", "POST", "/api/nowhere", TOO_LARGE, {}, 404, "route.not_found"),
    Both("method, credentials", "PUT", THERE, None, NO_PAIR, 405, "route.method_not_allowed"),
    Both("method, body size", "PUT", GONE, TOO_LARGE, {}, 405, "route.method_not_allowed"),
    Both("missing pair, body size", "POST", CREATE, TOO_LARGE, NO_PAIR, 401, "auth.missing"),
    Both("wrong pair, body size", "POST", CREATE, TOO_LARGE, WRONG_PAIR, 401, "auth.invalid"),
    Both("wrong pair, media type", "POST", CREATE, {}, WRONG_PAIR | TEXT, 401, "auth.invalid"),
    Both("wrong pair, query", "GET", f"{NUMBERS}?a=1", None, WRONG_PAIR, 401, "auth.invalid"),
    Both("wrong pair, existence", "DELETE", GONE, None, WRONG_PAIR, 401, "auth.invalid"),
    Both("body size, media type", "POST", CREATE, TOO_LARGE, TEXT, 413, "request.too_large"),
    Both("body size, syntax", "PATCH", THERE, TOO_LARGE, {}, 413, "request.too_large"),
    Both("body size, query", "POST", f"{LIST}?a=1", TOO_LARGE, {}, 413, "request.too_large"),
    Both("media type, syntax", "POST", CREATE, NOT_JSON, TEXT, 415, "request.media_type"),
    Both("media type, syntax", "PATCH", THERE, NOT_JSON, TEXT, 415, "request.media_type"),
    Both("syntax, types", "POST", CREATE, NOT_JSON, {}, 400, "validation.json"),
    Both("syntax, unknown field", "POST", CREATE, b'{"a": 1', {}, 400, "validation.json"),
    Both("syntax, query", "POST", f"{CREATE}?a=1", NOT_JSON, {}, 400, "validation.json"),
    Both("syntax, existence", "PATCH", GONE, b"{", {}, 400, "validation.json"),
    Both("types, rules", "POST", CREATE, WRONG_TYPE, {}, 400, "validation.type"),
    Both("query, rules", "POST", f"{CREATE}?a=1", BROKEN_RULE, {}, 400, "validation.unknown_field"),
    Both(
        "query, rules",
        "PATCH",
        f"{THERE}?a=1",
        {"nickname": ""},
        {},
        400,
        "validation.unknown_field",
    ),
    Both(
        "rules, idempotency key",
        "POST",
        CREATE,
        BROKEN_RULE,
        BAD_KEY,
        400,
        "validation.phone_number",
    ),
    Both("rules, existence", "PATCH", GONE, {"nickname": ""}, {}, 400, "validation.length"),
    Both("immutable, existence", "PATCH", GONE, UNUSED, {}, 400, "validation.immutable"),
    Both("query, existence", "DELETE", f"{GONE}?a=1", None, {}, 400, "validation.unknown_field"),
    Both("query, existence", "GET", f"{GONE}?a=1", None, {}, 400, "validation.unknown_field"),
    Both(
        "idempotency key, existence",
        "POST",
        f"{AGENTS}/agent_gone/duplicate",
        {"agent_name": "copy"},
        BAD_KEY,
        400,
        "validation.idempotency_key",
    ),
    Both(
        "idempotency key, references",
        "POST",
        CREATE,
        UNUSED | TO_THEIRS,
        BAD_KEY,
        400,
        "validation.idempotency_key",
    ),
    Both("existence, references", "PATCH", GONE, TO_THEIRS, {}, 404, "phone_number.not_found"),
    Both(
        "existence, precondition",
        "DELETE",
        GONE,
        None,
        OTHER_REVISION,
        404,
        "phone_number.not_found",
    ),
    Both(
        "references, precondition",
        "PATCH",
        THERE,
        TO_THEIRS,
        OTHER_REVISION,
        404,
        "agent.not_found",
    ),
    Both(
        "references, conflict",
        "POST",
        CREATE,
        {"phone_number": "THERE"} | TO_THEIRS,
        {},
        404,
        "agent.not_found",
    ),
]


@pytest.mark.parametrize("both", PAIRS, ids=lambda both: f"{both.name} of {both.method}")
def test_of_two_faults_the_earlier_one_is_reported(
    server: RunningServer, caller: Caller, both: Both
) -> None:
    there = a_number()
    caller.create(there)
    names = {
        "THERE": there,
        "GONE": a_number(),
        "THEIRS": create_agent(server.organization("Stranger"))["agent_id"],
    }
    body = both.body
    if isinstance(body, dict):
        body = {
            field: path_with_names(value, names) if isinstance(value, str) else value
            for field, value in body.items()
        }
    target = path_with_names(both.target, names).replace("+", "%2B")
    answer = caller.request(both.method, target, body, both.headers)
    assert (answer.status, answer.json["code"]) == (both.status, both.code), answer.json


def test_an_idempotency_key_that_came_before_is_reported_before_a_conflict(
    caller: Caller,
) -> None:
    key: Headers = {"Idempotency-Key": a_name()}
    body = {"phone_number": a_number()}
    assert caller.request("POST", CREATE, body, key).status == 200
    again = caller.request("POST", CREATE, body | {"nickname": "x"}, key)
    assert again.refusal[:2] == (409, "idempotency.mismatch")


def test_an_agent_that_is_gone_is_reported_before_its_numbers(caller: Caller) -> None:
    agent_id = str(create_agent(caller)["agent_id"])
    caller.create(a_number(), inbound_agent_id=agent_id)
    path = f"{AGENTS}/{agent_id}"
    assert caller.request("DELETE", path).refusal[:2] == (409, "agent.in_use")
    assert caller.request("DELETE", f"{path}?force=true").status == 200
    assert caller.request("DELETE", path).refusal[:2] == (404, "agent.not_found")


def _handlers() -> Iterator[tuple[str, str, str | None, bool]]:
    """Go through all routes: method, an example path, the scope it says, whether it has a body."""
    for handler in ROUTES:
        assert isinstance(handler, HTTPRouteHandler)
        operation = handler.opt["operation"]
        for method in handler.http_methods:
            for path in handler.paths:
                parts = ["x" if "{" in part else part for part in path.split("/")]
                yield str(method), "/".join(parts), operation.scope, operation.body is not None


HANDLERS = [handler for handler in _handlers() if handler[2] is not None]


@pytest.mark.parametrize(("method", "path", "scope", "has_body"), HANDLERS)
def test_every_route_asks_for_the_key_pair_before_it_looks_at_anything_else(
    sqlite_server: RunningServer, method: str, path: str, scope: str, *, has_body: bool
) -> None:
    caller = sqlite_server.organization()
    body = TOO_LARGE if has_body else None
    nobody = caller.request(method, f"{path}?a=1", body, NO_PAIR | TEXT | BAD_KEY)
    assert nobody.refusal[:2] == (401, "auth.missing")
    stranger = caller.request(method, f"{path}?a=1", body, WRONG_PAIR | TEXT | BAD_KEY)
    assert stranger.refusal[:2] == (401, "auth.invalid")


@pytest.mark.parametrize(("method", "path", "scope", "has_body"), HANDLERS)
def test_every_route_asks_for_the_scope_that_it_documents_and_for_no_other(
    sqlite_server: RunningServer, method: str, path: str, scope: str, *, has_body: bool
) -> None:
    caller = sqlite_server.organization()
    others = {"numbers:read", "numbers:write", "agents:read", "agents:write", "calls:read"}
    lacking = sqlite_server.key_pair(caller, *(others - {scope}))
    body = TOO_LARGE if has_body else None
    refused = lacking.request(method, f"{path}?a=1", body, TEXT | BAD_KEY)
    needed = f"This needs a key pair with the scope '{scope}'"
    assert refused.refusal == (403, "auth.scope", needed)
    having = sqlite_server.key_pair(caller, scope)
    let_in = having.request(method, f"{path}?a=1", body, TEXT | BAD_KEY)
    expected = (413, "request.too_large") if has_body else (400, "validation.unknown_field")
    assert let_in.refusal[:2] == expected


@pytest.mark.parametrize(("method", "path", "scope", "has_body"), HANDLERS)
def test_every_route_with_a_body_looks_at_size_then_type_then_syntax_then_query(
    sqlite_server: RunningServer, method: str, path: str, scope: str, *, has_body: bool
) -> None:
    caller = sqlite_server.organization()
    target = f"{path}?a=1"
    if not has_body:
        ignored = caller.request(method, target, NOT_JSON, TEXT)
        assert ignored.refusal[:2] == (400, "validation.unknown_field")
        return
    codes = [
        caller.request(method, target, TOO_LARGE, TEXT).json["code"],
        caller.request(method, target, NOT_JSON, TEXT).json["code"],
        caller.request(method, target, NOT_JSON).json["code"],
    ]
    assert codes == ["request.too_large", "request.media_type", "validation.json"]


def _chunked(caller: Caller, server: RunningServer, headers: bytes, body: bytes) -> bytes:
    """Send a body in chunks, without announcing its size, and return the head of the answer."""
    with socket.create_connection((HOST, server.port)) as connection:
        connection.settimeout(20)
        connection.sendall(
            b"POST /api/phone-numbers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            + headers
            + b"\r\n"
        )
        for start in range(0, len(body), 65_536):
            part = body[start : start + 65_536]
            connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")
        return connection.recv(65_536).partition(b"\r\n")[0]


def test_a_body_in_chunks_is_measured_too(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    pair = f"X-API-KEY: {caller.api_key}\r\nX-API-SECRET: {caller.api_secret}\r\n".encode()
    text = b"Content-Type: text/plain\r\n"
    refused = _chunked(caller, sqlite_server, pair + text, TOO_LARGE)
    assert refused.startswith(b"HTTP/1.1 413 ")
    assert _chunked(caller, sqlite_server, text, TOO_LARGE).startswith(b"HTTP/1.1 401 ")
    just_fits = _chunked(caller, sqlite_server, pair + text, TOO_LARGE[:-1])
    assert just_fits.startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", f"{NUMBERS}/", 200),
        ("GET", "//api//phone-numbers//", 200),
        ("GET", "/api/phone-numbers%2F", 200),
        ("GET", f"{NUMBERS}/a%2Fb", 404),
        ("GET", f"{NUMBERS}/a%2Fhistory", 404),
        ("GET", f"{NUMBERS}%20", 404),
        ("GET", f"{NUMBERS}%3Fpage=1", 404),
        ("GET", f"{NUMBERS};a=1", 404),
        ("GET", f"{NUMBERS}/.", 404),
        ("GET", f"{NUMBERS}/..", 404),
        ("GET", f"{NUMBERS}/%", 404),
        ("GET", f"{NUMBERS}/%zz", 404),
        ("GET", f"{NUMBERS}/%ff%fe", 404),
        ("GET", f"{NUMBERS}/%ed%a0%80", 404),
        ("GET", f"{NUMBERS}/%00", 404),
        ("GET", f"{AGENTS}/%00", 404),
        ("PATCH", f"{AGENTS}/%00", 404),
        ("GET", f"{AGENTS}/%ff/versions", 404),
        ("GET", f"{AGENTS}/agent_1/versions/%00", 404),
        ("GET", f"{AGENTS}/agent_1/versions/99999999999999999999999", 404),
        ("GET", f"{AGENTS}/agent_1/versions/-1", 404),
        ("GET", f"{NUMBERS}/" + "9" * 5000, 404),
        ("GET", f"{NUMBERS}/" + "%E2%82%AC" * 5000, 404),
        ("TRACE", NUMBERS, 405),
        ("PROPFIND", f"{NUMBERS}/x", 405),
        ("PUT", "//api//phone-numbers//", 405),
        ("OPTIONS", NUMBERS, 204),
        ("OPTIONS", "/api/nowhere", 404),
        ("OPTIONS", "*", 404),
    ],
)
def test_an_odd_path_or_method_leads_nowhere_and_never_to_a_failure(
    server: RunningServer, caller: Caller, method: str, target: str, expected: int
) -> None:
    answer = caller.request(method, target, b"{}" if method == "PATCH" else None)
    assert answer.status == expected
    assert answer.headers["x-request-id"].startswith("req_")
    assert ("allow" in answer.headers) is (expected in {204, 405})
    if expected == 405:
        assert {"GET"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", NUMBERS, f"{NUMBERS}/x"])
def test_head_is_answered_as_get_is_without_the_body(caller: Caller, path: str) -> None:
    head, get = (caller.request(method, path) for method in ("HEAD", "GET"))
    assert head.body == b""
    assert head.status == get.status
    for answer in (head, get):
        assert answer.headers.pop("x-request-id").startswith("req_")
        del answer.headers["date"]
    assert head.headers == get.headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (NUMBERS, "GET, HEAD, OPTIONS"),
        (path_of("+12025550123"), "DELETE, GET, HEAD, OPTIONS, PATCH"),
        (CREATE, "OPTIONS, POST"),
        (AGENTS, "GET, HEAD, OPTIONS, POST"),
        (f"{AGENTS}/agent_1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_names_every_method_of_a_path(
    sqlite_server: RunningServer, path: str, methods: str
) -> None:
    answer = sqlite_server.wire().exchange("OPTIONS", path, [], None)
    assert (answer.status, answer.headers["allow"], answer.body) == (204, methods, b"")


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"\xff", b"<script>"])
def test_a_host_that_is_none_is_refused(server: RunningServer, host: bytes) -> None:
    with socket.create_connection((HOST, server.port)) as connection:
        connection.settimeout(20)
        last = b"Connection: close\r\n\r\n"
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: %b\r\n%b" % (host, last))
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"request.malformed"' in answer


def test_a_path_is_quoted_back_only_in_part(caller: Caller) -> None:
    answer = caller.request("GET", path_of("+" + "9" * 3000))
    assert answer.refusal[:2] == (404, "phone_number.not_found")
    assert len(answer.body) < 500


def test_a_client_that_leaves_within_its_body_is_no_failure_of_ours(
    own_server: RunningServer,
) -> None:
    caller = own_server.organization()
    head = (
        f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        f"X-API-KEY: {caller.api_key}\r\nX-API-SECRET: {caller.api_secret}\r\n\r\n"
    )
    with capture_logs() as logs:
        for part in ("", '{"phone_number": '):
            with socket.create_connection((HOST, own_server.port)) as connection:
                connection.sendall(head.encode() + part.encode())
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(20)
                while connection.recv(65_536):
                    pass
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert caller.listed() == []
