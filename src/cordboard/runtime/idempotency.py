"""A repeated request is answered, not repeated.

The first successful answer is stored in the transaction of its effect and replayed byte for byte.
A refused request leaves nothing: its transaction is rolled back, so it can be corrected and sent
again under its key. A second request that arrives while the first is running waits for it: on
PostgreSQL on the row, on SQLite in the writer's queue.
"""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, WriteTx
from cordboard.runtime.errors import DomainError, Kind

KEEP_MS = 24 * 3600 * 1000

P = ParamSpec("P")
T = TypeVar("T")


class IdempotencyMismatchError(DomainError):
    """The key came before, with another body."""

    kind = Kind.CONFLICT
    code = "idempotency.mismatch"
    message = "Idempotency key reused"


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A client's name for one request.

    Attributes:
        operation: Method and path; with the organization, the scope of the key.
        key: 1–255 printable ASCII characters, checked by the edge.
        body: The request's raw body, compared byte for byte (by SHA-256).
    """

    operation: str
    key: str
    body: bytes

    def request_hash(self) -> str:
        """Return what is kept of the body."""
        return hashlib.sha256(self.body).hexdigest()


class Answer(msgspec.Struct, frozen=True):
    """An answer as it goes over the wire.

    Attributes:
        body: The bytes.
        etag: The entity tag of the answered thing, with its quotes, or None.
        is_replay: Whether this answer was stored by an earlier request.
    """

    body: bytes
    etag: str | None = None
    is_replay: bool = False


def once(
    fn: Callable[Concatenate[WriteTx, Actor, P], Awaitable[T]],
    key: IdempotencyKey | None,
    render: Callable[[T], Answer],
) -> Callable[Concatenate[WriteTx, Actor, P], Coroutine[Any, Any, Answer]]:
    """Wrap a write so that its answer is made and, under a key, stored in its transaction.

    Raises (when run):
        IdempotencyMismatchError: The key came before, with another body.
    """

    async def run(tx: WriteTx, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        if key is None:
            return render(await fn(tx, actor, *args, **kwargs))
        if not await _claim(tx, actor, key):
            return await _replay(tx, actor, key)
        answer = render(await fn(tx, actor, *args, **kwargs))
        await _store(tx, actor, key, answer)
        return answer

    return run


async def find_answer(tx: ReadTx, actor: Actor, key: IdempotencyKey | None) -> Answer | None:
    """Return the answer that is stored under a key, or None: for what takes more than a write.

    Raises:
        IdempotencyMismatchError: The key came before, with another body.
    """
    return None if key is None else await _stored(tx, actor, key)


async def _claim(tx: WriteTx, actor: Actor, key: IdempotencyKey) -> bool:
    """Put the key down; False when it is there already, after its owner has finished."""
    inserted = await tx.execute(
        """INSERT INTO idempotency_key (organization_id, operation, idempotency_key, request_hash,
             answer, etag, created_ms) VALUES ($1, $2, $3, $4, '', NULL, $5)
           ON CONFLICT (organization_id, operation, idempotency_key) DO NOTHING""",
        actor.organization_id,
        key.operation,
        key.key,
        key.request_hash(),
        tx.now_ms,
    )
    return inserted == 1


async def _store(tx: WriteTx, actor: Actor, key: IdempotencyKey, answer: Answer) -> None:
    await tx.execute(
        """UPDATE idempotency_key SET answer = $4, etag = $5
           WHERE organization_id = $1 AND operation = $2 AND idempotency_key = $3""",
        actor.organization_id,
        key.operation,
        key.key,
        answer.body.decode(),
        answer.etag,
    )


async def _replay(tx: WriteTx, actor: Actor, key: IdempotencyKey) -> Answer:
    answer = await _stored(tx, actor, key)
    if answer is None:
        raise _mismatch(key)
    return answer


async def _stored(tx: ReadTx, actor: Actor, key: IdempotencyKey) -> Answer | None:
    row = await tx.fetch_one(
        """SELECT request_hash, answer, etag FROM idempotency_key
           WHERE organization_id = $1 AND operation = $2 AND idempotency_key = $3""",
        actor.organization_id,
        key.operation,
        key.key,
    )
    if row is None:
        return None
    if row[0] != key.request_hash():
        raise _mismatch(key)
    return Answer(body=row[1].encode(), etag=row[2], is_replay=True)


def _mismatch(key: IdempotencyKey) -> IdempotencyMismatchError:
    detail = f"Idempotency-Key '{key.key}' was used before with another body"
    return IdempotencyMismatchError(detail)


async def prune_keys(tx: WriteTx, limit: int) -> int:
    """Delete keys older than 24 hours, the oldest first, ``limit`` at most.

    Returns how many went; 0 means that nothing is left to delete.
    """
    return await tx.execute(
        """DELETE FROM idempotency_key
           WHERE (organization_id, operation, idempotency_key) IN (
             SELECT organization_id, operation, idempotency_key FROM idempotency_key
             WHERE created_ms < $1 ORDER BY created_ms LIMIT $2)""",
        tx.now_ms - KEEP_MS,
        limit,
    )
