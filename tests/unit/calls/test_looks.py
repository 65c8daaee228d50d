"""A turn of the poller goes on after a look that failed, up to a limit."""

from functools import partial

import pytest

from cordboard.calls.looks import MOST_FAILURES, look_everywhere
from cordboard.runtime.errors import DatabaseUnavailableError, DomainError


async def _look(seen: list[int], place: int, failing: range) -> None:
    seen.append(place)
    if place in failing:
        raise DatabaseUnavailableError(str(place))


async def test_a_look_that_the_database_fails_keeps_no_other_from_its_turn() -> None:
    seen: list[int] = []
    looks = [partial(_look, seen, place, range(1, MOST_FAILURES)) for place in range(9)]
    with pytest.raises(DomainError, match="1"):
        await look_everywhere(looks, 0)
    assert seen == list(range(9))


async def test_a_turn_ends_with_the_last_failure_that_it_may_have() -> None:
    seen: list[int] = []
    looks = [partial(_look, seen, place, range(9)) for place in range(9)]
    with pytest.raises(DomainError, match="3"):
        await look_everywhere(looks, 3)
    assert seen == list(range(3, 3 + MOST_FAILURES))
