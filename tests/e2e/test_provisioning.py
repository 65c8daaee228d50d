"""A registered number at the real livekit-server: which trunk, rule and agent take its calls.

What a caller would hear is not tried here: the gateway asks the server's own matcher, and neither
SIP nor audio takes part.
"""

import json
import signal
import time
from collections.abc import Callable

import pytest

from tests.e2e.gateway.lookups import Gateway, Routed
from tests.support.caller import Caller
from tests.support.process import Serving

NUMBER = "+14155550100"
NOBODY = "cordboard-nobody"
PATIENCE_S = 10


def until(look: Callable[[], Routed], is_so: Callable[[Routed], bool]) -> Routed:
    """Look again and again until it is so; the last look is what a failure shows."""
    end = time.monotonic() + PATIENCE_S
    routed = look()
    while not is_so(routed):
        assert time.monotonic() < end, routed
        time.sleep(0.05)
        routed = look()
    return routed


def names(routed: Routed) -> list[str]:
    return [name for name, _, _ in routed.agents]


@pytest.fixture
def bound(caller: Caller, gateway: Gateway) -> Routed:
    """A number that its agent answers through its own pair."""
    caller.create(NUMBER, inbound_agent_id="tone")
    return until(lambda: gateway.call(NUMBER), lambda routed: names(routed) == ["tone"])


def test_a_created_number_rings_its_agent_and_shows_what_stands_for_it(
    bound: Routed, caller: Caller
) -> None:
    number = caller.show(NUMBER)
    assert (bound.trunk_id, bound.rule_id) == (
        number["inbound_trunk_id"],
        number["dispatch_rule_id"],
    )
    assert (number["livekit_status"], number["livekit_error"]) == ("ready", None)
    metadata = json.loads(bound.agents[0][2])
    assert metadata["phone_number"] == NUMBER
    assert (metadata["agent_id"], metadata["agent_version"]) == ("tone", 1)
    assert (metadata["direction"], metadata["cluster"]) == ("inbound", "default")


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("called", ["14155550100", "+1 (415) 555-0100"])
def test_a_carrier_that_writes_the_number_in_its_own_way_reaches_it_too(
    called: str, gateway: Gateway
) -> None:
    assert names(gateway.call(called)) == ["tone"]


def test_the_version_of_a_registered_agent_decides_the_deployment(
    caller: Caller, gateway: Gateway
) -> None:
    asked = {"agent_name": "Desk", "livekit_agent_name": "desk", "livekit_deployment": "blue"}
    agent = caller.request("POST", "/api/agents/create", asked).data
    caller.create(NUMBER, inbound_agent_id=agent["agent_id"])
    routed = until(lambda: gateway.call(NUMBER), lambda routed: names(routed) == ["desk"])
    assert routed.agents[0][1] == "blue"


@pytest.mark.usefixtures("bound")
def test_the_next_call_goes_to_another_agent_once_the_number_is_bound_to_it(
    caller: Caller, gateway: Gateway
) -> None:
    caller.patch(NUMBER, inbound_agent_id="bell")
    until(lambda: gateway.call(NUMBER), lambda routed: names(routed) == ["bell"])


@pytest.mark.usefixtures("bound")
def test_a_deleted_number_leaves_its_route_and_nothing_behind(
    caller: Caller, gateway: Gateway
) -> None:
    cleanup = caller.delete(NUMBER).data["cleanup_results"]
    assert cleanup == {"dispatch_rule": True, "inbound_trunk": True, "outbound_trunk": True}
    assert names(gateway.call(NUMBER)) == [NOBODY]


@pytest.mark.usefixtures("server")
def test_a_number_that_nobody_registered_falls_into_the_catch_all_and_starts_no_worker(
    gateway: Gateway,
) -> None:
    routed = until(lambda: gateway.call("+14155550199"), lambda routed: routed.is_accepted)
    assert names(routed) == [NOBODY]


@pytest.mark.usefixtures("bound")
def test_a_call_from_a_foreign_address_matches_nothing(gateway: Gateway) -> None:
    routed = gateway.call(NUMBER, source="192.0.2.66")
    assert (routed.trunk_id, routed.is_accepted) == ("", False)


@pytest.mark.usefixtures("bound")
def test_an_emptied_redis_is_noticed_and_rebuilt(gateway: Gateway) -> None:
    gateway.forget_everything()
    assert not gateway.call(NUMBER).is_accepted
    until(lambda: gateway.call(NUMBER), lambda routed: names(routed) == ["tone"])


@pytest.mark.usefixtures("bound")
def test_a_number_goes_on_ringing_its_agent_while_cordboard_is_stopped(
    server: Serving, gateway: Gateway
) -> None:
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert names(gateway.call(NUMBER)) == ["tone"]
