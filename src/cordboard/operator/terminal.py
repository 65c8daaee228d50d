"""What operator commands share: their options, the settings in force, and how they are refused."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec
import structlog
import typer

from cordboard.edge.cli.output import print_json
from cordboard.runtime.errors import DomainError, InvalidError, StartError
from cordboard.runtime.settings import Configuration, load_settings
from cordboard.runtime.telemetry.logs import configure_logs
from cordboard.runtime.telemetry.masking import masked_text

log = structlog.get_logger(__name__)

REFUSED = 1
WRONG_USAGE = 2

DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="In place of CORDBOARD_DATABASE_URL."),
]
JSONOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@contextmanager
def refusals() -> Iterator[None]:
    """End the command with a sentence on standard error when something is refused or fails.

    Raises:
        typer.Exit: With status 2 for what was typed wrongly, else 1.
    """
    try:
        yield
    except InvalidError as error:
        print_error(error.detail)
        raise typer.Exit(WRONG_USAGE) from error
    except DomainError as error:
        print_error(f"{error.message}: {error.detail}")
        raise typer.Exit(REFUSED) from error
    except StartError as error:
        print_error(str(error))
        raise typer.Exit(REFUSED) from error


def print_error(text: str) -> None:
    """Print what went wrong on standard error, without passwords."""
    for line in text.splitlines():
        sys.stderr.write(f"cordboard: {masked_text(line)}\n")


def configured(**options: str | int | None) -> Configuration:
    """Return the settings in force, given the command's options, and begin to log by them.

    Raises:
        StartError: A setting is wrong.
    """
    configuration = load_settings(**options)
    settings = configuration.settings
    configure_logs(settings.log_level, settings.log_format)
    for warning in configuration.warnings:
        log.warning("setting_ignored", reason=warning)
    return configuration


def print_as_json(value: object) -> None:
    """Print a result for scripts."""
    print_json(msgspec.json.encode(value))
