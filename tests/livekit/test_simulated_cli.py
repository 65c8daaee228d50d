"""The simulated LiveKit and its caller, typed at a shell."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from livekit import api

from cordboard.simulated.livekit.server import KEY, SECRET
from tests.support.livekit import CALLER, NUMBER, a_rule, a_trunk
from tests.support.process import Place

WORKERS = ["--worker", "tone:blue", "--worker", "other"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def running(place: Place) -> Iterator[IO[str]]:
    """The output of ``cordboard simulate livekit``, which must end by itself on SIGTERM."""
    with subprocess.Popen(
        [*place.command, "simulate", "livekit", "--port", "0", *WORKERS],
        stdout=subprocess.PIPE,
        text=True,
        env=place.environment(),
    ) as process:
        assert process.stdout is not None
        yield process.stdout
        process.terminate()
        assert process.wait(20) == 0


def _url(output: IO[str]) -> str:
    return output.readline().split()[-1]


async def test_a_call_shows_its_ladder_and_the_agent_that_answered(
    place: Place, running: IO[str]
) -> None:
    url = _url(running)
    client = api.LiveKitAPI(url, KEY, SECRET)
    await a_rule(client, await a_trunk(client, NUMBER), agent="tone", deployment="blue")
    await client.aclose()
    ran = place.run(
        *("simulate", "call", "--to", NUMBER, "--from", CALLER, "--url", url, "--talk", "0.2")
    )
    said = [line.split(" s  ", 1)[-1] for line in ran.lines]
    assert said == [
        f"{CALLER} calls {NUMBER}",
        "INVITE",
        "100 Trying",
        "180 Ringing",
        "200 OK: answered by tone, deployment blue; its job: {}",
        "BYE: caller hung up",
    ]


def test_a_call_that_nobody_answers_is_given_up_with_status_1(
    place: Place, running: IO[str]
) -> None:
    url = _url(running)
    ran = place.run(
        *("simulate", "call", "--to", NUMBER, "--from", CALLER, "--url", url, "--patience", "0.2")
    )
    assert ran.status == 1
    assert ran.out.splitlines()[-1].endswith("487 Request Terminated: caller hung up")


def test_the_simulated_livekit_says_how_to_start_cordboard_with_it(running: IO[str]) -> None:
    lines = [running.readline().strip() for _ in range(9)]
    url = lines[0].split()[-1]
    assert lines[1:4] == ["Workers: tone:blue, other", "Events go to: nobody", ""]
    assert lines[5:9] == [
        f"CORDBOARD_LIVEKIT_URL={url}",
        f"CORDBOARD_LIVEKIT_API_KEY={KEY}",
        f"CORDBOARD_LIVEKIT_API_SECRET={SECRET}",
        "CORDBOARD_SIP_SOURCE_CIDRS=127.0.0.1/32",
    ]


def test_a_number_that_was_just_created_is_answered_by_its_agent(
    place: Place, running: IO[str]
) -> None:
    url = _url(running)
    settings = {
        "CORDBOARD_LIVEKIT_URL": url,
        "CORDBOARD_LIVEKIT_API_KEY": KEY,
        "CORDBOARD_LIVEKIT_API_SECRET": SECRET,
        "CORDBOARD_SIP_SOURCE_CIDRS": "127.0.0.1/32",
    }
    with place.serve(**settings) as server:
        caller = server.caller(server.first_pair())
        caller.create(NUMBER, inbound_agent_id="other")
        server.wait_until(lambda: bool(caller.show(NUMBER)["dispatch_rule_id"]))
        ran = place.run("simulate", "call", "--to", NUMBER, "--from", CALLER, "--url", url)
    assert "answered by other" in ran.lines[4]


def test_a_call_without_a_simulated_livekit_says_how_to_start_one(place: Place) -> None:
    ran = place.run(
        *("simulate", "call", "--to", NUMBER, "--from", CALLER, "--url", "http://127.0.0.1:1")
    )
    assert ran.status == 1
    assert "cordboard simulate livekit" in ran.err
