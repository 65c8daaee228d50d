"""A repeated request is answered, not repeated."""

import asyncio

import pytest

from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.errors import StorageFullError
from cordboard.runtime.idempotency import (
    KEEP_MS,
    Answer,
    IdempotencyKey,
    IdempotencyMismatchError,
    once,
    prune_keys,
)
from cordboard.runtime.ids import OrganizationId
from tests.support.clock import SettableClock
from tests.support.notes import insert_note, notes_in

ONE = Actor(OrganizationId("org_1"), "sk_1", "req_1")
OTHER = Actor(OrganizationId("org_2"), "sk_2", "req_2")


def a_key(
    key: str = "k", *, operation: str = "POST /things", body: bytes = b'{"a":1}'
) -> IdempotencyKey:
    return IdempotencyKey(operation, key, body)


async def note(tx: WriteTx, actor: Actor, name: str) -> str:
    """Write a note under a name that no other run has."""
    return await insert_note(tx, f"{name} {tx.new_id('')}")


def render(name: str) -> Answer:
    return Answer(f'{{"noted":"{name} ↵\\n"}}'.encode(), f'"{name}.1"')


async def ask(
    db: Database, key: IdempotencyKey | None, name: str = "a", actor: Actor = ONE
) -> Answer:
    return await db.write(once(note, key, render), actor, name)


async def test_the_second_request_gets_the_first_one_s_answer_byte_for_byte(db: Database) -> None:
    first = await ask(db, a_key())
    second = await ask(db, a_key(), "another name, which nobody looks at")
    assert (second.body, second.etag) == (first.body, first.etag)
    assert (first.is_replay, second.is_replay) == (False, True)
    assert len(await notes_in(db)) == 1


async def test_without_a_key_every_request_is_one_of_its_own(db: Database) -> None:
    first, second = await ask(db, None), await ask(db, None)
    assert first.body != second.body
    assert not second.is_replay
    assert len(await notes_in(db)) == 2


async def test_another_body_under_the_same_key_is_refused_and_does_nothing(db: Database) -> None:
    first = await ask(db, a_key())
    with pytest.raises(IdempotencyMismatchError, match="'k' was used before with another body"):
        await ask(db, a_key(body=b'{"a":1} '))
    assert (await ask(db, a_key())).body == first.body
    assert len(await notes_in(db)) == 1


@pytest.mark.parametrize(
    ("actor", "key"),
    [(OTHER, a_key()), (ONE, a_key("K")), (ONE, a_key(operation="POST /things/1"))],
)
async def test_a_key_holds_for_one_organization_and_one_operation(
    db: Database, actor: Actor, key: IdempotencyKey
) -> None:
    await ask(db, a_key())
    assert not (await ask(db, key, actor=actor)).is_replay
    assert len(await notes_in(db)) == 2


async def test_a_refused_request_leaves_its_key_free(db: Database) -> None:
    async def refuse(tx: WriteTx, actor: Actor, name: str) -> str:
        await note(tx, actor, name)
        raise LookupError

    with pytest.raises(LookupError):
        await db.write(once(refuse, a_key(), render), ONE, "a")
    assert not (await ask(db, a_key(body=b"corrected"))).is_replay
    assert len(await notes_in(db)) == 1


async def test_an_answer_that_cannot_be_made_leaves_nothing(db: Database) -> None:
    def fail(name: str) -> Answer:
        raise StorageFullError(name)

    with pytest.raises(StorageFullError):
        await db.write(once(note, a_key(), fail), ONE, "a")
    assert await notes_in(db) == []
    assert not (await ask(db, a_key())).is_replay


async def test_of_many_requests_at_once_one_is_run_and_all_get_its_answer(db: Database) -> None:
    answers = await asyncio.gather(*(ask(db, a_key()) for _ in range(30)))
    assert len({answer.body for answer in answers}) == 1
    assert sum(not answer.is_replay for answer in answers) == 1
    assert len(await notes_in(db)) == 1


async def test_when_the_first_of_many_is_refused_the_next_is_run(db: Database) -> None:
    turns = []

    async def refuse_at_first(tx: WriteTx, actor: Actor, name: str) -> str:
        noted = await note(tx, actor, name)
        turns.append(noted)
        if len(turns) == 1:
            raise LookupError
        return noted

    outcomes = await asyncio.gather(
        *(db.write(once(refuse_at_first, a_key(), render), ONE, "a") for _ in range(10)),
        return_exceptions=True,
    )
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(answers) == 9
    assert len({answer.body for answer in answers}) == 1
    assert len(await notes_in(db)) == 1


async def test_a_key_is_kept_for_a_day_and_not_much_longer(
    db: Database, clock: SettableClock
) -> None:
    first = await ask(db, a_key())
    clock.advance(ms=KEEP_MS)
    assert await db.write(prune_keys, 100) == 0
    assert (await ask(db, a_key())).body == first.body
    clock.advance(ms=1)
    assert await db.write(prune_keys, 100) == 1
    assert not (await ask(db, a_key())).is_replay


async def test_pruning_takes_the_oldest_and_no_more_than_it_is_told_to(
    db: Database, clock: SettableClock
) -> None:
    for number in range(7):
        await ask(db, a_key(f"{number}"))
        clock.advance(ms=1)
    clock.advance(ms=KEEP_MS)
    assert await db.write(prune_keys, 3) == 3
    assert [(await ask(db, a_key(f"{number}"))).is_replay for number in (0, 2, 3, 6)] == [
        False,
        False,
        True,
        True,
    ]
    assert [await db.write(prune_keys, 3), await db.write(prune_keys, 3)] == [3, 1]


async def test_an_answer_without_an_entity_tag_is_repeated_without_one(db: Database) -> None:
    def plain(name: str) -> Answer:
        return Answer(name.encode())

    for _ in range(2):
        answer = await db.write(once(note, a_key(), plain), ONE, "a")
        assert answer.etag is None
