"""A server that is killed while it makes a call: nobody's telephone ever rings twice."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from livekit import api

from cordboard.simulated.livekit import (
    Behaviour,
    Fault,
    FaultKind,
    Moment,
    Outcome,
    SimulatedLiveKit,
)
from cordboard.simulated.livekit.errors import TwirpError
from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.dial_points import ADOPTED, POINTS, Point
from tests.support.exchange import exchange
from tests.support.outbound import CALLEE, TRUNK
from tests.support.process import SECRET_KEY, Place, Serving

CALLS = "/api/calls"
PATIENCE_S = 60


@pytest.fixture
def lk() -> Iterator[SimulatedLiveKit]:
    """A simulated LiveKit in a thread of its own."""
    with exchange() as running:
        running.lk.sip.outbound[TRUNK] = api.SIPOutboundTrunkInfo(sip_trunk_id=TRUNK)
        running.register_worker("desk").behaviour = Behaviour(joins_after_s=0.1)
        yield running.lk


@pytest.fixture
def place(tmp_path: Path, database_url: str, lk: SimulatedLiveKit) -> Place:
    return Place(
        tmp_path,
        CORDBOARD_DATABASE_URL=database_url,
        CORDBOARD_SECRET_KEY=SECRET_KEY,
        CORDBOARD_LIVEKIT_URL=lk.url,
        CORDBOARD_LIVEKIT_API_KEY=lk.api_key,
        CORDBOARD_LIVEKIT_API_SECRET=lk.api_secret,
        CORDBOARD_SIP_SOURCE_CIDRS="192.0.2.0/24",
        CORDBOARD_RINGING_TIMEOUT="5",
    )


def hear_events(server: Serving, lk: SimulatedLiveKit) -> None:
    """Let LiveKit's events reach this server, as a load balancer does."""
    lk.webhooks.urls[:] = [f"http://127.0.0.1:{server.port}/livekit/events"]


def killer(server: Serving, point: Point) -> Callable[[str, Moment], None]:
    """Return what kills the server when a request stands there, once."""

    def kill(method: str, moment: Moment) -> None:
        if server.process.returncode is None and (method, moment) == point[:2]:
            server.process.kill()
            server.process.wait()
            if point.is_lost:
                raise TwirpError("unavailable", "the request was lost with its sender")

    return kill


def ended(server: Serving, caller: Caller, call_id: str, *, is_endless: bool) -> Any:  # noqa: ANN401 - as the wire has it
    """Return a call once it has ended; one that nobody else ends is ended when it is answered."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        data = caller.request("GET", f"{CALLS}/{call_id}").data
        if data["end_timestamp"] is not None:
            return data
        if data["state"] == "answered" and is_endless:
            caller.request("POST", f"{CALLS}/{call_id}/end")
        assert time.monotonic() < deadline, data
        assert server.process.poll() is None
        time.sleep(0.1)


@pytest.mark.long(reason="a server is started twice, and waits for what is not known", seconds=90)
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_a_server_that_is_killed_while_it_calls_dials_once_at_most(
    place: Place, lk: SimulatedLiveKit, point: Point
) -> None:
    talks_s = None if point.reason == ADOPTED else 0.3
    lk.callees.outcomes[CALLEE] = Outcome(after_s=0.5, hangs_up_after_s=talks_s)
    number = a_number()
    with place.serve() as server:
        pair = server.first_pair()
        caller = server.caller(pair)
        hear_events(server, lk)
        caller.create(number, outbound_agent_id="desk", outbound_trunk_id=TRUNK)
        lk.on_request = killer(server, point)
        if point.unsure_of:
            lk.faults.add(Fault(point.unsure_of, FaultKind.LOST_ANSWER, times=1))
        body = {"from_number": number, "to_number": CALLEE}
        placed = caller.request("POST", f"{CALLS}/create-phone-call", body)
        call_id = placed.data["call"]["call_id"]
        server.process.wait(PATIENCE_S)
    with place.serve() as server:
        hear_events(server, lk)
        caller = server.caller(pair)
        call = ended(server, caller, call_id, is_endless=point.reason == ADOPTED)
        assert (call["end_reason"], len(lk.callees.dialled)) == (point.reason, point.invites)
        assert lk.rooms.by_name == {}
        used = caller.request(
            "GET", f"/api/organizations/{pair['organization_id']}/outbound-guards"
        ).data
        assert used["usage"]["concurrent_calls"] == 0
