"""Key pairs in the database: made, rotated, revoked, noted."""

import asyncio

import msgspec
import pytest

from cordboard.organizations import store
from cordboard.organizations.model import (
    ADMIN,
    APIKey,
    APIKeyEndedError,
    APIKeyNotFoundError,
    IssuedKey,
    OrganizationNotFoundError,
    Pepper,
)
from cordboard.organizations.operations import (
    NewKey,
    create_first_organization,
    create_key,
    create_organization,
    revoke_key,
    rotate_key,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.ids import OrganizationId
from tests.support.clock import START_MS, SettableClock

PEPPER = Pepper(b"a pepper that no database knows..")
HOUR_MS = 3_600_000
LONG_KEY = "sk_" + "x" * 300


async def an_actor(db: Database) -> Actor:
    """Return an actor of a new organization."""
    organization, first = await db.write(create_organization, "Test", PEPPER)
    return Actor(organization.organization_id, first.key.api_key, "req_1")


async def found(db: Database, api_key: str) -> APIKey:
    """Return a pair that is there."""
    key = await db.read(store.find_key, api_key)
    assert key is not None
    return key


def opens(key: APIKey, secret: str, at_ms: int) -> bool:
    """Whether a secret opens a pair as it is stored now."""
    return PEPPER.matches(key, secret, at_ms)


async def test_an_organization_comes_with_a_pair_that_may_do_everything(db: Database) -> None:
    organization, first = await db.write(create_organization, "Test", PEPPER)
    assert await db.read(store.list_organizations) == [organization]
    key = await found(db, first.key.api_key)
    assert key == first.key
    assert key.organization_id == organization.organization_id
    assert key.scopes == {ADMIN}
    assert opens(key, first.api_secret, START_MS)


async def test_the_first_organization_is_made_once(db: Database) -> None:
    assert await db.write(create_first_organization, "Default", PEPPER) is not None
    assert await db.write(create_first_organization, "Default", PEPPER) is None
    assert len(await db.read(store.list_organizations)) == 1


async def test_a_pair_is_kept_as_it_was_asked_for(db: Database) -> None:
    actor = await an_actor(db)
    new = NewKey("CRM sync", frozenset({"numbers:read", "calls:read"}), START_MS + HOUR_MS)
    issued = await db.write(create_key, actor, new, PEPPER)
    key = await found(db, issued.key.api_key)
    assert key == issued.key
    assert (key.name, key.scopes, key.expires_ms) == (new.name, new.scopes, new.expires_ms)
    assert (key.created_ms, key.revoked_ms, key.last_used_ms) == (START_MS, None, None)


async def test_no_secret_is_in_the_database(db: Database) -> None:
    actor = await an_actor(db)
    issued = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    stored = repr(msgspec.structs.astuple(await found(db, issued.key.api_key)))
    assert issued.api_secret not in stored
    assert issued.api_secret.removeprefix("s3cr3t_") not in stored


async def test_a_pair_needs_its_organization(db: Database) -> None:
    nobody = Actor(OrganizationId("org_nobody"), None, "operator")
    with pytest.raises(OrganizationNotFoundError):
        await db.write(create_key, nobody, NewKey("", frozenset({ADMIN})), PEPPER)


@pytest.mark.parametrize("api_key", ["", "sk_", "sk_nobody", "sk_\xff", LONG_KEY, "'; --", "%"])
async def test_an_unknown_pair_is_not_found(db: Database, api_key: str) -> None:
    await an_actor(db)
    assert await db.read(store.find_key, api_key) is None


async def test_a_list_shows_the_own_pairs_only_oldest_first(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    stranger = await an_actor(db)
    clock.advance(seconds=1)
    second = await db.write(create_key, actor, NewKey("second", frozenset({ADMIN})), PEPPER)
    await db.write(revoke_key, actor, second.key.api_key_id)
    keys = await db.read(store.list_keys, actor.organization_id)
    assert [(key.name, key.revoked_ms) for key in keys] == [
        ("first", None),
        ("second", START_MS + 1000),
    ]
    others = await db.read(store.list_keys, stranger.organization_id)
    assert [key.api_key for key in others] == [stranger.api_key]


async def test_after_a_rotation_both_secrets_work_until_the_grace_ends(db: Database) -> None:
    actor = await an_actor(db)
    first = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    second = await db.write(rotate_key, actor, first.key.api_key_id, HOUR_MS, PEPPER)
    key = await found(db, first.key.api_key)
    assert key == second.key
    assert opens(key, first.api_secret, START_MS + HOUR_MS - 1)
    assert not opens(key, first.api_secret, START_MS + HOUR_MS)
    assert opens(key, second.api_secret, START_MS + HOUR_MS)


async def test_at_most_two_secrets_work_at_a_time(db: Database) -> None:
    actor = await an_actor(db)
    first = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    second = await db.write(rotate_key, actor, first.key.api_key_id, HOUR_MS, PEPPER)
    third = await db.write(rotate_key, actor, first.key.api_key_id, HOUR_MS, PEPPER)
    key = await found(db, first.key.api_key)
    secrets = [first.api_secret, second.api_secret, third.api_secret]
    assert [opens(key, secret, START_MS) for secret in secrets] == [False, True, True]


async def test_without_grace_the_old_secret_ends_with_the_rotation(db: Database) -> None:
    actor = await an_actor(db)
    first = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    second = await db.write(rotate_key, actor, first.key.api_key_id, 0, PEPPER)
    key = await found(db, first.key.api_key)
    assert not opens(key, first.api_secret, START_MS)
    assert opens(key, second.api_secret, START_MS)


async def linger(tx: WriteTx, database_url: str) -> None:
    """Keep a transaction open for a while; on SQLite nobody else could get between anyway."""
    if database_url.startswith("postgres"):
        await tx.fetch_one("SELECT pg_sleep(0.5)")


async def test_rotations_at_the_same_time_come_one_after_the_other(
    db: Database, database_url: str
) -> None:
    async def rotate_and_linger(tx: WriteTx) -> IssuedKey:
        rotated = await rotate_key(tx, actor, first.key.api_key_id, HOUR_MS, PEPPER)
        await linger(tx, database_url)
        return rotated

    actor = await an_actor(db)
    first = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    issued = await asyncio.gather(*(db.write(rotate_and_linger) for _ in range(2)))
    key = await found(db, first.key.api_key)
    assert [opens(key, one.api_secret, START_MS) for one in issued] == [True, True]
    assert not opens(key, first.api_secret, START_MS)


async def test_a_rotation_never_answers_a_secret_that_a_revocation_has_ended(
    db: Database, database_url: str
) -> None:
    async def revoke_and_linger(tx: WriteTx) -> None:
        await revoke_key(tx, actor, first.key.api_key_id)
        revokes.set()
        await linger(tx, database_url)

    async def rotate_meanwhile() -> None:
        await revokes.wait()
        await db.write(rotate_key, actor, first.key.api_key_id, HOUR_MS, PEPPER)

    actor = await an_actor(db)
    revokes = asyncio.Event()
    first = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    revocation = asyncio.create_task(db.write(revoke_and_linger))
    with pytest.raises(APIKeyEndedError):
        await rotate_meanwhile()
    await revocation


async def test_a_revoked_pair_stays_revoked_and_the_first_time_counts(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    issued = await db.write(create_key, actor, NewKey("", frozenset({ADMIN})), PEPPER)
    await db.write(revoke_key, actor, issued.key.api_key_id)
    clock.advance(hours=1)
    again = await db.write(revoke_key, actor, issued.key.api_key_id)
    assert again.revoked_ms == START_MS
    with pytest.raises(APIKeyEndedError, match="is revoked; create a new one"):
        await db.write(rotate_key, actor, issued.key.api_key_id, 0, PEPPER)
    assert not opens(await found(db, issued.key.api_key), issued.api_secret, clock())


async def test_an_expired_pair_gets_no_new_secret(db: Database, clock: SettableClock) -> None:
    actor = await an_actor(db)
    new = NewKey("", frozenset({ADMIN}), START_MS + 1000)
    issued = await db.write(create_key, actor, new, PEPPER)
    clock.advance(seconds=1)
    with pytest.raises(APIKeyEndedError, match="is expired; create a new one"):
        await db.write(rotate_key, actor, issued.key.api_key_id, 0, PEPPER)


async def test_another_organizations_pair_looks_like_a_missing_one(db: Database) -> None:
    actor = await an_actor(db)
    stranger = await an_actor(db)
    theirs = await db.write(create_key, stranger, NewKey("", frozenset({ADMIN})), PEPPER)
    for api_key_id in (theirs.key.api_key_id, "apikey_missing"):
        text = f"API key with ID '{api_key_id}' does not exist in organization "
        with pytest.raises(APIKeyNotFoundError, match=text):
            await db.write(revoke_key, actor, api_key_id)
        with pytest.raises(APIKeyNotFoundError, match=text):
            await db.write(rotate_key, actor, api_key_id, 0, PEPPER)
    assert await found(db, theirs.key.api_key) == theirs.key


async def test_the_last_use_of_a_pair_only_moves_forward(db: Database) -> None:
    actor = await an_actor(db)
    api_key = actor.api_key or ""
    for at_ms, kept_ms in ((100, 100), (300, 300), (200, 300)):
        await db.write(store.update_keys_last_used, {api_key: at_ms, "sk_gone": at_ms})
        assert (await found(db, api_key)).last_used_ms == kept_ms
