"""Asking before something is lost."""

import sys
from typing import Annotated

import msgspec
import typer

from cordboard.edge.cli.conversation import refuse
from cordboard.edge.cli.output import visible


class Asking(msgspec.Struct, frozen=True):
    """The option of every command after which something is gone."""

    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False


def check_can_ask() -> None:
    """Check that there is somebody to ask.

    Raises:
        typer.BadParameter: Standard input is no terminal.
    """
    if not sys.stdin.isatty():
        message = "there is no terminal to ask on; give --yes to do it without being asked"
        raise typer.BadParameter(message)


def confirm(question: str) -> None:
    """Ask on stderr whether to go on; end the command, with status 1, unless the answer is yes."""
    if not typer.confirm(visible(question), err=True):
        refuse("Nothing was done")
