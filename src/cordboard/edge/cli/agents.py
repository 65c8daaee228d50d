"""``cordboard agents …``: who answers and dials."""

from typing import Annotated, TypeVar

import typer

from cordboard.edge.cli import values
from cordboard.edge.cli.agent_options import AgentFields, AgentFilters, changes
from cordboard.edge.cli.agent_tables import (
    print_agent,
    print_agents,
    print_deleted,
    print_probe,
    print_versions,
)
from cordboard.edge.cli.confirmation import Asking, check_can_ask, confirm
from cordboard.edge.cli.conversation import REFUSED, Common, Writing, ask, show
from cordboard.edge.cli.lists import Listing, Paging, read_list, show_list
from cordboard.edge.cli.option_groups import grouped
from cordboard.edge.client import agents
from cordboard.edge.client.agents import LARGEST_PAGE, Agent, AgentVersion
from cordboard.edge.client.request import Answer

agents_app = typer.Typer(
    no_args_is_help=True, help="Agents: what answers and dials, in published versions."
)

AnyAgent = TypeVar("AnyAgent", Agent, AgentVersion)

AgentId = Annotated[
    str, typer.Argument(parser=values.identifier, metavar="AGENT", help="Its id, agent_…")
]
Version = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Which version (the newest if not given).")
]
AgentName = Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")]

LISTING = Listing(
    key="agents",
    what="agents",
    most=LARGEST_PAGE,
    hint='Create one: cordboard agents create "Front desk"',
)
FILTERED = Listing(key="agents", what="such agents", most=LARGEST_PAGE)


@agents_app.command("list")
@grouped
def list_agents(filters: AgentFilters, paging: Paging, common: Common) -> None:
    """List agents, the last changed first."""
    answers = read_list(
        common,
        paging,
        LISTING,
        lambda limit, page: agents.list_agents(filters.query(limit), page),
    )
    show_list(common, answers, FILTERED if filters.name else LISTING, print_agents)


@agents_app.command("create")
@grouped
def create_agent(name: AgentName, *, fields: AgentFields, writing: Writing, common: Common) -> None:
    """Create an agent, in its first version."""
    request = agents.create_agent(name, fields.given(), writing.idempotency_key)
    _show(common, ask(common, request))


@agents_app.command("show")
@grouped
def show_agent(
    agent_id: AgentId,
    *,
    version: Version = None,
    common: Common,
) -> None:
    """Show an agent and what its worker is told."""
    if version is None:
        _show(common, ask(common, agents.get_agent(agent_id)))
    else:
        _show(common, ask(common, agents.get_version(agent_id, version)))


@agents_app.command("update")
@grouped
def update_agent(
    agent_id: AgentId,
    *,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="A name for people.")] = None,
    fields: AgentFields,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Empty it, such as livekit-deployment. Repeatable."),
    ] = None,
    common: Common,
) -> None:
    """Change what is given of an agent; if its newest version is published, this opens the next."""
    changed = changes(name, fields, clear or [])
    _show(common, ask(common, agents.update_agent(agent_id, changed)))


@agents_app.command("delete")
@grouped
def delete_agent(
    agent_id: AgentId,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also if numbers are bound to it: they are unbound.")
    ] = False,
    asking: Asking,
    common: Common,
) -> None:
    """Delete an agent with all its versions."""
    if not asking.is_sure:
        check_can_ask()
        found = ask(common, agents.get_agent(agent_id)).data
        unbound = " and unbind its numbers" if force else ""
        confirm(f"Delete {found.agent_id} ({found.agent_name}){unbound}?")
    show(common, ask(common, agents.delete_agent(agent_id, unbinds=force)), print_deleted)


@agents_app.command("publish")
@grouped
def publish_agent(agent_id: AgentId, common: Common) -> None:
    """Freeze the newest version; the next change opens another."""
    _show(common, ask(common, agents.publish_agent(agent_id)))


@agents_app.command("versions")
@grouped
def list_versions(agent_id: AgentId, common: Common) -> None:
    """List the versions of an agent, newest first."""
    show(common, ask(common, agents.list_versions(agent_id)), print_versions)


@agents_app.command("probe")
@grouped
def probe_agent(agent_id: AgentId, *, version: Version = None, common: Common) -> None:
    """Send for an agent's worker in an empty room, and see who comes. Status 1 when nobody does."""
    answer = ask(common, agents.probe_agent(agent_id, version))
    show(common, answer, print_probe)
    if not answer.data.is_served:
        raise typer.Exit(REFUSED)


@agents_app.command("duplicate")
@grouped
def duplicate_agent(
    agent_id: AgentId, name: AgentName, *, writing: Writing, common: Common
) -> None:
    """Copy the newest version of an agent as the first one of another."""
    request = agents.duplicate_agent(agent_id, name, writing.idempotency_key)
    _show(common, ask(common, request))


def _show(common: Common, answer: Answer[AnyAgent]) -> None:
    show(common, answer, lambda agent: print_agent(agent, answer.raw))
