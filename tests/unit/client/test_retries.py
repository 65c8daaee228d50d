from typing import Any

import pytest

from cordboard.edge.client.api_keys import NewAPIKey, create_api_key
from cordboard.edge.client.errors import (
    ClientError,
    DeadlineError,
    Failure,
    ForeignAnswerError,
    RefusedError,
    UnreachableError,
)
from cordboard.edge.client.numbers import NewNumber, create_number, delete_number, get_number
from cordboard.edge.client.request import Request
from cordboard.edge.client.transport import Patience, wait_before_retry

READ = get_number("+14157774444")
CREATE = create_number(NewNumber("+14157774444"))
DELETE = delete_number("+14157774444")
KEY = create_api_key("org_1", NewAPIKey())
PATIENCE = Patience(first_wait_s=0.5, longest_wait_s=5)


def broken(request: Request[Any]) -> ClientError:
    return UnreachableError(request, "the connection broke", was_sent=True)


def never_made(request: Request[Any]) -> ClientError:
    return UnreachableError(request, "Connection refused", was_sent=False)


def refused(request: Request[Any], status: int, retry_after_s: float | None) -> ClientError:
    failure = Failure("Temporarily unavailable", "…", "database.unavailable", "req_1")
    return RefusedError(request, status, failure, retry_after_s)


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (never_made(DELETE), 0.5),
        (broken(READ), 0.5),
        (broken(CREATE), 0.5),
        (broken(DELETE), None),
        (broken(KEY), None),
        (refused(READ, 503, 2.0), 2.0),
        (refused(CREATE, 503, 0.0), 0.0),
        (refused(CREATE, 503, 60.0), None),
        (refused(CREATE, 503, None), None),
        (refused(DELETE, 503, 1.0), None),
        (refused(READ, 429, 1.0), None),
        (refused(READ, 500, None), None),
        (DeadlineError(READ, 30), None),
        (ForeignAnswerError(READ, 502, "text/html"), None),
    ],
)
def test_a_request_is_repeated_only_where_that_does_no_harm(
    error: ClientError, wait_s: float | None
) -> None:
    assert wait_before_retry(error, 1, PATIENCE) == wait_s


def test_each_wait_after_a_broken_connection_is_twice_the_one_before() -> None:
    waits = [wait_before_retry(broken(READ), tries, PATIENCE) for tries in (1, 2, 3)]
    assert waits == [0.5, 1.0, 2.0]
