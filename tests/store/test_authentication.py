"""From a key pair to who is asking: what is remembered, for how long, and what a refusal costs."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordboard.organizations import store
from cordboard.organizations.authentication import MOST_REMEMBERED, REMEMBER_MS, Authenticator
from cordboard.organizations.model import ADMIN, IssuedKey, Pepper, UnauthorizedError
from cordboard.organizations.operations import (
    NewKey,
    create_key,
    create_organization,
    revoke_key,
    rotate_key,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, ReadTx, WriteTx
from cordboard.runtime.errors import DatabaseUnavailableError
from tests.support.clock import START_MS, SettableClock

T = TypeVar("T")

KEY = b"a pepper that no database knows.."
HOUR_MS = 3_600_000


class CountingPepper(Pepper):
    """A pepper that counts the secrets it has hashed."""

    def __init__(self) -> None:
        super().__init__(KEY)
        self.hashes = 0

    def hashed(self, api_secret: str) -> str:
        self.hashes += 1
        return super().hashed(api_secret)


class CountingDatabase(Database):
    """The real database, reads counted; it can be out of reach for long writes."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self.reads = 0
        self.is_away = False

    def _read(
        self, start: Callable[[ReadTx], Awaitable[T]], *, is_long: bool
    ) -> Coroutine[Any, Any, T]:
        self.reads += 1
        return self._db.scan(start) if is_long else self._db.read(start)

    def _write(
        self,
        start: Callable[[WriteTx], Awaitable[T]],
        *,
        is_long: bool = False,
        is_patient: bool = False,
    ) -> Coroutine[Any, Any, T]:
        assert not is_patient
        if is_long and self.is_away:
            raise DatabaseUnavailableError("away")
        return self._db.write_long(start) if is_long else self._db.write(start)

    async def close(self) -> None:
        await self._db.close()


class House:
    """One organization, its pairs in every state, and an authenticator whose work is counted."""

    def __init__(self, db: Database, clock: SettableClock) -> None:
        self.db = CountingDatabase(db)
        self.clock = clock
        self.pepper = CountingPepper()
        self.authenticator = Authenticator(self.db, self.pepper, clock)
        self.pairs: dict[str, tuple[str, str]] = {}
        self.texts: set[str] = set()

    async def furnish(self) -> None:
        """Make one pair for each reason to refuse, and one good one."""
        organization, first = await self.db.write(create_organization, "Test", self.pepper)
        self.actor = Actor(organization.organization_id, None, "operator")
        good, revoked, rotated = first, await self.a_pair(), await self.a_pair()
        expired = await self.a_pair(expires_ms=START_MS + 1)
        await self.db.write(revoke_key, self.actor, revoked.key.api_key_id)
        await self.db.write(rotate_key, self.actor, rotated.key.api_key_id, 1, self.pepper)
        wrong = rotated.api_secret[:-1] + "-"
        self.pairs = {
            "good": (good.key.api_key, good.api_secret),
            "unknown": ("sk_nobody", good.api_secret),
            "no pair of ours": ("", "x"),
            "wrong": (good.key.api_key, wrong),
            "another pair's secret": (good.key.api_key, revoked.api_secret),
            "revoked": (revoked.key.api_key, revoked.api_secret),
            "revoked and wrong": (revoked.key.api_key, wrong),
            "expired": (expired.key.api_key, expired.api_secret),
            "replaced": (rotated.key.api_key, rotated.api_secret),
        }
        self.clock.advance(ms=1)

    async def a_pair(self, expires_ms: int | None = None) -> IssuedKey:
        """Make a pair."""
        new = NewKey("", frozenset({ADMIN}), expires_ms)
        return await self.db.write(create_key, self.actor, new, self.pepper)

    async def work_of(self, reason: str) -> tuple[bool, int, int]:
        """Present a pair: whether it was taken, how many reads and hashes that took."""
        self.db.reads = self.pepper.hashes = 0
        try:
            key = await self.authenticator.authenticate(*self.pairs[reason])
        except UnauthorizedError as error:
            self.texts.add(str(error))
            return False, self.db.reads, self.pepper.hashes
        assert key.api_key == self.pairs[reason][0]
        return True, self.db.reads, self.pepper.hashes


REASONS = [
    "unknown",
    "no pair of ours",
    "wrong",
    "another pair's secret",
    "revoked",
    "revoked and wrong",
    "expired",
    "replaced",
]
REFUSED = (False, 1, 2)
READ = (True, 1, 2)
REMEMBERED = (True, 0, 1)


@pytest.fixture
async def house(db: Database, clock: SettableClock) -> House:
    house = House(db, clock)
    await house.furnish()
    return house


@pytest.mark.parametrize("reason", REASONS)
async def test_every_refusal_is_one_text_for_one_read_and_two_hashes(
    house: House, reason: str
) -> None:
    assert await house.work_of(reason) == REFUSED
    assert await house.work_of("good") == READ
    assert await house.work_of(reason) == REFUSED
    assert house.texts == {"The API key or secret is invalid"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.sampled_from([*REASONS, "good", "a while"]), min_size=10, max_size=40))
async def test_no_order_of_requests_makes_one_refusal_cheaper_than_another(
    house: House, steps: list[str]
) -> None:
    for step in steps:
        if step == "a while":
            house.clock.advance(ms=REMEMBER_MS)
        elif step == "good":
            assert await house.work_of(step) in {READ, REMEMBERED}
        else:
            assert await house.work_of(step) == REFUSED


async def test_a_good_pair_is_read_once_in_half_a_second(house: House) -> None:
    assert await house.work_of("good") == READ
    house.clock.advance(ms=REMEMBER_MS - 1)
    assert await house.work_of("good") == REMEMBERED
    house.clock.advance(ms=1)
    assert await house.work_of("good") == READ


async def test_a_revocation_by_somebody_else_takes_effect_within_half_a_second(
    house: House,
) -> None:
    issued = await house.a_pair()
    house.pairs["other"] = (issued.key.api_key, issued.api_secret)
    assert await house.work_of("other") == READ
    await house.db.write(revoke_key, house.actor, issued.key.api_key_id)
    house.clock.advance(ms=REMEMBER_MS)
    assert await house.work_of("other") == REFUSED


async def test_a_clock_that_is_set_back_does_not_stretch_what_is_remembered(house: House) -> None:
    issued = await house.a_pair()
    house.pairs["other"] = (issued.key.api_key, issued.api_secret)
    assert await house.work_of("other") == READ
    await house.db.write(revoke_key, house.actor, issued.key.api_key_id)
    house.clock.advance(hours=-1)
    assert await house.work_of("other") == REFUSED


async def test_a_pair_that_was_forgotten_is_read_again(house: House) -> None:
    issued = await house.a_pair()
    house.pairs["other"] = (issued.key.api_key, issued.api_secret)
    assert await house.work_of("other") == READ
    await house.db.write(revoke_key, house.actor, issued.key.api_key_id)
    house.authenticator.forget(issued.key.api_key)
    assert await house.work_of("other") == REFUSED


async def test_a_pair_ends_with_its_instant_even_while_it_is_remembered(house: House) -> None:
    issued = await house.a_pair(expires_ms=house.clock() + 10)
    house.pairs["other"] = (issued.key.api_key, issued.api_secret)
    house.clock.advance(ms=9)
    assert await house.work_of("other") == READ
    house.clock.advance(ms=1)
    assert await house.work_of("other") == REFUSED


async def test_a_new_secret_works_at_once_while_the_old_one_is_remembered(house: House) -> None:
    api_key, _ = house.pairs["good"]
    first = await house.db.read(store.find_key, api_key)
    assert first is not None
    assert await house.work_of("good") == READ
    rotated = await house.db.write(rotate_key, house.actor, first.api_key_id, HOUR_MS, house.pepper)
    house.pairs["new"] = (api_key, rotated.api_secret)
    assert await house.work_of("new") == READ
    assert await house.work_of("good") == REMEMBERED


async def test_the_memory_is_bounded(house: House) -> None:
    assert await house.work_of("good") == READ
    pair = await house.a_pair()
    for _ in range(3):
        house.pairs["other"] = (pair.key.api_key, pair.api_secret)
        assert await house.work_of("other") in {READ, REMEMBERED}
    for number in range(MOST_REMEMBERED):
        house.pairs["stranger"] = (f"sk_{number}", "x")
        assert await house.work_of("stranger") == REFUSED
    assert await house.work_of("good") == REMEMBERED


async def last_used(house: House, reason: str) -> Any:  # noqa: ANN401 - None or milliseconds
    key = await house.db.read(store.find_key, house.pairs[reason][0])
    return None if key is None else key.last_used_ms


async def test_the_use_of_a_good_pair_is_written_down_later_that_of_a_bad_one_never(
    house: House,
) -> None:
    await house.work_of("good")
    await house.work_of("revoked")
    assert await last_used(house, "good") is None
    await house.authenticator.flush_last_used()
    assert await last_used(house, "good") == house.clock()
    assert await last_used(house, "revoked") is None


async def test_uses_that_could_not_be_written_down_are_kept_for_the_next_time(
    house: House,
) -> None:
    await house.work_of("good")
    used_ms = house.clock()
    house.db.is_away = True
    with pytest.raises(DatabaseUnavailableError):
        await house.authenticator.flush_last_used()
    house.db.is_away = False
    await house.authenticator.flush_last_used()
    assert await last_used(house, "good") == used_ms
