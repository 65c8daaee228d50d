"""The options of ``cordboard calls …``, and what they ask for."""

from enum import StrEnum
from typing import Annotated, Any, get_args

import msgspec
import typer

from cordboard.edge.cli import values
from cordboard.edge.cli.json_input import json_object
from cordboard.edge.cli.values import Binding
from cordboard.edge.client.calls import CallQuery, NewCall, SortBy, SortOrder


class Status(StrEnum):
    """Where a call stands, in the API's words."""

    SCHEDULED = "scheduled"
    REGISTERED = "registered"
    ONGOING = "ongoing"
    ENDED = "ended"
    ERROR = "error"


class CallFilters(msgspec.Struct, frozen=True):
    """Which calls to list, and in which order."""

    status: Annotated[
        list[Status] | None,
        typer.Option(
            help="scheduled; registered: it rings; ongoing; ended; error: no agent was found. "
            "Repeatable."
        ),
    ] = None
    agent: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Answered by this agent. Repeatable.")
    ] = None
    at_least: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="That lasted so long.")
    ] = None
    at_most: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="That lasted no longer.")
    ] = None
    sort_by: Annotated[
        SortBy | None, typer.Option(metavar="FIELD", help=f"{', '.join(get_args(SortBy))}.")
    ] = None
    sort_order: Annotated[SortOrder | None, typer.Option(help="descending if not given.")] = None

    @property
    def is_given(self) -> bool:
        """Whether anything is left out of the list."""
        query = self.query(None)
        return bool(query.statuses or query.agent_ids) or (
            query.shortest_ms is not None or query.longest_ms is not None
        )

    def query(self, limit: int | None) -> CallQuery:
        """Return the list that is asked for."""
        return CallQuery(
            limit=limit,
            sort_by=self.sort_by,
            sort_order=self.sort_order,
            statuses=tuple(status.upper() for status in self.status or ()),
            agent_ids=tuple(self.agent or ()),
            shortest_ms=_milliseconds(self.at_least),
            longest_ms=_milliseconds(self.at_most),
        )


class NewCallOptions(msgspec.Struct, frozen=True):
    """Who calls whom, and who talks."""

    caller: Annotated[
        str,
        typer.Option(
            "--from",
            parser=values.phone_number,
            metavar="NUMBER",
            help="A number of yours, which the other side sees.",
        ),
    ]
    to: Annotated[
        str, typer.Option(parser=values.phone_number, metavar="NUMBER", help="Who is called.")
    ]
    agent: Annotated[
        Binding | None,
        typer.Option(
            parser=values.binding,
            metavar="AGENT[@VERSION]",
            help="Who talks (the number's outbound agent if not given).",
        ),
    ] = None

    at: Annotated[
        int | None,
        typer.Option(
            parser=values.instant,
            metavar="INSTANT",
            help="When, in UTC (2033-05-18T03:33:20Z); now if not given.",
        ),
    ] = None

    def asked(self, notes: dict[str, Any]) -> NewCall:
        """Return the call that is asked for."""
        agent = self.agent
        return NewCall(
            from_number=self.caller,
            to_number=self.to,
            override_agent_id=None if agent is None else agent.agent_id,
            override_agent_version=None if agent is None else agent.version,
            scheduled_timestamp=self.at,
            metadata=notes or None,
        )


class Notes(msgspec.Struct, frozen=True):
    """What shall be noted on a call."""

    note: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="A note, such as ticket=T-1. Repeatable."),
    ] = None
    notes_file: Annotated[
        str | None,
        typer.Option(
            "--notes",
            metavar="FILE",
            help="Notes as a JSON object in a file; - reads standard input.",
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Return the notes; an option wins over the file.

        Raises:
            typer.BadParameter: The file cannot be read or holds something else, or a note has no
                key.
        """
        noted = dict(values.note(text) for text in self.note or ())
        return ({} if self.notes_file is None else json_object(self.notes_file, "--notes")) | noted


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
