"""``cordboard calls …`` against a real server."""

import json
from pathlib import Path

import pytest

from cordboard.routing.events import Sight
from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.calls import FROM, a_scheduled_call, a_seat, an_ended_call, recorded
from tests.support.clock import START_MS
from tests.support.server import RunningServer
from tests.support.shell import Shell, shell_of

CALLS = "/api/calls"


@pytest.fixture
def shell(server: RunningServer, caller: Caller, tmp_path: Path) -> Shell:
    """A shell with the caller's key pair in its environment."""
    return shell_of(caller, server.url, tmp_path)


@pytest.fixture
def number(caller: Caller) -> str:
    """A number that an agent answers."""
    number = a_number()
    caller.create(number, inbound_agent_id="agent_a", inbound_agent_version=2)
    return number


def fields_of(lines: list[str]) -> dict[str, str]:
    """Return a record as it was printed, name → value."""
    return {line[:14].strip(): line[14:] for line in lines}


def a_call_that_is_up(server: RunningServer, number: str) -> str:
    seat = a_seat(number)
    return recorded(server, seat, seat.sight(Sight.AUDIO, "agent", START_MS + 1)).call_id


def test_show_prints_the_call_and_the_decision_that_was_taken(
    shell: Shell, server: RunningServer, number: str
) -> None:
    call = an_ended_call(server, number, carrier_ids={"sip.twilio.callSid": "CA1"})
    lines = shell.run("calls", "show", call.call_id).lines
    head = next(index for index, line in enumerate(lines) if line.startswith("STEP"))
    assert fields_of(lines[:head]) == {
        "Call": call.call_id,
        "Direction": "INBOUND",
        "From": FROM,
        "To": number,
        "Status": "ENDED",
        "Agent": "agent_a@2",
        "Started": "2024-01-15T10:30:00Z",
        "Answered by": "agent_a@2 (worker agent_a)",
        "If it fails": "–",
        "Answered": "after 1.000 s",
        "Ended": "after 61.000 s",
        "End reason": "caller hung up",
        "Talked": "60.0 s",
        "Carrier's id": "CA1",
        "Notes": "–",
    }
    assert [line.split()[0] for line in lines[head + 1 :]][:2] == ["dialled", "number"]


def test_json_is_exactly_the_data_of_the_api(
    shell: Shell, server: RunningServer, caller: Caller, number: str
) -> None:
    call_id = an_ended_call(server, number).call_id
    for command, target in (
        (("show", call_id), f"{CALLS}/{call_id}"),
        (("context", call_id), f"{CALLS}/{call_id}/context"),
    ):
        expected = caller.request("GET", target).data
        assert shell.run("calls", *command, "--json").json == expected
    listed = caller.request("POST", CALLS, {"page": 0}).data
    assert shell.run("calls", "list", "--json").json == listed
    unmatched = caller.request("GET", f"{CALLS}/unmatched?page=0&limit=1").data
    assert shell.run("calls", "unmatched", "--limit", "1", "--json").json == unmatched


def test_list_shows_the_last_call_first_and_says_what_there_is_more_of(
    shell: Shell, server: RunningServer, number: str
) -> None:
    ids = [an_ended_call(server, number, joined_ms=START_MS + at).call_id for at in (2, 1, 3)]
    page = shell.run("calls", "list", "--limit", "2")
    head, *rows = page.lines
    assert head.split()[:3] == ["CALL", "STARTED", "DIRECTION"]
    assert [row.split()[0] for row in rows] == [ids[2], ids[0]]
    assert rows[0].split()[1:] == [
        *("2024-01-15T10:30:00Z", "INBOUND", FROM, number, "agent_a", "ENDED", "60.0"),
        *("s", "USER_HANGUP"),
    ]
    assert page.err == "1–2 of 3 calls; --page 1 or --all shows more.\n"
    everything = shell.run("calls", "list", "--all", "--limit", "1", "--json").json
    assert [call["call_id"] for call in everything["calls"]] == [ids[2], ids[0], ids[1]]


def test_list_finds_calls_by_status_agent_and_length(
    shell: Shell, server: RunningServer, number: str
) -> None:
    ended = an_ended_call(server, number).call_id
    up = a_call_that_is_up(server, number)

    def found(*options: str) -> set[str]:
        return {line.split()[0] for line in shell.run("calls", "list", *options).lines[1:]}

    assert found("--status", "ongoing") == {up}
    assert found("--status", "ongoing", "--status", "ended") == {up, ended}
    assert found("--agent", "agent_a", "--at-least", "59.5", "--at-most", "60") == {ended}
    none = shell.run("calls", "list", "--agent", "agent_b")
    assert (none.out, none.err) == ("", "No such calls.\n")


def test_unmatched_lists_calls_that_nobody_answered(
    shell: Shell, server: RunningServer, caller: Caller
) -> None:
    unbound = a_number()
    caller.create(unbound)
    call_id = recorded(server, a_seat(unbound)).call_id
    rows = {line.split()[0]: line for line in shell.run("calls", "unmatched", "--all").lines}
    assert rows[call_id].split()[1:] == ["2024-01-15T10:30:00Z", FROM, unbound, "unbound", "number"]


def test_update_notes_from_options_and_a_file_and_keeps_the_other_notes(
    shell: Shell, server: RunningServer, caller: Caller, number: str
) -> None:
    call_id = an_ended_call(server, number).call_id
    assert shell.run("calls", "update", call_id, "--note", "ticket=T=1").status == 0
    file = '{"ticket": "other", "score": 5}'
    ran = shell.run(
        *("calls", "update", call_id, "--note", "ticket=T-2", "--notes", "-"), stdin=file
    )
    assert ran.err == "Call updated successfully\n"
    shown = caller.request("GET", f"{CALLS}/{call_id}").data
    assert shown["metadata"] == {"ticket": "T-2", "score": 5}
    assert dict(line.split(maxsplit=1) for line in ran.lines)["Notes"] == json.dumps(
        shown["metadata"], separators=(",", ":")
    )


@pytest.mark.parametrize("options", [(), ("--note", "ticket"), ("--note", "=T-1")])
def test_update_without_anything_to_note_is_wrong_usage(
    shell: Shell, options: tuple[str, ...]
) -> None:
    ran = shell.run("calls", "update", "call_x", *options)
    assert (ran.status, ran.out) == (2, "")
    assert "KEY=TEXT" in ran.err


def test_end_is_asked_for_and_shows_the_call(
    shell: Shell, server: RunningServer, number: str
) -> None:
    call_id = a_call_that_is_up(server, number)
    refused = shell.run("calls", "end", call_id, stdin="y\n")
    assert refused.status == 2
    assert "--yes" in refused.err
    ran = shell.run("calls", "end", call_id, "--yes")
    assert ran.err == "Call ended successfully\n"
    assert fields_of(ran.lines)["Call"] == call_id


def test_the_question_before_an_end_names_the_call(
    shell: Shell, server: RunningServer, number: str
) -> None:
    call_id = a_call_that_is_up(server, number)
    ran = shell.run_on_terminal("calls", "end", call_id, answer=lambda: "n\n")
    assert ran.status == 1
    assert f"End {call_id} ({FROM} to {number})?" in ran.out
    assert "Nothing was done" in ran.out


def test_a_call_that_is_up_cannot_be_deleted_and_one_that_has_ended_can(
    shell: Shell, server: RunningServer, number: str
) -> None:
    up, ended = a_call_that_is_up(server, number), an_ended_call(server, number).call_id
    refused = shell.run("calls", "delete", up, "--yes")
    assert refused.status == 1
    assert f"Next: cordboard calls end {up} ends it." in refused.err
    assert shell.run("calls", "delete", ended, "--yes").lines == [f"Call  {ended}"]
    gone = shell.run("calls", "show", ended)
    assert (gone.status, gone.out) == (1, "")
    assert "cordboard calls list" in gone.err


def test_a_call_needs_what_the_server_says_and_the_way_there_is_shown(
    shell: Shell, caller: Caller, number: str
) -> None:
    make = ("calls", "create", "--to", "+14155550100", "--from")
    unknown = shell.run(*make, a_number())
    assert (unknown.status, unknown.out) == (1, "")
    assert "cordboard numbers list" in unknown.err
    without_agent = shell.run(*make, number)
    assert "or give --agent" in without_agent.err
    without_trunk = shell.run(*make, number, "--agent", "agent_a@2", "--note", "ticket=T-1")
    assert "docs/guides/outbound-calls.md" in without_trunk.err
    caller.patch(number, outbound_trunk_id="ST_x")
    without_livekit = shell.run(*make, number, "--agent", "agent_a@2")
    assert "docs/guides/livekit.md" in without_livekit.err


def test_a_call_that_waits_is_shown_moved_and_cancelled(
    shell: Shell, server: RunningServer, caller: Caller, number: str
) -> None:
    caller.patch(number, outbound_agent_id="agent_a", outbound_trunk_id="ST_x")
    call_id = a_scheduled_call(server, caller.actor, number).call_id
    (row,) = shell.run("calls", "list", "--status", "scheduled").lines[1:]
    assert row.split()[:3] == [call_id, "due", "2030-03-17T17:46:40Z"]
    moved = shell.run("calls", "reschedule", call_id, "2033-05-18T03:33:20Z")
    assert moved.err == "Scheduled call time updated successfully\n"
    assert "2033-05-18T03:33:20Z" in dict(line.split(maxsplit=1) for line in moved.lines)["Due"]
    assert "2033-05-18T03:33:20Z" in shell.run("calls", "show", call_id).out
    unasked = shell.run("calls", "cancel", call_id, stdin="y\n")
    assert unasked.status == 2
    cancelled = shell.run("calls", "cancel", call_id, "--yes")
    assert "Due" not in cancelled.out
    again = shell.run("calls", "cancel", call_id, "--yes")
    assert again.status == 1
    assert "cordboard calls show tells what became of it" in again.err


def test_when_to_call_is_an_instant_in_utc(shell: Shell, number: str) -> None:
    make = ("calls", "create", "--from", number, "--to", "+14155550100", "--at")
    wrong = shell.run(*make, "tomorrow")
    assert (wrong.status, wrong.out) == (2, "")
    past = shell.run(*make, "2001-01-01T00:00:00Z")
    assert past.status == 1
    assert "scheduled_timestamp: must lie in the future" in past.err


def test_what_could_steer_a_terminal_is_written_out(
    shell: Shell, server: RunningServer, number: str
) -> None:
    call_id = an_ended_call(server, number, caller="+1\x1b[2J").call_id
    for command in (("list",), ("show", call_id)):
        ran = shell.run("calls", *command)
        assert "+1\\x1b[2J" in ran.out
        assert "\x1b" not in ran.out
