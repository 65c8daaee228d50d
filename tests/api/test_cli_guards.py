"""``cordboard calls guards``, ``stop`` and ``resume`` against a real server."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.caller import Caller
from tests.support.server import RunningServer
from tests.support.shell import Shell, shell_of


@pytest.fixture
def shell(server: RunningServer, caller: Caller, tmp_path: Path) -> Shell:
    """A shell with the caller's key pair in its environment."""
    return shell_of(caller, server.url, tmp_path)


def guards(caller: Caller) -> Any:  # noqa: ANN401 - JSON as it came
    """Return everything that the API tells of the organization's guards."""
    path = f"/api/organizations/{caller.organization_id}/outbound-guards"
    return caller.request("GET", path).data


def test_guards_are_shown_with_what_is_in_use(shell: Shell, caller: Caller) -> None:
    ran = shell.run("calls", "guards")
    assert (ran.lines, ran.err) == (
        [
            "Outbound calls  may be made",
            "Regions         that of the number that calls",
            "At once         5 (0 in use)",
            "In a minute     30 (0 in use)",
            "Minutes a day   500 (0 in use)",
        ],
        "",
    )
    assert shell.run("calls", "guards", "--json").json == guards(caller)


def test_what_is_given_changes_and_the_rest_stays(shell: Shell, caller: Caller) -> None:
    regions = ("--allow-region", "US", "--allow-region", "CA")
    ran = shell.run("calls", "guards", *regions, "--max-concurrent-calls", "7")
    assert ran.err == "Outbound guards updated successfully\n"
    assert "Regions         CA US" in ran.lines
    shell.run("calls", "guards", "--max-minutes-per-day", "60", "--max-dials-per-minute", "2")
    shown = guards(caller)
    assert shown["allowed_regions"] == ["CA", "US"]
    limits = ("max_concurrent_calls", "max_dials_per_minute", "max_minutes_per_day")
    assert [shown[limit] for limit in limits] == [7, 2, 60]
    shell.run("calls", "guards", "--own-region")
    assert guards(caller)["allowed_regions"] == []


def test_regions_cannot_be_named_and_taken_back_at_once(shell: Shell) -> None:
    ran = shell.run("calls", "guards", "--own-region", "--allow-region", "US")
    assert (ran.status, ran.out) == (2, "")


def test_the_kill_switch_is_asked_for_and_released(shell: Shell, caller: Caller) -> None:
    unasked = shell.run("calls", "stop", stdin="y\n")
    assert unasked.status == 2
    assert guards(caller)["is_stopped"] is False
    assert "Outbound calls  stopped" in shell.run("calls", "stop", "--yes").lines
    assert guards(caller)["is_stopped"] is True
    assert "Outbound calls  may be made" in shell.run("calls", "resume").lines
    assert guards(caller)["is_stopped"] is False


def test_guards_need_a_key_pair_that_may_administer(
    server: RunningServer, caller: Caller, tmp_path: Path
) -> None:
    reader = server.key_pair(caller, "calls:read")
    ran = shell_of(reader, server.url, tmp_path).run("calls", "guards")
    assert ran.status == 1
    assert "(auth.scope" in ran.err
