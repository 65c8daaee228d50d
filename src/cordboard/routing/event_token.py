"""The token that LiveKit signs an event with: a JSON web token (RFC 7519) signed with HS256.

It is verified for each of the seven events of a call, which a general library does in 40 µs and
this in 5 (docs/adr/0011): one algorithm, one form, and tests that hold it against PyJWT.
"""

import binascii
import hmac
import time
from collections.abc import Mapping

import msgspec

from cordboard.runtime.errors import DomainError, Kind

LEEWAY_S = 60
"""How far LiveKit's clock and ours may differ."""

LIVES_S = 300
"""How long LiveKit lets a token live (livekit/protocol, ``webhook/url_notifier.go``)."""


class EventUnverifiedError(DomainError):
    """What came was not sent by this LiveKit, or was changed on its way."""

    kind = Kind.UNAUTHORIZED
    code = "livekit.event_unverified"
    message = "Event not verified"


class _Header(msgspec.Struct):
    """``crit`` names extensions that have to be understood (RFC 7515, 4.1.11); none is here."""

    alg: str
    crit: list[str] | None = None


class _Claims(msgspec.Struct):
    iss: str
    exp: int
    sha256: str
    nbf: int = 0
    iat: int = 0


_header = msgspec.json.Decoder(_Header)
_claims = msgspec.json.Decoder(_Claims)


def verified_hash(authorization: str, secrets: Mapping[str, str]) -> str:
    """Return the hash that the body must have, given the ``Authorization`` of its request.

    Args:
        authorization: The token as LiveKit sends it, without ``Bearer``.
        secrets: API key → secret, of every key that is in use.

    Raises:
        EventUnverifiedError: It is no token of this LiveKit, has expired, or would live for longer
            than any of LiveKit's, so perhaps for longer than its event is remembered.
    """
    try:
        signed, _, signature = authorization.encode("ascii").rpartition(b".")
        header, _, payload = signed.partition(b".")
        claims = _claims.decode(_decoded(payload))
        secret = secrets.get(claims.iss)
        if secret is None:
            raise EventUnverifiedError("The token names an API key that is not configured here")
        expected = hmac.digest(secret.encode(), signed, "sha256")
        is_signed = hmac.compare_digest(expected, _decoded(signature))
        if is_signed and _is_understood(_header.decode(_decoded(header))) and _is_valid_now(claims):
            return claims.sha256
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise EventUnverifiedError("The token is missing or malformed") from error
    raise EventUnverifiedError("The token is wrong, has expired or would live too long")


def _decoded(part: bytes) -> bytes:
    """Decode base64url without padding (RFC 7515, section 2).

    Raises:
        ValueError: It is something else.
    """
    plain = part.translate(_TO_BASE64) + b"=" * (-len(part) % 4)
    return binascii.a2b_base64(plain, strict_mode=True)


_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/   ")


def _is_understood(header: _Header) -> bool:
    return header.alg == "HS256" and header.crit is None


def _is_valid_now(claims: _Claims) -> bool:
    """Whether it has begun and ends when LiveKit's do, give or take what clocks differ by."""
    now_s = time.time()
    has_begun = claims.nbf <= now_s + LEEWAY_S and claims.iat <= now_s + LEEWAY_S
    return has_begun and now_s - LEEWAY_S < claims.exp <= now_s + LIVES_S + LEEWAY_S
