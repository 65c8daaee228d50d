"""Who is calling: the key pair by its id, the secret's HMAC-SHA256, the scope."""

import hmac
import time

from bench.reference.refusal import RefusedError
from bench.reference.store import Fields, Store

REMEMBER_SECONDS = 0.5


def secret_digest(pepper: bytes, api_secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hmac.digest(pepper, api_secret.encode(), "sha256")


class Callers:
    """Checks key pairs; one that was just read is remembered for half a second, as Cordboard does.

    So a revocation takes effect within a second.
    """

    def __init__(self, store: Store, pepper: bytes) -> None:
        """Remember nothing yet."""
        self._store = store
        self._pepper = pepper
        self._remembered: dict[str, tuple[Fields, float]] = {}

    async def organization_of(self, api_key: str | None, api_secret: str | None, scope: str) -> str:
        """Return the organization that a good key pair with the scope names.

        Raises:
            RefusedError: 401 or 403.
        """
        if not api_key or not api_secret:
            raise RefusedError(401, "Unauthorized", "auth.missing", "A header is missing")
        key = await self._find(api_key)
        digest = secret_digest(self._pepper, api_secret)
        stored = bytes(32) if key is None else key["secret_digest"]
        if not hmac.compare_digest(digest, stored) or key is None or not _is_in_force(key):
            raise RefusedError(401, "Unauthorized", "auth.invalid", "The key pair is not valid")
        scopes = key["scopes"].split()
        if scope not in scopes and "admin" not in scopes:
            raise RefusedError(403, "Forbidden", "auth.scope", f"This needs the scope '{scope}'")
        organization_id: str = key["organization_id"]
        return organization_id

    async def _find(self, api_key: str) -> Fields | None:
        now = time.monotonic()
        key, fresh_until = self._remembered.get(api_key, (None, 0.0))
        if now < fresh_until:
            return key
        key = await self._store.find_key(api_key)
        if key is not None:
            self._remembered[api_key] = (key, now + REMEMBER_SECONDS)
        return key


def _is_in_force(key: Fields) -> bool:
    expires_at_ms = key["expires_at_ms"]
    is_expired = expires_at_ms is not None and expires_at_ms <= time.time() * 1000
    return key["revoked_at_ms"] is None and not is_expired
