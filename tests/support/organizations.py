"""Organizations for tests that work on a database without a server."""

from cordboard.organizations.model import Organization
from cordboard.organizations.store import insert_organization
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from cordboard.runtime.ids import OrganizationId
from tests.support.builders import a_name
from tests.support.clock import START_MS


async def an_actor(db: Database) -> Actor:
    """Make an organization that nobody else has, and return who acts for it."""
    organization_id = OrganizationId(a_name("org"))
    await db.write(insert_organization, Organization(organization_id, "Test", START_MS))
    return Actor(organization_id, f"sk_{organization_id}", f"req_{organization_id}")
