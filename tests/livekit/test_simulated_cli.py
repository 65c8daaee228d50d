"""The simulated LiveKit, its caller and its callees, typed at a shell."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from livekit import api

from cordboard.simulated.livekit.server import KEY, SECRET
from tests.support.livekit import CALLER, NUMBER, a_rule, a_trunk
from tests.support.ports import free_port
from tests.support.process import Place, Serving
from tests.support.shell import Shell

WORKERS = ["--worker", "tone:blue", "--worker", "other"]
CALL = ("simulate", "call", "--to", NUMBER, "--from", CALLER)
STOPS_WITHIN_S = 20
CALLS_OUT = "+14157774444"
CALLED = "+14155550123"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder whose commands know on which port the server listens, or will."""
    return Place(tmp_path, CORDBOARD_PORT=str(free_port()))


@pytest.fixture
def shell(place: Place) -> Shell:
    """A shell with the profiles of that place, which starts no process for a command."""
    return Shell(place.home / ".config")


@contextmanager
def simulated(place: Place, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``cordboard simulate livekit``, which must end by itself on SIGTERM."""
    with subprocess.Popen(
        [*place.command, "simulate", "livekit", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=place.environment(),
        cwd=place.folder,
    ) as process:
        yield process
        process.terminate()
        assert process.wait(STOPS_WITHIN_S) == 0


@pytest.fixture
def running(place: Place) -> Iterator[IO[str]]:
    """The output of a simulated LiveKit with two workers."""
    with simulated(place, *WORKERS) as process:
        assert process.stdout is not None
        yield process.stdout


@pytest.fixture
def url(running: IO[str]) -> str:
    """Where the simulated LiveKit answers."""
    return _url(running)


def _url(output: IO[str]) -> str:
    return output.readline().split()[-1]


def _settings(url: str) -> dict[str, str]:
    return {
        "CORDBOARD_LIVEKIT_URL": url,
        "CORDBOARD_LIVEKIT_API_KEY": KEY,
        "CORDBOARD_LIVEKIT_API_SECRET": SECRET,
        "CORDBOARD_SIP_SOURCE_CIDRS": "127.0.0.1/32",
    }


@pytest.fixture
def server(place: Place, shell: Shell, url: str) -> Iterator[Serving]:
    """A server that uses the simulated LiveKit, and whose key pair the command line has."""
    port = place.environment()["CORDBOARD_PORT"]
    with place.serve(**_settings(url), CORDBOARD_PORT=port) as server:
        server.wait_until(lambda: "is as it should be" in shell.run("livekit", "drift").err)
        yield server


async def _routed(url: str, agent: str, deployment: str = "") -> None:
    """Let calls to the number ring for an agent."""
    async with api.LiveKitAPI(url, KEY, SECRET) as client:
        await a_rule(client, await a_trunk(client, NUMBER), agent=agent, deployment=deployment)


async def _answering_anybody(url: str) -> str:
    """Make a rule without trunks, as somebody else might."""
    async with api.LiveKitAPI(url, KEY, SECRET) as client:
        return await a_rule(client, agent="tone")


async def _dialled(url: str, number: str) -> None:
    """Call somebody, and wait for the answer."""
    dial = api.CreateSIPParticipantRequest(
        trunk=api.SIPOutboundConfig(hostname="sip.example.com"),
        sip_number=NUMBER,
        sip_call_to=number,
        room_name="room",
        wait_until_answered=True,
    )
    async with api.LiveKitAPI(url, KEY, SECRET) as client:
        await client.sip.create_sip_participant(dial)


def _said(lines: list[str]) -> list[str]:
    """What a call has shown, without the times."""
    return [line.split(" s  ", 1)[-1].strip() for line in lines]


def test_a_call_shows_its_ladder_and_the_agent_that_answered(shell: Shell, url: str) -> None:
    asyncio.run(_routed(url, "tone", "blue"))
    ran = shell.run(*CALL, "--url", url, "--talk", "0.2")
    assert _said(ran.lines) == [
        f"{CALLER} calls {NUMBER}",
        "INVITE",
        "100 Trying",
        "180 Ringing",
        "200 OK: answered by tone, deployment blue",
        "its job: {}",
        "BYE: caller hung up",
    ]


def test_a_call_without_a_server_to_ask_says_that_the_decision_is_not_known(
    place: Place, shell: Shell, url: str
) -> None:
    asyncio.run(_routed(url, "other"))
    ran = shell.run(*CALL, "--url", url, "--talk", "0.1")
    assert ran.err.startswith("Cordboard's decision is not shown: there is no profile 'local'")
    gone = {
        "CORDBOARD_URL": "http://127.0.0.1:1",
        "CORDBOARD_API_KEY": "sk_a",
        "CORDBOARD_API_SECRET": "s3cr3t_a",
    }
    ran = Shell(place.home, **gone).run(*CALL, "--url", url, "--talk", "0.1")
    assert "is not shown: No answer from http://127.0.0.1:1: Connection refused\n" in ran.err
    assert _said(ran.lines)[-1] == "BYE: caller hung up"


def test_a_call_that_no_rule_takes_is_given_up_with_status_1(shell: Shell, url: str) -> None:
    ran = shell.run(*CALL, "--url", url, "--patience", "0.2")
    assert ran.status == 1
    assert ran.out.splitlines()[-1].endswith("487 Request Terminated: caller hung up")
    assert "No trunk and rule at LiveKit took this call" in ran.err


def test_the_simulated_livekit_says_how_to_start_cordboard_with_it(
    place: Place, running: IO[str]
) -> None:
    port = place.environment()["CORDBOARD_PORT"]
    lines = [running.readline().strip() for _ in range(12)]
    url = lines[0].split()[-1]
    assert lines[1:4] == [
        "Workers: tone:blue, other",
        f"Events go to: http://127.0.0.1:{port}/livekit/events",
        "",
    ]
    assert lines[5:9] == [f"export {name}={value}" for name, value in _settings(url).items()]
    assert lines[-1].endswith(f"simulate call --to NUMBER --from +12125550100 --url {url}")


def test_a_call_shows_what_cordboard_decides_and_why(
    shell: Shell, url: str, server: Serving
) -> None:
    server.caller(server.first_pair()).create(NUMBER, inbound_agent_id="other")
    ran = shell.run(*CALL, "--url", url)
    said = _said(ran.lines)
    decided = said.index("Cordboard decides: other@1 (worker other)")
    assert [line.split("  ")[0] for line in said[decided + 1 : decided + 9]] == [
        *("dialled", "number", "carrier account", "webhook", "schedule", "weights", "binding"),
        "fallback",
    ]
    assert "200 OK: answered by other" in said
    shows = said[-1].removeprefix("Its record: ").split()[-3:]
    record = shell.run(*shows, "--json").json
    assert (record["from_number"], record["agent_id"]) == (CALLER, "other")


def test_a_call_to_nobodys_number_shows_the_refusal(
    shell: Shell, url: str, server: Serving
) -> None:
    ran = shell.run(*CALL, "--url", url)
    assert ran.status == 1
    said = _said(ran.out.splitlines())
    assert "Cordboard decides: nobody answers, unknown number" in said
    assert "486 Rejected: room closed" in said
    assert said[-1].endswith("calls unmatched")
    assert server.logged("request_crashed") == []


def test_what_is_dangerous_at_livekit_is_in_the_drift(
    shell: Shell, url: str, server: Serving
) -> None:
    assert server.process.poll() is None
    rule_id = asyncio.run(_answering_anybody(url))
    ran = shell.run("livekit", "drift")
    head, row = ran.lines
    assert head.split("  ")[0] == "KIND"
    assert row.split()[:3] == ["dangerous", "–", rule_id]
    (difference,) = shell.run("livekit", "drift", "--json").json["differences"]
    assert difference["detail"] in row


def test_a_call_as_json_holds_the_ladder_the_job_and_the_decision(
    shell: Shell, url: str, server: Serving
) -> None:
    server.caller(server.first_pair()).create(NUMBER, inbound_agent_id="other")
    ran = shell.run(*CALL, "--url", url, "--json")
    told = ran.json
    assert [message for _, message in told["call"]["ladder"]][-2:] == ["200", "BYE"]
    assert json.loads(told["call"]["job"]["metadata"])["agent_id"] == "other"
    assert told["decision"]["targets"][0]["livekit_agent_name"] == "other"
    assert shell.run("calls", "show", told["call_id"], "--json").json["to_number"] == NUMBER


def test_a_call_without_a_simulated_livekit_says_how_to_start_one(
    place: Place, shell: Shell
) -> None:
    ran = shell.run(*CALL, "--url", "http://127.0.0.1:1")
    assert ran.status == 1
    assert "cordboard simulate livekit" in ran.err
    with place.serve() as other:
        ran = shell.run(*CALL, "--url", f"http://127.0.0.1:{other.port}")
    assert ran.status == 1
    assert "is no simulated LiveKit (HTTP 404)" in ran.err


def test_a_callee_does_what_it_was_told(shell: Shell, url: str) -> None:
    told = shell.run("simulate", "callee", "+1 555 000-9998", "--status", "486", "--url", url)
    assert told.err == "+15550009998 says 486 after 0.3 s\n"
    with pytest.raises(api.TwirpError) as refused:
        asyncio.run(_dialled(url, "+15550009998"))
    assert refused.value.metadata["sip_status_code"] == "486"


def _number_that_calls(server: Serving) -> None:
    server.caller(server.first_pair()).create(
        CALLS_OUT, outbound_agent_id="other", outbound_trunk_id="ST_of_a_carrier"
    )


def test_a_call_that_is_made_is_followed_to_its_end(
    shell: Shell, url: str, server: Serving
) -> None:
    _number_that_calls(server)
    shell.run("simulate", "callee", CALLED, "--talk", "0.1", "--url", url)
    make = ("calls", "create", "--from", CALLS_OUT, "--to", CALLED, "--wait")
    answered = shell.run(*make, "--note", "ticket=T-1", "--json").json
    assert answered["state"] == "ended"
    assert answered["answered_timestamp"] is not None
    assert answered["metadata"] == {"ticket": "T-1"}
    shell.run("simulate", "callee", CALLED, "--status", "486", "--url", url)
    busy = shell.run(*make)
    assert busy.status == 1
    record = dict(line.split("  ", 1) for line in busy.out.splitlines() if "  " in line)
    assert record["SIP response"].strip() == "486"
    assert record["Talks"].strip() == "other@1 (worker other)"


def test_a_call_that_is_made_is_shown_at_once_when_nobody_waits(
    shell: Shell, server: Serving
) -> None:
    _number_that_calls(server)
    ran = shell.run("calls", "create", "--from", CALLS_OUT, "--to", CALLED, "--agent", "other@1")
    made = dict(line.split(maxsplit=1) for line in ran.lines)
    assert (made["From"], made["To"], made["Agent"]) == (CALLS_OUT, CALLED, "other")
    assert shell.run("calls", "show", made["Call"]).status == 0


def test_a_probe_says_who_came_and_its_status_whether_anybody_did(
    place: Place, shell: Shell, url: str
) -> None:
    with place.serve(**_settings(url), CORDBOARD_AGENT_JOIN_TIMEOUT="1"):
        made = [
            shell.run("agents", "create", name, "--livekit-agent", name, "--json").json["agent_id"]
            for name in ("other", "nobody")
        ]
        served, unserved = (shell.run("agents", "probe", agent_id) for agent_id in made)
        explained = shell.run("agents", "probe", made[1], "--version", "1", "--json")
    assert served.status == 0
    assert "Served      yes" in served.lines
    assert unserved.status == 1
    assert "Served      no" in unserved.out
    assert json.loads(explained.out)["is_served"] is False


def test_an_agent_whose_worker_is_missing_is_warned_of(
    place: Place, shell: Shell, url: str
) -> None:
    with place.serve(**_settings(url), CORDBOARD_AGENT_JOIN_TIMEOUT="1"):
        agent_id = shell.run("agents", "create", "nobody", "--json").json["agent_id"]
        shell.run("numbers", "create", NUMBER, "--inbound-agent", agent_id)
        shell.run("agents", "probe", agent_id)
        ran = shell.run("route", "explain", "--to", NUMBER)
    assert ran.err.startswith("Warning: ")
    assert agent_id in ran.err


def test_a_command_beside_the_simulated_livekit_has_the_settings_and_its_status_counts(
    place: Place,
) -> None:
    script = "import json, os, sys; json.dump(dict(os.environ), open('seen', 'w')); sys.exit(3)"
    ran = place.run("simulate", "livekit", "--port", "0", "--", sys.executable, "-c", script)
    assert ran.status == 3
    url = ran.out.splitlines()[0].split()[-1]
    seen = json.loads((place.folder / "seen").read_text())
    assert _settings(url).items() <= seen.items()
    assert seen["HOME"] == str(place.home)


def test_a_command_that_is_not_there_is_said_to_be_so(place: Place) -> None:
    ran = place.run("simulate", "livekit", "--port", "0", "--", "no-such-command")
    assert ran.status == 1
    assert "no-such-command cannot be run: No such file or directory" in ran.err


def test_a_command_that_ends_by_the_signal_it_is_sent_has_not_failed(place: Place) -> None:
    with simulated(place, "--", "sleep", "600") as process:
        assert process.stdout is not None
        assert "Starting beside it: sleep 600\n" in process.stdout


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_who_stops_the_simulated_livekit_stops_the_command_beside_it(
    place: Place, how: signal.Signals
) -> None:
    log = place.folder / "err"
    command = [*place.command, "simulate", "livekit", "--port", "0", "--", *place.command, "serve"]
    with (
        log.open("wb") as err,
        subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=err,
            env=place.environment(CORDBOARD_PORT="0"),
            cwd=place.folder,
        ) as process,
    ):
        try:
            while "server_started" not in log.read_text():
                assert process.poll() is None, log.read_text()
                time.sleep(0.02)
        finally:
            process.send_signal(how)
        assert process.wait(STOPS_WITHIN_S) == 0
    assert "server_stopped" in log.read_text()
