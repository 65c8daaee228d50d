"""Which agent a path names."""

from cordboard.agents.errors import AgentNotFoundError
from cordboard.agents.model import AGENT_ID
from cordboard.edge.api.body import LONGEST_ECHO
from cordboard.edge.api.context import HTTPRequest
from cordboard.runtime.actor import Actor
from cordboard.runtime.ids import AgentId


def agent_in_path(request: HTTPRequest, actor: Actor) -> AgentId:
    """Return the id of the agent in the path.

    Raises:
        AgentNotFoundError: No agent can have such an id.
    """
    text = request.scope["path_params"]["agent_id"]
    if len(text) > LONGEST_ECHO:
        raise AgentNotFoundError(actor.organization_id, f"{text[:LONGEST_ECHO]}…")
    if not AGENT_ID.fullmatch(text):
        raise AgentNotFoundError(actor.organization_id, text)
    return AgentId(text)
