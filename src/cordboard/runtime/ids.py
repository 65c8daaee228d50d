"""Identifiers: a visible prefix and random bits that nobody can guess."""

import secrets
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
RegistrationId = NewType("RegistrationId", str)
AgentId = NewType("AgentId", str)
RequestId = NewType("RequestId", str)

RANDOM_BYTES = 12


def new_id(prefix: str) -> str:
    """Return ``prefix`` followed by 96 random bits as 24 lower-case hexadecimal digits."""
    return prefix + secrets.token_hex(RANDOM_BYTES)
