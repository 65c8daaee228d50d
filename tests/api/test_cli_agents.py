"""``cordboard agents …`` against a real server."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.server import RunningServer
from tests.support.shell import Shell, shell_of


@pytest.fixture
def shell(server: RunningServer, caller: Caller, tmp_path: Path) -> Shell:
    """A shell with the caller's key pair in its environment."""
    return shell_of(caller, server.url, tmp_path)


def create(shell: Shell, name: str, *args: str) -> Any:  # noqa: ANN401 - JSON as it came
    """Create an agent and return the API's data."""
    return shell.run("agents", "create", name, *args, "--json").json


def shown(caller: Caller, agent_id: str) -> Any:  # noqa: ANN401 - JSON as it came
    """Return everything that the API tells of an agent."""
    return caller.request("GET", f"/api/agents/{agent_id}").data


def test_create_takes_options_and_a_file(shell: Shell, caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({"llm_config": {"temperature": 0.2}, "timezone": "UTC"}))
    ran = shell.run(
        *("agents", "create", "Front desk", "--livekit-agent", "front-desk"),
        *("--livekit-deployment", "blue", "--begin-message", "Hello!", "--from", str(file)),
    )
    assert ran.err == "Agent created successfully\n"
    record = dict(line.split(maxsplit=1) for line in ran.lines)
    agent = shown(caller, record["Agent"])
    assert record == {
        "Agent": agent["agent_id"],
        "Name": "Front desk",
        "Version": "1 (draft)",
        "Worker": "front-desk",
        "Deployment": "blue",
        "Created": agent["created_at"],
        "Updated": agent["updated_at"],
        "begin_message": "Hello!",
        "timezone": "UTC",
        "llm_config": '{"temperature":0.2}',
    }


def test_json_is_exactly_the_data_of_the_api(shell: Shell, caller: Caller) -> None:
    agent_id = create(shell, "Front desk")["agent_id"]
    path = f"/api/agents/{agent_id}"
    for command, target in (
        (("show", agent_id), path),
        (("show", agent_id, "--version", "1"), f"{path}/versions/1"),
        (("versions", agent_id), f"{path}/versions"),
    ):
        expected = caller.request("GET", target).data
        assert shell.run("agents", *command, "--json").json == expected
    listed = caller.request("POST", "/api/agents", {}).data
    assert shell.run("agents", "list", "--json").json == listed


def test_the_file_may_come_from_standard_input_and_null_clears(
    shell: Shell, caller: Caller
) -> None:
    agent_id = create(shell, "Front desk", "--begin-message", "Hello!")["agent_id"]
    fields = '{"begin_message": null, "timezone": "UTC"}'
    assert shell.run("agents", "update", agent_id, "--from", "-", stdin=fields).status == 0
    agent = shown(caller, agent_id)
    assert (agent["begin_message"], agent["timezone"]) == (None, "UTC")


def test_update_renames_and_clears(shell: Shell, caller: Caller) -> None:
    agent_id = create(shell, "Front desk", "--livekit-deployment", "blue")["agent_id"]
    shell.run("agents", "update", agent_id, "--name", "Desk", "--clear", "livekit-deployment")
    agent = shown(caller, agent_id)
    assert (agent["agent_name"], agent["livekit_deployment"]) == ("Desk", None)


def test_a_change_after_publishing_opens_the_next_version(shell: Shell) -> None:
    agent_id = create(shell, "Front desk", "--begin-message", "one")["agent_id"]
    published = shell.run("agents", "publish", agent_id)
    assert "Version        1 (published 20" in published.out
    assert published.err == "Agent version published successfully\n"
    assert (
        "Version        2 (draft)"
        in shell.run("agents", "update", agent_id, "--begin-message", "two").out
    )
    assert "begin_message  one" in shell.run("agents", "show", agent_id, "--version", "1").out
    head, second, first = shell.run("agents", "versions", agent_id).lines
    assert head.split() == ["VERSION", "PUBLISHED", "WORKER", "DEPLOYMENT", "UPDATED"]
    assert second.split()[:2] == ["2", "draft"]
    assert first.split()[1].startswith("20")


def test_duplicate_makes_another_agent(shell: Shell, caller: Caller) -> None:
    agent_id = create(shell, "Front desk", "--begin-message", "Hello!")["agent_id"]
    copy = shell.run("agents", "duplicate", agent_id, "Back office", "--json").json
    assert copy["agent_id"] != agent_id
    assert shown(caller, copy["agent_id"])["begin_message"] == "Hello!"


def test_list_finds_agents_by_any_part_of_a_name(shell: Shell) -> None:
    for name in ("Front desk", "Back office", "Sales"):
        create(shell, name)
    order = ("--sort-by", "agent_name", "--sort-order", "ascending")
    ran = shell.run("agents", "list", "--name", "DESK", "--name", "sal", *order)
    assert [line.split(maxsplit=1)[1][:5] for line in ran.lines[1:]] == ["Front", "Sales"]
    assert shell.run("agents", "list", "--name", "nobody").err == "No such agents.\n"
    page = shell.run("agents", "list", "--limit", "2", *order)
    assert page.err == "1–2 of 3 agents; --page 1 or --all shows more.\n"
    data = shell.run("agents", "list", "--limit", "2", "--all", "--json", *order).json
    assert [agent["agent_name"] for agent in data["agents"]] == [
        "Back office",
        "Front desk",
        "Sales",
    ]
    assert data["pagination"] == {
        "page": 0,
        "limit": 3,
        "total_pages": 1,
        "total_count": 3,
        "has_next_page": False,
        "has_previous_page": False,
    }


def test_an_agent_that_numbers_are_bound_to_goes_only_by_force(
    shell: Shell, caller: Caller
) -> None:
    agent_id, number = create(shell, "Front desk")["agent_id"], a_number()
    assert shell.run("numbers", "create", number, "--inbound-agent", agent_id).status == 0
    refused = shell.run("agents", "delete", agent_id, "--yes")
    assert refused.status == 1
    assert f"cordboard numbers list --agent {agent_id} shows them; --force" in refused.err
    assert shell.run("agents", "delete", agent_id, "--yes", "--force").status == 0
    assert caller.show(number)["inbound_agent_id"] is None
    gone = shell.run("agents", "show", agent_id)
    assert (gone.status, gone.out) == (1, "")
    assert "cordboard agents list" in gone.err


def test_a_version_that_does_not_exist_is_refused_with_the_way_to_see_them(shell: Shell) -> None:
    agent_id = create(shell, "Front desk")["agent_id"]
    ran = shell.run("numbers", "create", a_number(), "--inbound-agent", f"{agent_id}@2")
    assert ran.status == 1
    assert "cordboard agents versions" in ran.err


def test_delete_without_a_terminal_wants_yes(shell: Shell) -> None:
    agent_id = create(shell, "Front desk")["agent_id"]
    ran = shell.run("agents", "delete", agent_id, stdin="y\n")
    assert ran.status == 2
    assert "--yes" in ran.err
    assert shell.run("agents", "show", agent_id).status == 0
