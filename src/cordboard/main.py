"""Where things are put together: the ``cordboard`` command."""

import sys

import uvicorn
import uvloop

from cordboard.edge.api.app import build_app
from cordboard.edge.api.context import Context
from cordboard.numbers.model import NumberRules
from cordboard.organizations.authentication import Authenticator
from cordboard.organizations.model import Pepper
from cordboard.organizations.operations import create_first_organization
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import open_database
from cordboard.runtime.db.opening import sqlite_path
from cordboard.runtime.secret_key import open_secret_key
from cordboard.runtime.settings import Settings, key_file


async def serve() -> None:
    """Serve the API until SIGINT or SIGTERM."""
    settings = Settings()
    path = sqlite_path(settings.database_url)
    db = await open_database(settings.database_url, create=True)
    secret = await open_secret_key(db, settings.secret_key, key_file(path))
    pepper = Pepper(secret.derived("api-secret-pepper"))
    first = await db.write(create_first_organization, "Default", pepper)
    if first:
        sys.stdout.write(f"{first[1].key.api_key} {first[1].api_secret}\n")
        sys.stdout.flush()
    context = Context(
        db=db,
        authenticator=Authenticator(db, pepper, system_clock),
        pepper=pepper,
        clock=system_clock,
        number_rules=NumberRules(settings.is_production, settings.require_registered_agents),
    )
    config = uvicorn.Config(
        build_app(context),
        host=settings.host,
        port=settings.port,
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        timeout_graceful_shutdown=8,
    )
    await uvicorn.Server(config).serve()
    await db.close()


def run() -> None:
    """Run the command."""
    uvloop.run(serve())


if __name__ == "__main__":
    run()
