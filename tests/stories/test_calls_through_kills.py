"""Calls while servers are killed, stopped and started again: each is answered once, or ended."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cordboard.simulated.livekit import Fault, FaultKind
from tests.support.builders import a_number
from tests.support.exchange import Exchange, exchange
from tests.support.process import Place, Serving
from tests.support.raw_sql import run_sql

ENDS = [signal.SIGKILL] * 4 + [signal.SIGTERM]
"""How a server ends, once and again."""

AT_ONCE = 25
"""Calls that ring then, for each database: 200 that meet a kill."""

HEARD = ["INVITE", "100", "180", "200"]
COUNT = "SELECT COUNT(*) FROM phone_call WHERE state = $1"


@pytest.fixture
def line() -> Iterator[Exchange]:
    with exchange() as one:
        yield one


@pytest.fixture
def place(line: Exchange, tmp_path: Path, database_url: str) -> Place:
    return line.place(tmp_path, database_url)


def count(database_url: str, state: str) -> int:
    """Return how many calls stand so in the database."""
    return int(run_sql(database_url, COUNT, state)[0][0])


def a_ready_number(line: Exchange, server: Serving) -> str:
    """Register a number that rings through the catch-all."""
    number = a_number()
    server.caller(server.first_pair()).create(number, inbound_agent_id="desk")
    server.wait_until(lambda: line.has_catch_all)
    return number


@pytest.mark.long(reason="a server ends 5 times under 25 ringing calls", seconds=300)
def test_a_server_that_ends_between_event_and_dispatch_is_made_up_for_by_another_one_s_poller(
    line: Exchange, place: Place, database_url: str
) -> None:
    desk = line.register_worker("desk")
    with place.serve() as survivor:
        number = a_ready_number(line, survivor)
        for turn, how in enumerate(ENDS):
            with place.serve() as killed:
                line.send_events_to(killed)
                line.lk.faults.add(Fault("CreateDispatch", FaultKind.ERROR_BEFORE, times=None))
                calls = line.calls(number, AT_ONCE)
                killed.wait_until(lambda: count(database_url, "ringing") == AT_ONCE)
                killed.process.send_signal(how)
                killed.process.wait()
                assert desk.jobs[turn * AT_ONCE :] == []
                line.lk.faults.clear()
                line.until_answered(calls)
                assert [call.messages for call in calls] == [HEARD] * AT_ONCE
                line.hang_up(calls)
                survivor.wait_until(lambda: count(database_url, "ringing") == 0)
        survivor.wait_until(lambda: count(database_url, "ended") == len(ENDS) * AT_ONCE)
    assert len({job.room for job in desk.jobs}) == len(desk.jobs) == len(ENDS) * AT_ONCE
    assert count(database_url, "ended") == len(ENDS) * AT_ONCE


@pytest.mark.long(reason="starts two servers one after the other", seconds=120)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_calls_that_ring_or_are_up_live_through_a_restart(
    line: Exchange, place: Place, database_url: str, how: signal.Signals
) -> None:
    desk = line.register_worker("desk")
    with place.serve(CORDBOARD_RINGING_TIMEOUT="60") as server:
        line.send_events_to(server)
        number = a_ready_number(line, server)
        up = line.calls(number, 6)
        line.until_answered(up)
        server.wait_until(lambda: count(database_url, "answered") == len(up))
        line.lk.faults.add(Fault("CreateDispatch", FaultKind.ERROR_BEFORE, times=None))
        ringing = line.calls(number, 6)
        server.wait_until(lambda: count(database_url, "ringing") == len(ringing))
        server.stop(how)
    line.hang_up(up[:2])
    late = line.calls(number, 2)
    line.lk.faults.clear()
    with place.serve(CORDBOARD_RINGING_TIMEOUT="60") as server:
        line.send_events_to(server)
        line.until_answered([*ringing, *late])
        assert [call.ended for call in up[2:]] == [None] * 4
        line.hang_up([*up[2:], *ringing, *late])
        server.wait_until(lambda: count(database_url, "ended") == 14)
        assert server.stop() == 0
    assert len({job.room for job in desk.jobs}) == len(desk.jobs) == 14
