"""The options of ``cordboard numbers …``, and the requests that they ask for."""

from enum import StrEnum
from typing import Annotated, Any, get_args

import msgspec
import typer

from cordboard.edge.cli.values import Binding, binding
from cordboard.edge.client.numbers import NumberChanges, NumberQuery, SortBy, SortOrder

BINDING = "AGENT[@VERSION]"


class Clearable(StrEnum):
    """What a number need not have."""

    NICKNAME = "nickname"
    INBOUND_AGENT = "inbound-agent"
    OUTBOUND_AGENT = "outbound-agent"
    FALLBACK_AGENT = "fallback-agent"
    ALIASES = "aliases"
    WEBHOOK = "webhook"
    OUTBOUND_TRUNK = "outbound-trunk"


_FIELD_OF = {
    Clearable.NICKNAME: "nickname",
    Clearable.INBOUND_AGENT: "inbound_agent_id",
    Clearable.OUTBOUND_AGENT: "outbound_agent_id",
    Clearable.FALLBACK_AGENT: "fallback_agent_id",
    Clearable.ALIASES: "aliases",
    Clearable.WEBHOOK: "inbound_webhook_url",
    Clearable.OUTBOUND_TRUNK: "outbound_trunk_id",
}


class NumberFields(msgspec.Struct, frozen=True):
    """What can be said of a number, when it is registered and later."""

    nickname: Annotated[str | None, typer.Option(metavar="TEXT", help="A name for people.")] = None
    inbound_agent: Annotated[
        Binding | None,
        typer.Option(
            parser=binding, metavar=BINDING, help="Who answers (version 1 if none is said)."
        ),
    ] = None
    outbound_agent: Annotated[
        Binding | None,
        typer.Option(
            parser=binding, metavar=BINDING, help="Who dials (version 1 if none is said)."
        ),
    ] = None
    fallback_agent: Annotated[
        Binding | None,
        typer.Option(
            parser=binding, metavar=BINDING, help="Who answers when the inbound agent fails."
        ),
    ] = None
    alias: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="What a carrier dials for it that is no number. Repeatable."
        ),
    ] = None
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Asked while a call rings; https.")
    ] = None
    carrier: Annotated[
        str | None, typer.Option(metavar="NAME", help="twilio, plivo, telnyx, sip, …")
    ] = None
    outbound_trunk: Annotated[
        str | None, typer.Option(metavar="ID", help="LiveKit's outbound trunk, ST_…")
    ] = None

    def given(self) -> dict[str, Any]:
        """Return those of the API's fields that were given.

        An agent always comes with its version, so that what a command means does not hang on which
        version the number followed before.
        """
        fields: dict[str, Any] = {
            "nickname": self.nickname,
            "aliases": tuple(self.alias) if self.alias else None,
            "inbound_webhook_url": self.webhook,
            "number_provider": self.carrier,
            "outbound_trunk_id": self.outbound_trunk,
        }
        for how, bound in (
            ("inbound", self.inbound_agent),
            ("outbound", self.outbound_agent),
            ("fallback", self.fallback_agent),
        ):
            if bound is not None:
                fields[f"{how}_agent_id"] = bound.agent_id
                fields[f"{how}_agent_version"] = bound.version
        return {field: value for field, value in fields.items() if value is not None}


def changes(fields: NumberFields, cleared: list[Clearable]) -> NumberChanges:
    """Return what an update changes.

    Raises:
        typer.BadParameter: Nothing is to change, or something is to be set and cleared at once.
    """
    given = fields.given()
    for what in cleared:
        if _FIELD_OF[what] in given:
            message = f"{what.value} cannot be set and cleared at once"
            raise typer.BadParameter(message, param_hint="--clear")
    result = given | {_FIELD_OF[what]: None for what in cleared}
    if not result:
        message = "nothing to change: give an option such as --nickname or --clear nickname"
        raise typer.BadParameter(message)
    return NumberChanges(**result)


class NumberFilters(msgspec.Struct, frozen=True):
    """Which numbers to list, and in which order."""

    nickname: Annotated[
        str | None, typer.Option(metavar="PART", help="Whose nickname has this part, in any case.")
    ] = None
    area_code: Annotated[int | None, typer.Option(metavar="415", help="Of this area code.")] = None
    agent: Annotated[
        str | None, typer.Option(metavar="ID", help="Bound to this agent, inbound or outbound.")
    ] = None
    sort_by: Annotated[
        SortBy | None, typer.Option(metavar="FIELD", help=f"{', '.join(get_args(SortBy))}.")
    ] = None
    sort_order: Annotated[SortOrder | None, typer.Option(help="descending if not given.")] = None
    is_available: Annotated[
        bool, typer.Option("--available", help="All that are bound to no agent, newest first.")
    ] = False

    def query(self, limit: int | None) -> NumberQuery:
        """Return the list that is asked for."""
        return NumberQuery(
            limit=limit,
            sort_by=self.sort_by,
            sort_order=self.sort_order,
            nickname=self.nickname,
            area_code=self.area_code,
            agent_id=self.agent,
        )
