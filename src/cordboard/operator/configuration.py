"""``cordboard config``: the settings in force."""

from cordboard.edge.cli.output import print_table
from cordboard.operator.terminal import (
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
    refusals,
)


def config(database: DatabaseOption = None, *, as_json: JSONOption = False) -> None:
    """Show the settings in force, secrets masked, each with where it came from."""
    with refusals():
        shown = list(configured(database_url=database).shown())
    columns = ("name", "value", "source")
    if as_json:
        print_as_json([dict(zip(columns, setting, strict=True)) for setting in shown])
    else:
        print_table(columns, shown)
