"""Webhook URLs: absolute, plain, and not leading inside where that is forbidden."""

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from cordboard.runtime.errors import InvalidError
from cordboard.webhooks.addresses import (
    Network,
    is_allowed,
    is_forbidden,
    literal_address,
    plain_host,
)

LONGEST_URL = 2048
LONGEST_HOST = 253
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?")
_LOOPBACK_NAME = re.compile(r"(.*\.)?localhost", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]+)?")


@lru_cache(maxsize=1024)
def checked_webhook_url(
    text: str, field: str, *, is_production: bool, allowed: tuple[Network, ...] = ()
) -> str:
    """Return a URL that may be called, as it was given.

    An installation has many numbers and few webhooks, so what was good is remembered.
    Names are not looked up here: what a name leads to is checked each time it is used.

    Args:
        text: The URL.
        field: What errors call it.
        is_production: Whether only ``https`` will do, and only addresses outside.
        allowed: Private networks that it may lead to all the same.

    Raises:
        InvalidError: ``validation.length`` or ``validation.url``.
    """
    if not 1 <= len(text) <= LONGEST_URL:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_URL} characters")
    if not text.isprintable() or " " in text or "\\" in text:
        raise _refused(field, "must not hold spaces, invisible characters or backslashes")
    parts = _split(text, field)
    if parts.scheme != "https" and (is_production or parts.scheme != "http"):
        raise _refused(field, "must be an absolute https URL, like https://example.com/webhook")
    if "@" in parts.netloc:
        raise _refused(field, "must not hold credentials")
    if "#" in text:
        raise _refused(field, "must not have a fragment (#…)")
    _check_port(parts, field)
    _check_host(parts, field)
    if is_production:
        _check_address(parts, field, allowed)
    return text


def _refused(field: str, reason: str) -> InvalidError:
    return InvalidError(field, "url", reason)


def _split(text: str, field: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise _no_host(field) from None


def _no_host(field: str) -> InvalidError:
    return _refused(field, "must name a host")


def _check_port(parts: SplitResult, field: str) -> None:
    try:
        is_one = parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:
        is_one = False
    if not is_one:
        raise _refused(field, "must name a port from 1 to 65535, or none")


def _check_host(parts: SplitResult, field: str) -> None:
    host = parts.hostname or ""
    address = literal_address(host)
    has_brackets = "[" in parts.netloc or "]" in parts.netloc
    if has_brackets and not _BRACKETED.fullmatch(parts.netloc):
        raise _no_host(field)
    if address is None and (has_brackets or not _is_name(host)):
        raise _no_host(field)


def _check_address(parts: SplitResult, field: str, allowed: tuple[Network, ...]) -> None:
    host = parts.hostname or ""
    address = literal_address(host)
    is_outside = address is None or not is_forbidden(address) or is_allowed(address, allowed)
    if _LOOPBACK_NAME.fullmatch(plain_host(host)) or not is_outside:
        raise _refused(
            field, "must not lead to a loopback, private, link-local or metadata address"
        )


def _is_name(host: str) -> bool:
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    labels = ascii_host.removesuffix(".").split(".")
    return len(ascii_host) <= LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)
