"""``cordboard numbers …`` against a real server."""

from pathlib import Path

import pytest

from tests.support.builders import a_name, a_number
from tests.support.caller import NUMBERS, Caller, path_of
from tests.support.server import RunningServer
from tests.support.shell import Shell, shell_of


@pytest.fixture
def shell(server: RunningServer, caller: Caller, tmp_path: Path) -> Shell:
    """A shell with the caller's key pair in its environment."""
    return shell_of(caller, server.url, tmp_path)


def fields_of(lines: list[str]) -> dict[str, str]:
    """Return a record as it was printed, name → value."""
    return {line[:16].strip(): line[16:] for line in lines}


def test_create_registers_the_number_and_shows_it(shell: Shell, caller: Caller) -> None:
    number = a_number()
    ran = shell.run(
        *("numbers", "create", number, "--nickname", "Sales", "--inbound-agent", "agent_x@3"),
        *("--outbound-agent", "agent_y", "--webhook", "https://example.com/hook"),
        *("--carrier", "telnyx", "--outbound-trunk", "ST_x", "--type", "zudu-twilio"),
    )
    assert ran.err == "Phone number created successfully\n"
    shown = caller.show(number)
    assert fields_of(ran.lines) == {
        "Number": f"{number}   {shown['phone_number_pretty']}",
        "Nickname": "Sales",
        "Inbound agent": "agent_x@3",
        "Outbound agent": "agent_y@1",
        "Webhook": "https://example.com/hook",
        "Carrier": "telnyx",
        "Outbound trunk": "ST_x",
        "Type": "zudu-twilio",
        "Created": shown["created_at"],
        "Updated": shown["updated_at"],
        "Tag": f"{shown['registration_id']}.1",
    }


def test_json_is_exactly_the_data_of_the_api(shell: Shell, caller: Caller) -> None:
    number = a_number()
    created = shell.run("numbers", "create", number, "--json")
    assert created.err == ""
    assert created.json == shell.run("numbers", "update", number, "--carrier=twilio", "--json").json
    shown = caller.request("GET", path_of(number))
    assert shell.run("numbers", "show", number, "--json").json == shown.data
    listed = caller.request("GET", f"{NUMBERS}?page=0")
    assert shell.run("numbers", "list", "--json").json == listed.data
    history = caller.request("GET", path_of(number, "/history"))
    assert shell.run("numbers", "history", number, "--json").json == history.data
    deleted = shell.run("numbers", "delete", number, "--yes", "--json")
    assert deleted.json["cleanup_results"]["inbound_trunk"] is True


def test_json_keeps_the_order_of_the_fields(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    assert list(shell.run("numbers", "show", number, "--json").json) == list(caller.show(number))


def test_a_number_that_is_taken_is_refused_with_the_way_to_look_at_it(
    shell: Shell, caller: Caller
) -> None:
    number = a_number()
    caller.create(number)
    ran = shell.run("numbers", "create", number)
    assert (ran.status, ran.out) == (1, "")
    first, detail, following, reference = ran.err.splitlines()
    assert first == "Error: Phone number already exists"
    assert detail == f"  Phone number with ID '{number}' is already registered"
    assert following == f"  Next: cordboard numbers show {number} shows it, if it is yours."
    assert reference.startswith("  (phone_number.exists, request req_")


def test_repeating_a_create_with_its_key_does_it_once(shell: Shell, caller: Caller) -> None:
    number = a_number()
    first = shell.run("numbers", "create", number, "--idempotency-key", "import 7")
    again = shell.run("numbers", "create", number, "--idempotency-key", "import 7")
    assert first.lines == again.lines
    assert len(caller.history(number)) == 1


def test_update_changes_what_is_given_and_clears_what_is_named(
    shell: Shell, caller: Caller
) -> None:
    number = a_number()
    caller.create(number, nickname="Sales", inbound_agent_id="a", outbound_agent_id="b")
    ran = shell.run(
        *("numbers", "update", number, "--inbound-agent", "c@2"),
        *("--clear", "nickname", "--clear", "outbound-agent"),
    )
    assert fields_of(ran.lines)["Nickname"] == "–"
    shown = caller.show(number)
    assert (shown["nickname"], shown["outbound_agent_id"]) == (None, None)
    assert (shown["inbound_agent_id"], shown["inbound_agent_version"]) == ("c", 2)


def test_update_and_delete_take_the_tag_that_show_prints(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    tag = fields_of(shell.run("numbers", "show", number).lines)["Tag"]
    caller.patch(number, nickname="meanwhile")
    for command in (("update", number, "--nickname", "x"), ("delete", number, "--yes")):
        ran = shell.run("numbers", *command, "--if-match", tag)
        assert ran.status == 1
        assert "Error: Precondition failed" in ran.err
        assert "show it again" in ran.err
    tag = fields_of(shell.run("numbers", "show", number).lines)["Tag"]
    updated = shell.run("numbers", "update", number, "--nickname", "x", "--if-match", tag)
    tag = fields_of(updated.lines)["Tag"]
    assert shell.run("numbers", "delete", number, "--yes", "--if-match", tag).lines


def test_delete_without_a_terminal_wants_yes(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    ran = shell.run("numbers", "delete", number, stdin="y\n")
    assert ran.status == 2
    assert "--yes" in ran.err
    assert caller.show(number)
    ran = shell.run("numbers", "delete", number, "--yes")
    assert ran.lines == [f"Number           {number}", "Left at LiveKit  nothing"]
    assert caller.listed() == []


def test_a_list_is_a_table_that_other_programs_can_cut(shell: Shell, caller: Caller) -> None:
    named, plain = a_number(), a_number()
    nickname = "A name that is much longer than any terminal is wide, " * 1 + "and goes on [red]"
    caller.create(plain, inbound_agent_id="agent_x")
    caller.create(named, nickname=nickname, outbound_agent_id="agent_y")
    ran = shell.run("numbers", "list", "--sort-by", "phone_number", "--sort-order", "ascending")
    head, *rows = ran.lines
    assert head.split("  ")[0] == "NUMBER"
    assert [row.split()[0] for row in rows] == [named, plain]
    assert nickname in rows[0]
    assert "\x1b" not in ran.out
    assert ran.err == ""


def test_what_could_steer_a_terminal_is_written_out(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number, nickname="Sales\x1b[2J\u202e")
    for command in (("list",), ("show", number), ("history", number)):
        ran = shell.run("numbers", *command)
        assert "Sales\\x1b[2J\\u202e" in ran.out
        assert "\x1b" not in ran.out


def test_a_list_says_on_stderr_what_there_is_more_of(shell: Shell, caller: Caller) -> None:
    numbers = [a_number() for _ in range(5)]
    for number in numbers:
        caller.create(number)
    order = ("--sort-by", "phone_number", "--sort-order", "ascending", "--limit", "2")
    page = shell.run("numbers", "list", *order, "--page", "1")
    assert [line.split()[0] for line in page.lines[1:]] == numbers[2:4]
    assert page.err == "3–4 of 5 numbers; --page 2 or --all shows more.\n"
    everything = shell.run("numbers", "list", *order, "--all")
    assert [line.split()[0] for line in everything.lines[1:]] == numbers
    assert everything.err == ""
    data = shell.run("numbers", "list", *order, "--all", "--json").json
    assert [number["phone_number"] for number in data["phone_numbers"]] == numbers
    assert data["pagination"] == {
        "page": 0,
        "limit": 5,
        "total_pages": 1,
        "total_count": 5,
        "has_next": False,
        "has_previous": False,
    }


def test_filters_reach_the_server(shell: Shell, caller: Caller) -> None:
    wanted, agent = a_number(212), a_name()
    caller.create(wanted, nickname="50% Sales", inbound_agent_id=agent)
    caller.create(a_number(415), nickname="Support")
    for chosen in (("--nickname", "% sal"), ("--area-code", "212"), ("--agent", agent)):
        (_, row) = shell.run("numbers", "list", *chosen).lines
        assert row.startswith(wanted)
    ran = shell.run("numbers", "list", "--nickname", "nobody has this")
    assert (ran.status, ran.out, ran.err) == (0, "", "No such numbers.\n")


def test_available_lists_what_is_bound_to_nobody(shell: Shell, caller: Caller) -> None:
    free, bound = a_number(), a_number()
    caller.create(free)
    caller.create(bound, inbound_agent_id="agent_x")
    (_, row) = shell.run("numbers", "list", "--available").lines
    assert row.startswith(free)


def test_an_empty_list_says_how_to_register_the_first(shell: Shell) -> None:
    ran = shell.run("numbers", "list")
    assert (ran.status, ran.out) == (0, "")
    assert "cordboard numbers create" in ran.err


def test_history_shows_who_changed_what(shell: Shell, caller: Caller) -> None:
    number = a_number()
    caller.create(number, nickname="Sales")
    caller.patch(number, nickname="Front desk")
    caller.patch(number, nickname=None)
    ran = shell.run("numbers", "history", number)
    head, *lines = ran.lines
    assert head.split() == ["WHEN", "TAG", "ACTION", "KEY", "CHANGES"]
    assert [line.split()[2] for line in lines[:3]] == ["updated", "updated", "created"]
    assert lines[0].endswith("nickname: Front desk → –")
    assert lines[1].endswith("nickname: Sales → Front desk")
    assert caller.api_key in lines[0]


def test_another_organizations_number_is_not_found(shell: Shell, server: RunningServer) -> None:
    number = a_number()
    server.organization("Other").create(number)
    for command in (("show", number), ("update", number, "--nickname=x"), ("history", number)):
        ran = shell.run("numbers", *command)
        assert ran.status == 1
        assert "Phone number not found" in ran.err


def test_a_value_that_the_server_refuses_is_told_with_its_field(shell: Shell) -> None:
    ran = shell.run("numbers", "create", a_number(), "--webhook", "ftp://example.com")
    assert ran.status == 1
    assert "Error: Validation error\n  inbound_webhook_url: " in ran.err


@pytest.mark.parametrize(
    "args",
    [
        ("numbers", "create"),
        ("numbers", "create", "4157774444"),
        ("numbers", "show", ""),
        ("numbers", "show", "+14157774444", "--nope"),
        ("numbers", "update", "+14157774444"),
        ("numbers", "update", "+14157774444", "--clear", "carrier"),
        ("numbers", "update", "+14157774444", "--nickname", "x", "--clear", "nickname"),
        ("numbers", "create", "+14157774444", "--inbound-agent", "agent_x@"),
        ("numbers", "list", "--all", "--page", "1"),
        ("numbers", "list", "--available", "--nickname", "x"),
        ("numbers", "list", "--sort-by", "colour"),
        ("numbers", "list", "--page", "-1"),
        ("numbers", "nope"),
        ("numbers", "list", "--profile", "local"),
    ],
)
def test_wrong_usage_is_exit_status_2_and_reaches_no_server(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    nobody = {"CORDBOARD_URL": "http://127.0.0.1:1", "CORDBOARD_API_KEY": "sk_a"}
    ran = Shell(tmp_path, **nobody, CORDBOARD_API_SECRET="s3cr3t_a").run(*args)
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: " in ran.err
