from pathlib import Path

import pytest
import typer

from cordboard.edge.cli.agent_options import AgentFields, AgentFilters, changes
from cordboard.edge.client.agents import create_agent, list_agents, update_agent


def test_create_sends_options_and_the_file_and_options_win(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text('{"begin_message": "from the file", "llm_config": {"temperature": 0.2}}')
    fields = AgentFields(
        livekit_agent="front-desk",
        livekit_deployment="blue",
        begin_message="Hello!",
        fields_file=str(file),
    )
    request = create_agent("Front desk", fields.given())
    assert (request.method, request.path) == ("POST", "/api/agents/create")
    assert request.body == {
        "agent_name": "Front desk",
        "begin_message": "Hello!",
        "livekit_agent_name": "front-desk",
        "livekit_deployment": "blue",
        "llm_config": {"temperature": 0.2},
    }


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'"x"', b"{", b'{"a": "\xff"}', b'{"a": ' + b"[" * 10_000]
)
def test_a_file_without_a_json_object_is_wrong_usage(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "agent.json"
    file.write_bytes(content)
    with pytest.raises(typer.BadParameter, match="does not hold a JSON object"):
        AgentFields(fields_file=str(file)).given()


def test_a_file_is_as_deep_as_the_api_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text('{"a": ' + "[" * 99 + "]" * 99 + "}")
    assert AgentFields(fields_file=str(file)).given().keys() == {"a"}
    # As a body this would be refused only when it has been read.
    file.write_text('{"a": ' + "[" * 100 + "]" * 100 + "}")
    with pytest.raises(typer.BadParameter, match="nested more than 100 deep"):
        AgentFields(fields_file=str(file)).given()


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="No such file"):
        AgentFields(fields_file=str(tmp_path / "gone")).given()


def test_update_sends_null_for_what_is_cleared() -> None:
    changed = changes("Sales", AgentFields(), ["livekit-deployment", "llm_config"])
    assert update_agent("agent_x", changed).body == {
        "agent_name": "Sales",
        "livekit_deployment": None,
        "llm_config": None,
    }


def test_setting_and_clearing_at_once_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="set and cleared at once"):
        changes(None, AgentFields(begin_message="Hi"), ["begin-message"])


def test_an_update_of_nothing_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="nothing to change"):
        changes(None, AgentFields(), [])


def test_list_looks_for_any_of_the_names() -> None:
    request = list_agents(AgentFilters(name=["desk", "sales"]).query(None), 2)
    assert request.body == {"page": 2, "filter_criteria": {"agent_name": ("desk", "sales")}}
    assert not request.is_write
