"""The organization in a path: the caller's own, or none that is told of."""

from cordboard.edge.api.body import LONGEST_ECHO
from cordboard.edge.api.context import HTTPRequest
from cordboard.organizations.model import OrganizationNotFoundError
from cordboard.runtime.actor import Actor


def check_organization(request: HTTPRequest, actor: Actor) -> None:
    """Hold the organization in the path against the caller's.

    Raises:
        OrganizationNotFoundError: It is another one; whether it exists is not told.
    """
    organization_id = request.scope["path_params"]["organization_id"]
    if organization_id != actor.organization_id:
        raise OrganizationNotFoundError(organization_id[:LONGEST_ECHO])
