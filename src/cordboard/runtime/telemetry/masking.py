"""What must not be read in a log: numbers of people, secrets, passwords."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"

PHONE_KEYS = (
    "called",
    "caller",
    "e164",
    "from_number",
    "phone_number",
    "phone_number_pretty",
    "to_number",
)
SECRET_KEYS = (
    "authorization",
    "credentials",
    "password",
    "pepper",
    "secret",
    "secret_key",
    "token",
)
"""The ends of names: ``livekit_api_secret`` and ``x-api-secret`` are secrets too."""

_PATTERNS = (
    # International numbers, also with the plus sign of a URL or as people group them. The first two
    # digits and the last two stay: who knows the number recognises it, and nobody else can dial it.
    (re.compile(r"((?:\+|%2[Bb])[1-9]\d?)(?:[ ().-]{0,2}\d){3,12}(\d{2})"), rf"\1{MASK}\2"),
    (re.compile(r"s3cr3t_\w+"), f"s3cr3t_{MASK}"),
    # The password may hold an @ that somebody forgot to encode: all up to the last one goes.
    (re.compile(r"(postgres(?:ql)?://[^:/?#@\s]*:)[^\s\"']*@"), rf"\1{MASK}@"),
    (re.compile(r"(postgres(?:ql)?://\S*?[?&](?:ssl)?password=)[^&\s\"']+"), rf"\1{MASK}"),
)


def masked_text(text: str) -> str:
    """Return a text without phone numbers, API secrets and passwords of PostgreSQL URLs."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def masked_values(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event whose values under telling names are masked, at any depth."""
    return {key: _masked(key.lower(), value) for key, value in event.items()}


def _masked(key: str, value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if key.endswith(SECRET_KEYS):
        return MASK
    if key in PHONE_KEYS:
        masked = masked_text(str(value))
        return masked if masked != str(value) else MASK
    if isinstance(value, Mapping):
        return masked_values(value)
    if isinstance(value, list | tuple):
        return [_masked(key, item) for item in value]
    return value
