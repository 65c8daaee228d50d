"""One thing of each kind that paths can name."""

from tests.support.agent_caller import create_agent
from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.calls import a_scheduled_call, an_ended_call
from tests.support.server import RunningServer

PLAIN = {"version": "1"}
"""What else stands in paths and belongs to nobody, with a value that is there."""


SCHEDULED = "scheduled call_id"
"""Under which the id of a call stands that waits for its time."""


def things_of(server: RunningServer, caller: Caller) -> dict[str, str]:
    """Make one thing of each kind for an organization, and return their ids."""
    number = a_number()
    agent_id = create_agent(caller)["agent_id"]
    trunk = {"outbound_agent_id": agent_id, "outbound_trunk_id": "ST_outbound"}
    caller.create(number, nickname="Private", inbound_agent_id=agent_id, **trunk)
    pair = server.key_pair(caller)
    keys = caller.request("GET", f"/api/organizations/{caller.organization_id}/api-keys").data
    (key,) = (key for key in keys["api_keys"] if key["api_key"] == pair.api_key)
    return {
        "phone_number": number,
        "agent_id": agent_id,
        "call_id": an_ended_call(server, number).call_id,
        "organization_id": caller.organization_id,
        "api_key_id": key["api_key_id"],
        SCHEDULED: a_scheduled_call(server, caller.actor, number).call_id,
    }
