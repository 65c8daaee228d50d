"""Requests that are wrong in their path, their method or their headers."""

from tests.api.bad_inputs import AVAILABLE, HISTORY, ONE, UNUSED, Bad, headed, missing
from tests.support.caller import CREATE, LIST, NUMBERS

_KEY = "Idempotency-Key: must be 1 to 255 printable ASCII characters"
_NOTHING = "There is nothing at this path; the API is described at /docs"
_LARGE = "A body may have up to 1,048,576 bytes"
_INVALID = "The API key or secret is invalid"


def _no_route(target: str, method: str = "GET") -> Bad:
    return Bad(f"{method} {target}", method, target, None, 404, "route.not_found", _NOTHING)


def _no_method(method: str, target: str, takes: str) -> Bad:
    error = f"This path takes {takes}"
    return Bad(f"{method} {target}", method, target, None, 405, "route.method_not_allowed", error)


def _too_large(method: str, target: str) -> Bad:
    name = f"{method} {target} with more than 1 MiB"
    return Bad(name, method, target, b" " * 1_048_577, 413, "request.too_large", _LARGE)


PATHS = [
    missing(f"{NUMBERS}/%2B12025550123", "+12025550123"),
    missing(f"{NUMBERS}/+12025550123", "+12025550123"),
    missing(f"{NUMBERS}/%2B12025550123", "+12025550123", "PATCH"),
    missing(f"{NUMBERS}/%2B12025550123", "+12025550123", "DELETE"),
    missing(f"{NUMBERS}/%2B12025550123/history", "+12025550123"),
    missing(f"{NUMBERS}/12025550123", "12025550123"),
    missing(f"{NUMBERS}/%252B12025550123", "%2B12025550123"),
    missing(f"{NUMBERS}/%2B1%20202%20555%200123", "+1 202 555 0123"),
    missing(f"{NUMBERS}/%20", " "),
    missing(f"{NUMBERS}/%00", "\0"),
    missing(f"{NUMBERS}/%00/history", "\0"),
    missing(f"{NUMBERS}/%00", "\0", "PATCH"),
    missing(f"{NUMBERS}/%00", "\0", "DELETE"),
    missing(f"{NUMBERS}/%FF", "\ufffd"),
    missing(f"{NUMBERS}/%ED%A0%80", "\ufffd\ufffd\ufffd"),
    missing(f"{NUMBERS}/%F0%9F%98%80", "😀"),
    missing(f"{NUMBERS}/num_0123456789abcdef", "num_0123456789abcdef"),
    missing(f"{NUMBERS}/'%20OR%20'1'='1", "' OR '1'='1"),
    missing(f"{NUMBERS}/{'9' * 2000}", f"{'9' * 100}…"),
    missing(f"{NUMBERS}/Available", "Available"),
    _no_route("/"),
    _no_route("/api"),
    _no_route("/api/phone-number"),
    _no_route("/API/phone-numbers"),
    _no_route("/api/phone_numbers"),
    _no_route(f"{NUMBERS}/a/b"),
    _no_route(f"{NUMBERS}/a/b/c"),
    _no_route(f"{NUMBERS}/a%2Fb"),
    _no_route(f"{NUMBERS}/../phone-numbers/available"),
    _no_route("/nowhere", "POST"),
    _no_method("POST", NUMBERS, "GET, HEAD"),
    _no_method("DELETE", NUMBERS, "GET, HEAD"),
    _no_method("PUT", ONE, "DELETE, GET, HEAD, PATCH"),
    _no_method("POST", ONE, "DELETE, GET, HEAD, PATCH"),
    _no_method("GET", CREATE, "POST"),
    _no_method("PATCH", CREATE, "POST"),
    _no_method("GET", LIST, "POST"),
    _no_method("DELETE", AVAILABLE, "GET, HEAD"),
    _no_method("POST", HISTORY, "GET, HEAD"),
    _no_method("POST", "/healthz", "GET, HEAD"),
]

_MISSING_KEY = "The header X-API-KEY is missing or empty"
_MISSING_SECRET = "The header X-API-SECRET is missing or empty"

HEADERS = [
    headed("no key", {"X-API-KEY": None}, 401, "auth.missing", _MISSING_KEY),
    headed("an empty key", {"X-API-KEY": ""}, 401, "auth.missing", _MISSING_KEY),
    headed("a key of spaces", {"X-API-KEY": "   "}, 401, "auth.missing", _MISSING_KEY),
    headed("no secret", {"X-API-SECRET": None}, 401, "auth.missing", _MISSING_SECRET),
    headed("an empty secret", {"X-API-SECRET": ""}, 401, "auth.missing", _MISSING_SECRET),
    headed("no pair", {"X-API-KEY": None, "X-API-SECRET": None}, 401, "auth.missing", _MISSING_KEY),
    headed("an unknown key", {"X-API-KEY": "sk_unknown"}, 401, "auth.invalid", _INVALID),
    headed("a key without prefix", {"X-API-KEY": "unknown"}, 401, "auth.invalid", _INVALID),
    headed("a very long key", {"X-API-KEY": f"sk_{'k' * 20_000}"}, 401, "auth.invalid", _INVALID),
    headed("a key in Latin-1", {"X-API-KEY": b"sk_\xe9"}, 401, "auth.invalid", _INVALID),
    headed("a wrong secret", {"X-API-SECRET": "s3cr3t_wrong"}, 401, "auth.invalid", _INVALID),
    headed("a secret in Latin-1", {"X-API-SECRET": b"s3cr3t_\xff"}, 401, "auth.invalid", _INVALID),
    headed(
        "plain text",
        {"Content-Type": "text/plain"},
        415,
        "request.media_type",
        "Send application/json, not text/plain",
    ),
    headed(
        "a multipart form",
        {"Content-Type": "multipart/form-data; boundary=x"},
        415,
        "request.media_type",
        "Send application/json, not multipart/form-data",
    ),
    headed(
        "another JSON type",
        {"Content-Type": "application/merge-patch+json"},
        415,
        "request.media_type",
        "Send application/json, not application/merge-patch+json",
    ),
    headed(
        "no media type at all",
        {"Content-Type": "json"},
        415,
        "request.media_type",
        "Send application/json, not json",
    ),
    headed(
        "a very long media type",
        {"Content-Type": "x" * 500},
        415,
        "request.media_type",
        f"Send application/json, not {'x' * 100}",
    ),
    headed(
        "parameters of no media type",
        {"Content-Type": ";charset=utf-8"},
        415,
        "request.media_type",
        "Send application/json, not ''",
    ),
    headed(
        "a compressed body",
        {"Content-Encoding": "gzip"},
        415,
        "request.media_type",
        "Content-Encoding: send the body as it is, not gzip",
    ),
    headed(
        "a body that is compressed twice",
        {"Content-Encoding": "identity, BR"},
        415,
        "request.media_type",
        "Content-Encoding: send the body as it is, not identity, br",
    ),
    headed(
        "an empty idempotency key",
        {"Idempotency-Key": ""},
        400,
        "validation.idempotency_key",
        _KEY,
    ),
    headed(
        "an idempotency key of 256 characters",
        {"Idempotency-Key": "k" * 256},
        400,
        "validation.idempotency_key",
        _KEY,
    ),
    headed(
        "an idempotency key with a tab inside",
        {"Idempotency-Key": "a\tb"},
        400,
        "validation.idempotency_key",
        _KEY,
    ),
    headed(
        "an idempotency key that is not ASCII",
        {"Idempotency-Key": "clé".encode()},
        400,
        "validation.idempotency_key",
        _KEY,
    ),
    _too_large("POST", CREATE),
    _too_large("POST", LIST),
    _too_large("PATCH", ONE),
    Bad(
        "a large body that says it is text",
        "POST",
        CREATE,
        b" " * 1_048_577,
        413,
        "request.too_large",
        _LARGE,
        {"Content-Type": "text/plain"},
    ),
    Bad(
        "a path that is not there, without a key pair",
        "GET",
        "/api/nowhere",
        None,
        404,
        "route.not_found",
        _NOTHING,
        {"X-API-KEY": None, "X-API-SECRET": None},
    ),
    Bad(
        "a number that is not there, without a key pair",
        "GET",
        f"{NUMBERS}/{UNUSED}",
        None,
        401,
        "auth.missing",
        _MISSING_KEY,
        {"X-API-KEY": None, "X-API-SECRET": None},
    ),
]

ROWS: list[Bad] = [*PATHS, *HEADERS]
