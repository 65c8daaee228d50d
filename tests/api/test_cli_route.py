"""``cordboard route explain`` and ``cordboard livekit drift`` against a real server."""

from pathlib import Path

import pytest

from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.server import RunningServer
from tests.support.shell import Shell, shell_of


@pytest.fixture
def shell(server: RunningServer, caller: Caller, tmp_path: Path) -> Shell:
    """A shell with the caller's key pair in its environment."""
    return shell_of(caller, server.url, tmp_path)


def test_a_route_is_explained_step_by_step(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number, inbound_agent_id="agent_a", inbound_agent_version=2)
    dialled = number.removeprefix("+")
    ran = shell.run(
        *("route", "explain", "--to", dialled, "--from", "+12125550100"),
        *("--at", "2024-01-15T10:30:00Z"),
    )
    assert ran.err == ""
    head = next(index for index, line in enumerate(ran.lines) if line.startswith("STEP"))
    assert {line[:13].strip(): line[13:] for line in ran.lines[:head]} == {
        "To": dialled,
        "From": "+12125550100",
        "At": "2024-01-15T10:30:00Z",
        "Number": number,
        "Outcome": "accepted",
        "Answered by": "agent_a@2 (worker agent_a)",
        "If it fails": "–",
    }
    data = caller.request("POST", "/api/route/explain", {"to": dialled}).data
    steps = [line.split("  ")[0] for line in ran.lines[head + 1 :]]
    assert steps == [step["step"].replace("_", " ") for step in data["trace"]]
    assert all(step["detail"] in ran.out for step in data["trace"])


def test_a_route_that_leads_nowhere_says_why(shell: Shell) -> None:
    ran = shell.run("route", "explain", "--to", a_number())
    assert "Reason       unknown number" in ran.lines
    assert "not found  none of these is registered here" in ran.out


def test_json_is_exactly_the_data_of_the_api(shell: Shell, caller: Caller) -> None:
    asked = {"to": a_number(), "from": "+12125550100", "at": "2024-01-15T10:30:00Z"}
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    expected = caller.request("POST", "/api/route/explain", asked).data
    assert shell.run("route", "explain", *options, "--json").json == expected


def test_a_refused_question_names_the_field(shell: Shell) -> None:
    ran = shell.run("route", "explain", "--to", "100", "--at", "tomorrow")
    assert (ran.status, ran.out) == (1, "")
    assert "  at: must be an instant in UTC like 2024-01-15T10:30:00Z" in ran.err


def test_without_a_livekit_there_is_no_drift_and_the_guide_is_named(shell: Shell) -> None:
    ran = shell.run("livekit", "drift")
    assert (ran.status, ran.out) == (1, "")
    assert "livekit.not_configured" in ran.err
    assert "docs/guides/livekit.md" in ran.err
