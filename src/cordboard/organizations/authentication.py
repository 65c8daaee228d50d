"""From a presented key pair to who is asking, in microseconds.

A pair that has just been good is remembered for half a second, so revocation takes effect within
a second on every node. Every refusal does the same work whatever its reason: one look into the
memory, one into the database, two hashes.
"""

from cordboard.organizations import store
from cordboard.organizations.model import APIKey, Pepper, UnauthorizedError
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database
from cordboard.runtime.errors import DomainError

REMEMBER_MS = 500
MOST_REMEMBERED = 1024


class Authenticator:
    """Checks key pairs against the database, and notes their use off the request path."""

    def __init__(self, db: Database, pepper: Pepper, clock: Clock) -> None:
        """Remember nothing yet."""
        self._db = db
        self._pepper = pepper
        self._clock = clock
        self._remembered: dict[str, tuple[APIKey, int]] = {}
        self._used_ms: dict[str, int] = {}

    async def authenticate(self, api_key: str, api_secret: str) -> APIKey:
        """Return the key pair that was presented.

        Raises:
            UnauthorizedError: It is unknown, wrong, revoked or expired.
            DatabaseUnavailableError: It was not seen lately and the database is away.
        """
        now_ms = self._clock()
        key, read_ms = self._remembered.get(api_key, (APIKey.DUMMY, now_ms))
        is_match = self._pepper.matches(key, api_secret, now_ms)
        # A clock that was set back must not stretch what is remembered, hence the lower bound.
        if not (is_match and 0 <= now_ms - read_ms < REMEMBER_MS):
            found = await self._db.read(store.find_key, api_key)
            key = APIKey.DUMMY if found is None else found
            if not self._pepper.matches(key, api_secret, now_ms):
                raise UnauthorizedError
            self._remember(key, now_ms)
        self._used_ms[api_key] = now_ms
        return key

    def forget(self, api_key: str) -> None:
        """Look a pair up again next time: it was revoked or got another secret just now."""
        self._remembered.pop(api_key, None)

    async def flush_last_used(self) -> None:
        """Write down when pairs were last used; called now and then, off the request path.

        Raises:
            DatabaseUnavailableError, StorageFullError, IndeterminateWriteError: The times are kept
                for the next call.
        """
        used_ms, self._used_ms = self._used_ms, {}
        try:
            if used_ms:
                await self._db.write_long(store.update_keys_last_used, used_ms)
        except DomainError:
            self._used_ms = used_ms | self._used_ms
            raise

    def _remember(self, key: APIKey, read_ms: int) -> None:
        """Keep a good pair; only good ones, so strangers cannot fill the memory."""
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key.api_key] = (key, read_ms)
