"""What a tick learned about a pair, as it is stored and shown."""

from typing import Any

from cordboard.routing.comparison import Ready
from cordboard.routing.livekit_errors import LiveKitConflictError, LiveKitError
from cordboard.routing.model import AgentVersion, key_of
from cordboard.routing.store import NumberState
from cordboard.runtime.ids import OrganizationId, RegistrationId

FREED_AT_ONCE = 500

Found = Ready | str | LiveKitError | None
"""What stands for a pair: it is ready, the id of the foreign trunk in its way, why it failed, or
nothing yet."""


def learned_state(
    cluster_id: str,
    registration_id: RegistrationId,
    organization_id: OrganizationId,
    found: Found,
    agent: AgentVersion | None,
) -> NumberState:
    """Return what is known of a pair at a cluster; ``agent`` is who its rule was made to name."""
    trunk_id = rule_id = error = None
    status = "pending"
    match found:
        case Ready():
            status = "ready"
            trunk_id, rule_id = found.trunk_id, found.rule_id
        case LiveKitConflictError():
            status, error = "blocked", found.detail
        case LiveKitError():
            status, error = "failed", found.detail
        case str():
            status = "blocked"
            error = f"trunk {found}, which is not Cordboard's, has the number"
    return NumberState(
        registration_id=registration_id,
        organization_id=organization_id,
        cluster_id=cluster_id,
        inbound_trunk_id=trunk_id,
        dispatch_rule_id=rule_id,
        status=status,
        error=error,
        answered_by=key_of(agent) if rule_id else None,
    )


def let_go(*collections: list[Any] | dict[str, Any]) -> None:
    """Empty what nobody needs any more, a little at a time; to be called in a thread.

    Tens of thousands of objects freed in one go would hold the event loop, wherever that happens.
    """
    for each in collections:
        while each:
            if isinstance(each, dict):
                each.popitem()
            else:
                del each[-FREED_AT_ONCE:]
