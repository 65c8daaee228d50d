"""The published request gets the published answer, byte for byte but for ids and times.

``published/`` holds the pages' own examples: ``create.*`` as printed, the others as their pages or
the contract describe them. Key order counts.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cordboard.runtime.clock import iso_utc
from tests.support.caller import AVAILABLE, CREATE, LIST, NUMBERS, Answer, Caller, path_of
from tests.support.clock import START_MS
from tests.support.server import RunningServer

PUBLISHED = Path(__file__).with_name("published")
NUMBER = "+14157774444"

# What no two installations have in common, and how it looks here.
VARYING = {
    "organization_id": re.compile(r"org_[0-9a-f]{24}"),
    "registration_id": re.compile(r"num_[0-9a-f]{24}"),
    "api_key": re.compile(r"sk_[A-Za-z0-9]{32}"),
    "request_id": re.compile(r"req_[0-9a-f]{24}"),
    "created_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "updated_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "last_modification_timestamp": re.compile(r"\d{13}"),
}


def published(name: str) -> Any:  # noqa: ANN401 - JSON as it stands in the file
    return json.loads((PUBLISHED / name).read_text("utf-8"))


def without_varying(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Replace what varies by its name; as a hook of the JSON decoder it sees every object."""
    return {key: f"<{key}>" if key in VARYING else value for key, value in pairs}


def check_varying(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Check the form of what varies, then replace it."""
    for key, value in pairs:
        if key in VARYING:
            assert VARYING[key].fullmatch(str(value)), (key, value)
    return without_varying(pairs)


def assert_published(answer: Answer, name: str) -> None:
    """Hold an answer against a file: the same keys in the same order, the same values."""
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    text = (PUBLISHED / f"{name}.answer.json").read_text("utf-8")
    expected = json.loads(text, object_pairs_hook=without_varying)
    given = json.loads(answer.body, object_pairs_hook=check_varying)
    assert json.dumps(given, indent=1) == json.dumps(expected, indent=1)


@pytest.fixture
def customer(own_server: RunningServer) -> Caller:
    """An organization that has registered the published number."""
    caller = own_server.organization()
    caller.create(**published("create.request.json"))
    return caller


def test_create_answers_as_published(own_server: RunningServer) -> None:
    raw = (PUBLISHED / "create.request.json").read_bytes()
    answer = own_server.organization().request("POST", CREATE, raw)
    assert_published(answer, "create")


def test_the_three_times_of_a_new_number_are_one_instant(own_server: RunningServer) -> None:
    data = own_server.organization().create(**published("create.request.json"))
    assert data["created_at"] == data["updated_at"] == "2024-01-15T10:30:00Z"
    assert data["last_modification_timestamp"] == START_MS
    assert iso_utc(data["last_modification_timestamp"]) == data["updated_at"]


SIBLINGS: dict[str, Callable[[Caller], Answer]] = {
    "get": lambda caller: caller.request("GET", path_of(NUMBER)),
    "list": lambda caller: caller.request("POST", LIST, published("list.request.json")),
    "list-by-query": lambda caller: caller.request("GET", f"{NUMBERS}?area_code=415"),
    "history": lambda caller: caller.request("GET", path_of(NUMBER, "/history")),
    "patch": lambda caller: caller.request(
        "PATCH", path_of(NUMBER), published("patch.request.json")
    ),
    "delete": lambda caller: caller.delete(NUMBER),
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_the_sibling_endpoint_answers_as_published(customer: Caller, name: str) -> None:
    assert_published(SIBLINGS[name](customer), name)


def test_available_answers_as_published(customer: Caller) -> None:
    customer.patch(NUMBER, inbound_agent_id=None, outbound_agent_id=None)
    assert_published(customer.request("GET", AVAILABLE), "available")


def published_curl(server: RunningServer, caller: Caller) -> list[str]:
    """Return the page's command, with this server's address and the caller's key pair."""
    text = (PUBLISHED / "create.curl").read_text("utf-8")
    text = text.replace("http://localhost:8080", server.url)
    text = text.replace("X-API-KEY: <api-key>", f"X-API-KEY: {caller.api_key}")
    text = text.replace("X-API-SECRET: <api-key>", f"X-API-SECRET: {caller.api_secret}")
    return shlex.split(text.replace("\\\n", " "))


def test_what_the_page_s_curl_sends_gets_the_page_s_answer(own_server: RunningServer) -> None:
    caller = own_server.organization()
    command = published_curl(own_server, caller)
    options = list(zip(command[1::2], command[2::2], strict=True))
    headers = [tuple(value.split(": ", 1)) for option, value in options if option == "--header"]
    given = dict(options)
    answer = caller.wire.exchange(
        given["--request"],
        given["--url"].removeprefix(own_server.url),
        [(name, value) for name, value in headers],
        given["--data"].encode(),
    )
    assert_published(answer, "create")


def test_the_page_s_curl_as_printed_gets_the_page_s_answer(own_server: RunningServer) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed; the test above sends the same bytes")
    command = published_curl(own_server, own_server.organization())
    run = subprocess.run([*command, "--silent", "--noproxy", "*"], capture_output=True, check=True)
    assert_published(Answer(200, {"content-type": "application/json"}, run.stdout), "create")
