"""``cordboard config``: the settings in force."""

from cordboard.edge.cli.output import print_table
from cordboard.operator.installation import configured_key, kept_key_file
from cordboard.operator.terminal import (
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
    refusals,
)
from cordboard.runtime.secret_key import configured_or_kept
from cordboard.runtime.settings import Settings


def check_together(settings: Settings) -> None:
    """Hold against their rules what a server would refuse to start with, without a database.

    Raises:
        StartError: The secret key is malformed or weak, or what is set of LiveKit is unusable.
    """
    key = configured_key(settings)
    if key is not None:
        configured_or_kept(key, kept_key_file(settings), may_make=False)
    if settings.has_livekit:
        from cordboard.operator.livekit import configured_cluster  # noqa: PLC0415 - it imports half of everything

        configured_cluster(settings)


def config(database: DatabaseOption = None, *, as_json: JSONOption = False) -> None:
    """Show the settings in force, secrets masked, each with where it came from."""
    with refusals():
        configuration = configured(database_url=database)
        check_together(configuration.settings)
        shown = list(configuration.shown())
    columns = ("name", "value", "source")
    if as_json:
        print_as_json([dict(zip(columns, setting, strict=True)) for setting in shown])
    else:
        print_table(columns, shown)
