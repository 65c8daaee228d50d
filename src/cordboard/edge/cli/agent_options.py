"""The options of ``cordboard agents …``, and the fields that they ask for."""

from typing import Annotated, Any, get_args

import msgspec
import typer

from cordboard.edge.cli.json_input import json_object
from cordboard.edge.client.agents import AgentQuery, SortBy, SortOrder


class AgentFields(msgspec.Struct, frozen=True):
    """What can be said of an agent, when it is created and later."""

    livekit_agent: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The name of its workers (the agent's id if not given)."),
    ] = None
    livekit_deployment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of these workers takes the job.")
    ] = None
    begin_message: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it says first.")
    ] = None
    fields_file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="More of the API's fields, as a JSON object in a file; - reads standard input.",
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Return those of the API's fields that were given; an option wins over the file.

        Raises:
            typer.BadParameter: The file cannot be read, or holds something else.
        """
        options = {
            "livekit_agent_name": self.livekit_agent,
            "livekit_deployment": self.livekit_deployment,
            "begin_message": self.begin_message,
        }
        from_file = {} if self.fields_file is None else json_object(self.fields_file, "--from")
        return from_file | {field: value for field, value in options.items() if value is not None}


class AgentFilters(msgspec.Struct, frozen=True):
    """Which agents to list, and in which order."""

    name: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="Whose name has this part, in any case. Repeatable."),
    ] = None
    sort_by: Annotated[
        SortBy | None, typer.Option(metavar="FIELD", help=f"{', '.join(get_args(SortBy))}.")
    ] = None
    sort_order: Annotated[SortOrder | None, typer.Option(help="descending if not given.")] = None

    def query(self, limit: int | None) -> AgentQuery:
        """Return the list that is asked for."""
        return AgentQuery(limit, self.sort_by, self.sort_order, tuple(self.name or ()))


def changes(name: str | None, fields: AgentFields, cleared: list[str]) -> dict[str, Any]:
    """Return what an update changes.

    Raises:
        typer.BadParameter: Nothing is to change, or something is to be set and cleared at once.
    """
    given = fields.given() | ({} if name is None else {"agent_name": name})
    names = [text.replace("-", "_") for text in cleared]
    for field in names:
        if field in given:
            message = f"{field} cannot be set and cleared at once"
            raise typer.BadParameter(message, param_hint="--clear")
    result = given | dict.fromkeys(names)
    if not result:
        message = "nothing to change: give an option such as --name or --begin-message"
        raise typer.BadParameter(message)
    return result
