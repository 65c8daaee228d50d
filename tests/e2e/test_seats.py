"""Places in rooms, and the processes that take them."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from livekit import api

from tests.e2e.gateway.driver import GatewayDriver
from tests.e2e.seats import NotLetInError, Seat, Seats, opened_seats
from tests.support.answered import eventually

OF_A_PROCESS = 2
WITHIN_S = 15


def taken(seats: Seats, gateway: GatewayDriver, who: str) -> AbstractAsyncContextManager[Seat]:
    """Let somebody sit in the hall for the time of a block."""
    token = api.AccessToken(gateway.api_key, gateway.api_secret).with_identity(who)
    grants = api.VideoGrants(room_join=True, room="hall")
    jwt = token.with_grants(grants).to_jwt()
    return seats.taken(gateway.url, jwt, 440, is_telephone=True)


async def until_one_runs(seats: Seats) -> None:
    """Wait until no other process is left."""

    async def look() -> bool | None:
        return seats.running == 1 or None

    await eventually(look)


async def test_a_process_that_has_had_its_seats_ends_once_the_last_of_them_is_left(
    gateway: GatewayDriver, tmp_path: Path
) -> None:
    async with opened_seats(tmp_path, OF_A_PROCESS) as seats:
        async with taken(seats, gateway, "first") as first:
            async with taken(seats, gateway, "second"):
                pass
            async with taken(seats, gateway, "third") as third:
                third.speak()
                async with asyncio.timeout(WITHIN_S):
                    await first.heard.wait()
            assert seats.running == 1 + 1
        await until_one_runs(seats)


async def test_somebody_without_a_good_token_is_not_let_in(gateway: GatewayDriver) -> None:
    seats = gateway.server.seats
    with pytest.raises(NotLetInError):
        async with seats.taken(gateway.url, "no token", 440, is_telephone=True):
            pass
