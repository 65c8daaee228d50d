"""``cordboard migrate``: the schema."""

import typer
import uvloop

from cordboard.operator.terminal import (
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
    refusals,
)
from cordboard.runtime.db.opening import migrate_database


def migrate(database: DatabaseOption = None, *, as_json: JSONOption = False) -> None:
    """Bring the database to the schema of this version; make it if it is not there."""
    with refusals():
        url = configured(database_url=database).settings.database_url.get_secret_value()
        applied = uvloop.run(migrate_database(url))
    if as_json:
        print_as_json({"applied": applied})
    else:
        typer.echo("\n".join(applied) or "Nothing to apply: the schema is that of this version.")
