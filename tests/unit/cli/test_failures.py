from typing import Any

import pytest

from cordboard.edge.cli.chosen_server import ChosenServer
from cordboard.edge.cli.failures import explanation
from cordboard.edge.client.errors import (
    ClientError,
    DeadlineError,
    Failure,
    ForeignAnswerError,
    RefusedError,
    UnreachableError,
)
from cordboard.edge.client.numbers import NewNumber, create_number, delete_number, get_number
from cordboard.edge.client.request import Request, Server

CHOSEN = ChosenServer(
    Server("http://localhost:8080", "sk_public", "s3cr3t_hidden"), "profile 'local' in /p.json"
)
CREATE = create_number(NewNumber("+14157774444"), "the-key")


def refused(code: str, status: int = 409, request: Request[Any] = CREATE) -> RefusedError:
    failure = Failure("What it is", "what happened, with ids", code, "req_1")
    return RefusedError(request, status, failure, None)


def said(error: ClientError) -> str:
    headline, lines = explanation(error, CHOSEN)
    return "\n".join([headline, *lines])


def test_a_refusal_is_told_in_the_words_of_the_server_with_code_and_request() -> None:
    assert said(refused("validation.url", 400)) == (
        "What it is\nwhat happened, with ids\n(validation.url, request req_1)"
    )


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("phone_number.exists", "cordboard numbers show +14157774444"),
        ("phone_number.not_found", "cordboard numbers list"),
        ("agent.not_found", "cordboard agents list"),
        ("agent_version.not_found", "cordboard agents versions"),
        ("database.unavailable", "try again"),
        ("storage.full", "make room"),
        ("etag.mismatch", "show it again"),
        ("rate.limited", "try again later"),
        ("auth.scope", "--profile"),
        ("auth.invalid", "--profile"),
    ],
)
def test_a_refusal_that_can_be_helped_says_how(code: str, step: str) -> None:
    (line,) = [line for line in said(refused(code)).splitlines() if line.startswith("Next: ")]
    assert step in line


@pytest.mark.parametrize("code", ["auth.invalid", "auth.missing", "auth.scope"])
def test_a_refused_key_pair_is_named_with_where_it_comes_from_and_never_its_secret(
    code: str,
) -> None:
    text = said(refused(code, 401))
    assert "The key pair is sk_public, from profile 'local' in /p.json." in text
    assert "s3cr3t" not in text


def test_a_server_that_does_not_run_is_to_be_started() -> None:
    text = said(UnreachableError(CREATE, "Connection refused", was_sent=False))
    assert text == (
        "No answer from http://localhost:8080: Connection refused\n"
        "The address is that of profile 'local' in /p.json.\n"
        "Next: start the server (make serve, or cordboard serve), or correct it."
    )


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError(CREATE, "the connection broke", was_sent=True),
        DeadlineError(CREATE, 30),
        ForeignAnswerError(CREATE, 502, "text/html"),
        refused("write.indeterminate", 503),
        refused("internal", 500),
    ],
)
def test_a_create_of_unknown_outcome_can_be_repeated_under_its_key(error: ClientError) -> None:
    assert "Repeat it with --idempotency-key the-key, and it happens once." in said(error)


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError(delete_number("+14157774444"), 30),
        refused("write.indeterminate", 503, delete_number("+14157774444")),
    ],
)
def test_another_write_of_unknown_outcome_is_to_be_looked_at_first(error: ClientError) -> None:
    assert "look before you repeat it" in said(error)


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError(get_number("+14157774444"), 30),
        refused("internal", 500, get_number("+14157774444")),
        refused("database.unavailable", 503),
    ],
)
def test_what_cannot_have_happened_is_not_said_to_have(error: ClientError) -> None:
    assert "may have happened" not in said(error)


def test_a_wait_that_the_server_asks_for_is_passed_on() -> None:
    failure = Failure("Too many requests", "wait", "rate.limited", "req_1")
    assert "wait 7 s" in said(RefusedError(CREATE, 429, failure, 7.0))
