"""What people type on the command line, as the API wants it."""

import re

import msgspec
import typer

from cordboard.runtime.clock import epoch_ms

_BETWEEN_DIGITS = re.compile(r"[\s().\-\u2010-\u2015\u2212/]")
_NUMBER = re.compile(r"\+[0-9]+")
_LONGEST_IDEMPOTENCY_KEY = 255
_LARGEST_VERSION = 2_147_483_647


class Binding(msgspec.Struct, frozen=True):
    """An agent and the version of it that is to answer or to dial."""

    agent_id: str
    version: int


def phone_number(text: str) -> str:
    """Return a number without what people write between its digits.

    >>> phone_number("+1 (415) 777-4444")
    '+14157774444'

    Raises:
        typer.BadParameter: It has no country code, or is no number.
    """
    number = _BETWEEN_DIGITS.sub("", text)
    if not _NUMBER.fullmatch(number):
        message = f"{text!r} is not a number with + and its country code, such as +14155550100"
        raise typer.BadParameter(message)
    return number


def binding(text: str) -> Binding:
    """Return the agent and version that ``AGENT@VERSION`` names; ``AGENT`` alone means version 1.

    Raises:
        typer.BadParameter: One of the two is empty, or the version is no number from 1.
    """
    agent_id, at, version = text.partition("@")
    is_version = version.isascii() and version.isdecimal() and version.strip("0") != ""
    if not agent_id or (at and not (is_version and int(version) <= _LARGEST_VERSION)):
        message = f"{text!r} is not AGENT or AGENT@VERSION, such as agent_abc123@2"
        raise typer.BadParameter(message)
    return Binding(agent_id, int(version) if at else 1)


def etag(text: str) -> str:
    """Return an entity tag in its quotes, which need not be typed; ``*`` and lists stay.

    >>> etag("num_0f3a.2")
    '"num_0f3a.2"'

    Raises:
        typer.BadParameter: It cannot be a tag.
    """
    if not text or not text.isascii() or not text.isprintable():
        message = f"{text!r} is not a tag, such as num_0f3a.2"
        raise typer.BadParameter(message)
    return text if text == "*" or '"' in text else f'"{text}"'


def idempotency_key(text: str) -> str:
    """Return the key.

    Raises:
        typer.BadParameter: It is not 1–255 printable ASCII characters.
    """
    is_sendable = text.isascii() and text.isprintable()
    if not is_sendable or not 1 <= len(text) <= _LONGEST_IDEMPOTENCY_KEY:
        message = f"must be 1 to {_LONGEST_IDEMPOTENCY_KEY} printable ASCII characters"
        raise typer.BadParameter(message)
    return text


def identifier(text: str) -> str:
    """Return an id that a path can hold.

    Raises:
        typer.BadParameter: It is empty, or means a folder.
    """
    if text in {"", ".", ".."}:
        message = f"{text!r} is the id of nothing"
        raise typer.BadParameter(message)
    return text


def note(text: str) -> tuple[str, str]:
    """Return the key and the text that ``KEY=TEXT`` holds.

    >>> note("ticket=T-1")
    ('ticket', 'T-1')

    Raises:
        typer.BadParameter: There is no key.
    """
    key, equals, said = text.partition("=")
    if not key or not equals:
        message = f"{text!r} is not KEY=TEXT, such as ticket=T-1"
        raise typer.BadParameter(message, param_hint="--note")
    return key, said


def instant(text: str) -> int:
    """Return an instant in UTC as Unix seconds, rounded down.

    >>> instant("2033-05-18T03:33:20Z")
    2000000000

    Raises:
        typer.BadParameter: It is none.
    """
    at_ms = epoch_ms(text)
    if at_ms is None:
        message = f"{text!r} is no instant in UTC, such as 2033-05-18T03:33:20Z"
        raise typer.BadParameter(message)
    return at_ms // 1000
