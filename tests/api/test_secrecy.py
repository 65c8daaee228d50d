"""What must stay inside stays inside: secrets and numbers in logs, secrets in the database.

A real server logs everything it can; then its log, its metrics, its error answers and the files of
its database are searched for what was sent.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import apsw
import pytest

from tests.support.caller import CREATE, LIST, NUMBERS, Answer, Caller, path_of
from tests.support.databases import KINDS, postgres_clone, sqlite_copy
from tests.support.postgres_server import PostgresServer
from tests.support.process import Place, Serving

NUMBER = "+14155550199"
ABROAD = "+493055501990"
WRONG_SECRET = "s3cr3t_thisIsNotTheSecretOfAnybody0123456789"
PRIVATE = "private-4711"

# In whatever grouping: people write +1 (415) 555-0199, URLs %2B14155550199.
DIGITS = [re.compile(r"\W*".join(number[1:])) for number in (NUMBER, ABROAD)]


def loud_place(folder: Path, url: str) -> Place:
    """Return a working directory whose server logs all it can."""
    return Place(
        folder,
        CORDBOARD_DATABASE_URL=url,
        CORDBOARD_LOG_LEVEL="debug",
        CORDBOARD_LOG_FORMAT="json",
    )


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A loud place on each kind of database."""
    if request.param == "sqlite":
        yield loud_place(
            tmp_path, sqlite_copy(request.getfixturevalue("sqlite_template"), tmp_path)
        )
    else:
        with postgres_clone(request.getfixturevalue("postgres_server")) as url:
            yield loud_place(tmp_path, url)


def good_requests(caller: Caller) -> list[Answer]:
    """Do everything that can be done with a number, and with key pairs."""
    keys = f"/api/organizations/{caller.organization_id}/api-keys"
    answers = [
        caller.request("POST", CREATE, {"phone_number": NUMBER}, {"Idempotency-Key": PRIVATE}),
        caller.request("POST", CREATE, {"phone_number": ABROAD, "nickname": NUMBER}),
        caller.request("GET", path_of(NUMBER)),
        caller.request("GET", f"{NUMBERS}/{NUMBER}"),
        caller.request("PATCH", path_of(NUMBER), {"nickname": PRIVATE}),
        caller.request("GET", path_of(NUMBER, "/history")),
        caller.request("GET", f"{NUMBERS}?nickname={PRIVATE}"),
        caller.request("POST", LIST, {"filter_criteria": {"nickname": NUMBER}}),
        caller.delete(ABROAD),
        caller.request("POST", keys, {"name": "second"}),
    ]
    issued = answers[-1].data
    answers.append(caller.request("POST", f"{keys}/{issued['api_key_id']}/rotate", {}))
    assert {answer.status for answer in answers} == {200}
    return answers


def bad_requests(caller: Caller) -> list[Answer]:
    """Be refused in many ways, with a good secret and with a wrong one."""
    wrong = {"X-API-SECRET": WRONG_SECRET}
    swapped = {"X-API-KEY": caller.api_secret, "X-API-SECRET": caller.api_key}
    secret = caller.api_secret
    return [
        caller.request("GET", NUMBERS, headers=wrong),
        caller.request("GET", NUMBERS, headers=swapped),
        caller.request("POST", CREATE, {"phone_number": NUMBER}, wrong),
        caller.request("POST", CREATE, {"phone_number": NUMBER}),
        caller.request("POST", CREATE, {"phone_number": "+1"}),
        caller.request("POST", CREATE, b'{"phone_number": "' + NUMBER.encode()),
        caller.request("POST", CREATE, {"phone_number": NUMBER, "nickname": "\0"}),
        caller.request("POST", CREATE, {"phone_number": secret}),
        caller.request("POST", CREATE, {"phone_number": NUMBER, "inbound_agent_id": f"{secret}!"}),
        caller.request("POST", CREATE, {"phone_number": NUMBER, "inbound_webhook_url": secret}),
        caller.request("PATCH", path_of(NUMBER), {"area_code": 415}),
        caller.request("PATCH", path_of(NUMBER), {}, {"If-Match": '"x"'}),
        caller.request("GET", path_of("+14155550100")),
        caller.request("PUT", path_of(NUMBER)),
        caller.request("GET", f"/api/numbers/{NUMBER}"),
        caller.request("GET", f"{NUMBERS}?page={secret}"),
        caller.request("POST", CREATE, {"phone_number": NUMBER}, {"Idempotency-Key": "\t"}),
        caller.request("POST", CREATE, b"x", {"Content-Type": "text/plain"}),
    ]


def break_creation(place: Place, postgres: PostgresServer | None) -> None:
    """Make the database fail with the number in its error text, as unexpected errors may."""
    url = place.environment()["CORDBOARD_DATABASE_URL"]
    if postgres is None:
        connection = apsw.Connection(url.removeprefix("sqlite:///"))
        connection.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON phone_number BEGIN "
            "SELECT RAISE(ABORT, 'no ' || NEW.phone_number || ' here'); END"
        )
        connection.close()
    else:
        postgres.run(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'no % here', NEW.phone_number; END$$",
            "CREATE TRIGGER broken BEFORE INSERT ON phone_number "
            "FOR EACH ROW EXECUTE FUNCTION broken()",
            database=urlsplit(url).path.removeprefix("/"),
        )


def files_of_database(place: Place) -> list[Path]:
    """Return every file that the database writes, its log of changes included."""
    url = urlsplit(place.environment()["CORDBOARD_DATABASE_URL"])
    folder = parse_qs(url.query)["host"][0] if url.scheme == "postgresql" else place.folder
    pattern = "data/**/*" if url.scheme == "postgresql" else "cordboard.db*"
    return [path for path in Path(folder).glob(pattern) if path.is_file()]


def whole_log(serving: Serving, place: Place) -> str:
    return "".join(path.read_text() for path in place.folder.glob("serve-*.err"))


def test_no_log_line_and_no_refusal_holds_a_secret_and_no_log_line_a_number(
    request: pytest.FixtureRequest, place: Place
) -> None:
    is_postgres = "postgresql" in place.environment()["CORDBOARD_DATABASE_URL"]
    with place.serve() as serving:
        caller = serving.caller(serving.first_pair())
        issued = [answer.data.get("api_secret") for answer in good_requests(caller)[-2:]]
        secrets = [caller.api_secret, WRONG_SECRET, *issued]
        refusals = bad_requests(caller)
        break_creation(place, request.getfixturevalue("postgres_server") if is_postgres else None)
        broken = caller.request("POST", CREATE, {"phone_number": ABROAD})
        metrics = caller.request("GET", "/metrics")
        assert serving.stop() == 0
        log = whole_log(serving, place)

    assert {answer.status for answer in refusals} == {400, 401, 404, 405, 409, 412, 415}
    assert broken.refusal[:2] == (500, "internal")
    assert ABROAD not in broken.body.decode()
    assert all(issued)
    for secret in secrets:
        assert secret not in log
        assert not any(secret.encode() in answer.body for answer in [*refusals, metrics])
    for digits in DIGITS:
        assert not digits.search(log)
        assert not digits.search(metrics.body.decode())
    assert PRIVATE not in log
    crash = next(line for line in log.splitlines() if broken.json["request_id"] in line)
    assert "request_crashed" in crash
    assert " here" in crash, "the cause is told, without the number in it"


def test_no_file_of_the_database_holds_a_secret(place: Place) -> None:
    with place.serve() as serving:
        caller = serving.caller(serving.first_pair())
        issued = [answer.data["api_secret"] for answer in good_requests(caller)[-2:]]
        bad_requests(caller)
        files = files_of_database(place)
        held = b"".join(path.read_bytes() for path in files)
        assert serving.stop() == 0
        held += b"".join(path.read_bytes() for path in files_of_database(place))
    assert PRIVATE.encode() in held, "the search finds what is there"
    assert caller.api_key.encode() in held
    for secret in (caller.api_secret, WRONG_SECRET, *issued):
        assert secret.encode() not in held
        assert secret.removeprefix("s3cr3t_").encode() not in held
