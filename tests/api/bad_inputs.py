"""What a row of the tables of bad inputs is, and what the rows have in common."""

from typing import Any, NamedTuple

from tests.support.caller import AVAILABLE, CREATE, LIST, NUMBERS

HeaderChanges = dict[str, str | bytes | None]


class Bad(NamedTuple):
    """A request that is refused, and the exact refusal.

    In ``target`` and ``error`` the words ``NUMBER`` and ``ORGANIZATION`` stand for a number that
    the caller has registered and for the caller's organization; ``NUMBER`` stands percent-encoded
    in ``target``.
    """

    name: str
    method: str
    target: str
    body: Any
    status: int
    code: str
    error: str
    headers: HeaderChanges = {}  # noqa: RUF012 - a default that nobody changes


ONE = f"{NUMBERS}/NUMBER"
HISTORY = f"{ONE}/history"

UNUSED = "+12025550123"
"""A number that no row registers, because each of them is refused."""


def create(name: str, body: dict[str, Any], code: str, error: str) -> Bad:
    """A create whose body is refused by a rule of its fields."""
    return Bad(name, "POST", CREATE, body, 400, f"validation.{code}", error)


def create_with(field: str, value: object, code: str, error: str) -> Bad:
    """A create of a good number with one bad field."""
    body = {"phone_number": UNUSED, field: value}
    return create(f"create with {field} {_shown(value)}", body, code, f"{field}: {error}")


def change(body: dict[str, Any], code: str, error: str) -> Bad:
    """A PATCH that is refused by a rule of its fields."""
    name = f"change to {_shown(body)}"
    return Bad(name, "PATCH", ONE, body, 400, f"validation.{code}", error)


def listed(body: dict[str, Any], code: str, error: str) -> Bad:
    """A list, asked for in a body."""
    name = f"list by {_shown(body)}"
    return Bad(name, "POST", LIST, body, 400, f"validation.{code}", error)


def queried(query: str, code: str, error: str, target: str = NUMBERS) -> Bad:
    """A GET with a query that is refused."""
    name = f"query {target.removeprefix(NUMBERS)}?{_shown(query)}"
    return Bad(name, "GET", f"{target}?{query}", None, 400, f"validation.{code}", error)


def headed(name: str, headers: HeaderChanges, status: int, code: str, error: str) -> Bad:
    """A good create with bad headers."""
    return Bad(name, "POST", CREATE, {"phone_number": UNUSED}, status, code, error, headers)


def missing(target: str, shown: str, method: str = "GET") -> Bad:
    """A path that leads to no number of the caller."""
    error = f"Phone number with ID '{shown}' does not exist in organization 'ORGANIZATION'"
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    name = f"{method} {_shown(target)}"
    return Bad(name, method, target, body, 404, "phone_number.not_found", error)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:50]}… ({len(text)} characters)"


__all__ = ["AVAILABLE", "HISTORY", "ONE", "UNUSED", "Bad"]
