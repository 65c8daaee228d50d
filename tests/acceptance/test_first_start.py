"""The first start in development, as the person sees it who has just cloned the repository."""

import json
import shlex
import stat
import threading
from pathlib import Path

import pytest

from tests.support.caller import CREATE, Caller
from tests.support.process import SECRET_KEY, Place, Serving

PUBLISHED = Path(__file__).parents[1] / "api" / "published"


@pytest.fixture
def place(tmp_path: Path, blank_database_url: str) -> Place:
    return Place(tmp_path, CORDBOARD_DATABASE_URL=blank_database_url)


def printed_curl(server: Serving) -> str:
    """The command that the first start has printed, to be pasted into a shell."""
    return "curl" + server.out.partition("\ncurl")[2].rstrip()


def pasted(server: Serving, curl: str) -> tuple[str, dict[str, str], bytes]:
    """What curl would send: path, headers, body."""
    words = shlex.split(curl.replace("\\\n", " "))
    options = list(zip(words[1::2], words[2::2], strict=True))
    headers = dict(text.split(": ", 1) for option, text in options if option == "--header")
    (url,) = [text for option, text in options if option == "--url"]
    (body,) = [text for option, text in options if option == "--data"]
    assert ("--request", "POST") in options
    assert url.startswith(f"http://localhost:{server.port}/")
    return url.removeprefix(f"http://localhost:{server.port}"), headers, body.encode()


def test_the_printed_curl_registers_a_number_as_printed(place: Place) -> None:
    with place.serve() as server:
        path, headers, body = pasted(server, printed_curl(server))
        wire = server.caller(server.first_pair()).wire
        answer = wire.exchange("POST", path, headers.items(), body)
    assert answer.data["phone_number"] == "+14157774444"
    assert path == CREATE


def test_the_printed_curl_is_the_published_one_with_the_real_address_and_pair(place: Place) -> None:
    with place.serve() as server:
        pair = server.first_pair()
        published = (PUBLISHED / "create.curl").read_text("utf-8").rstrip()
        expected = published.replace("localhost:8080", f"localhost:{server.port}")
        expected = expected.replace("API-KEY: <api-key>", f"API-KEY: {pair['api_key']}")
        expected = expected.replace("API-SECRET: <api-key>", f"API-SECRET: {pair['api_secret']}")
        assert printed_curl(server) == expected


def test_the_pair_is_kept_as_profile_local_that_only_its_owner_can_read(place: Place) -> None:
    with place.serve() as server:
        pair = server.first_pair()
        url = f"http://localhost:{server.port}"
    assert json.loads(place.profiles.read_text()) == {
        "local": {"url": url, "api_key": pair["api_key"], "api_secret": pair["api_secret"]}
    }
    assert stat.S_IMODE(place.profiles.stat().st_mode) == 0o600


def test_profiles_of_other_servers_stay(place: Place) -> None:
    place.profiles.parent.mkdir(parents=True)
    other = {"office": {"url": "https://o.example", "api_key": "k", "api_secret": "s", "x": 1}}
    place.profiles.write_text(json.dumps(other))
    with place.serve():
        pass
    kept = json.loads(place.profiles.read_text())
    assert kept.pop("local")
    assert kept == other


def test_the_pair_of_another_database_is_not_lost(place: Place, tmp_path: Path) -> None:
    with place.serve() as first:
        pair = first.first_pair()
    with place.serve("--database", f"sqlite:///{tmp_path}/another.db") as second:
        assert second.out.count("; the one before is 'local-1' now") == 1
    kept = json.loads(place.profiles.read_text())
    assert kept["local-1"]["api_secret"] == pair["api_secret"]
    assert kept["local"]["api_secret"] == second.first_pair()["api_secret"]


def test_a_later_start_shows_no_secret_and_serves_what_was_there(place: Place) -> None:
    with place.serve() as first:
        pair = first.first_pair()
        first.caller(pair).create("+14155550100")
        assert first.stop() == 0
    with place.serve() as second:
        assert second.caller(pair).listed() == ["+14155550100"]
        assert "s3cr3t_" not in second.out
        assert "sk_" not in second.out
        assert f"http://localhost:{second.port}" in second.out


def test_a_home_that_cannot_be_written_is_a_warning_and_no_failure(place: Place) -> None:
    with place.serve(HOME="/proc/no-such-home") as server:
        pair = server.first_pair()
        assert server.caller(pair).listed() == []
        (warning,) = server.logged("profile_not_kept")
    assert warning["level"] == "warning"
    assert "/proc/no-such-home" in warning["reason"]


def test_a_profile_file_that_is_no_json_is_left_as_it_is(place: Place) -> None:
    place.profiles.parent.mkdir(parents=True)
    place.profiles.write_text("not mine to lose")
    with place.serve() as server:
        assert server.first_pair()
    assert place.profiles.read_text() == "not mine to lose"


def test_production_makes_nothing_by_itself(place: Place) -> None:
    production = {"CORDBOARD_MODE": "production", "CORDBOARD_SECRET_KEY": SECRET_KEY}
    with place.serve(**production) as server:
        assert "sk_" not in server.out
        assert place.run("organization", "list", "--json", **production).json == []
        created = place.run("organization", "create", "Acme", "--json", **production).json
        assert server.caller(created).listed() == []
    assert not place.profiles.exists()
    assert not list(place.folder.rglob("secret.key"))


def test_two_first_starts_at_once_make_one_organization(place: Place) -> None:
    servers: list[Serving] = []
    threads = [threading.Thread(target=lambda: servers.append(place.serve())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        (first,) = [server for server in servers if "X-API-SECRET" in server.out]
        pair = first.first_pair()
        assert [server.caller(pair).listed() for server in servers] == [[], []]
        assert len(place.run("organization", "list", "--json").json) == 1
    finally:
        for server in servers:
            server.end()


def test_the_log_of_a_first_start_holds_no_secret(place: Place) -> None:
    with place.serve(CORDBOARD_LOG_LEVEL="debug") as server:
        pair = server.first_pair()
        caller: Caller = server.caller(pair)
        caller.create("+14155550100")
        caller.request("GET", "/api/phone-numbers/%2B14155550100")
        assert server.stop() == 0
        log = json.dumps(server.log)
    assert pair["api_secret"] not in log
    assert "4155550100" not in log
