from typing import Annotated

import msgspec
import typer
from typer.testing import CliRunner

from cordboard.edge.cli.option_groups import grouped


class Size(msgspec.Struct, frozen=True):
    width: Annotated[int, typer.Option(help="How wide.")]
    height: Annotated[int, typer.Option(help="How high.")] = 2


def run(*args: str) -> tuple[int, str]:
    app = typer.Typer()

    @app.command()
    @grouped
    def draw(name: str, size: Size, *, is_red: Annotated[bool, typer.Option("--red")]) -> None:
        """Draw a box."""
        typer.echo(f"{name} {size!r} {is_red}")

    result = CliRunner().invoke(app, args)
    return result.exit_code, result.output


def test_a_group_stands_for_its_options_and_the_command_gets_it_whole() -> None:
    assert run("box", "--width", "1", "--red") == (0, "box Size(width=1, height=2) True\n")


def test_an_option_of_a_group_without_default_is_required() -> None:
    status, output = run("box", "--red")
    assert status == 2
    assert "--width" in output


def test_help_shows_the_options_of_a_group() -> None:
    status, output = run("--help")
    assert status == 0
    assert all(text in output for text in ("Draw a box.", "How wide.", "How high."))
