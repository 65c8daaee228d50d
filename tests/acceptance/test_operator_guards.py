"""What an operator types to guard an organization's calls, and to stop them at once."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.process import Place


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    return Place(tmp_path, CORDBOARD_DATABASE_URL=database_url)


@pytest.fixture
def pair(place: Place) -> dict[str, Any]:
    """An organization with its first key pair."""
    created: dict[str, Any] = place.run("organization", "create", "Acme", "--json").json
    return created


def test_guards_are_shown_as_the_api_shows_them(place: Place, pair: dict[str, Any]) -> None:
    organization_id = pair["organization_id"]
    shown = place.run("organization", "guards", organization_id, "--json").json
    with place.serve() as server:
        path = f"/api/organizations/{organization_id}/outbound-guards"
        assert server.caller(pair).request("GET", path).data == shown


def test_what_is_given_changes_and_is_told_as_the_operators(
    place: Place, pair: dict[str, Any]
) -> None:
    organization_id = pair["organization_id"]
    options = ("--allow-region", "US", "--allow-region", "CA", "--max-concurrent-calls", "7")
    shown = place.run("organization", "guards", organization_id, *options, "--json").json
    assert (shown["allowed_regions"], shown["max_concurrent_calls"]) == (["CA", "US"], 7)
    back = place.run("organization", "guards", organization_id, "--own-region").out
    assert "that of the number that calls" in back
    assert "7 (0 in use)" in back
    with place.serve() as server:
        path = f"/api/organizations/{organization_id}/outbound-guards/history"
        changes = server.caller(pair).request("GET", path).data["revisions"]
    assert [change["api_key"] for change in changes] == [None, None]
    assert [change["request_id"] for change in changes] == ["operator", "operator"]


def test_calls_are_stopped_and_resumed_while_a_server_runs(
    place: Place, pair: dict[str, Any]
) -> None:
    organization_id = pair["organization_id"]
    path = f"/api/organizations/{organization_id}/outbound-guards"
    with place.serve() as server:
        caller = server.caller(pair)
        for command, stopped in (("stop-calls", True), ("resume-calls", False)):
            shown = place.run("organization", command, organization_id, "--json").json
            assert shown["is_stopped"] is stopped
            assert caller.request("GET", path).data["is_stopped"] is stopped


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("guards", "org_1"), 1, "'org_1' does not exist"),
        (("stop-calls", "org_1"), 1, "'org_1' does not exist"),
        (("guards",), 2, "ORGANIZATION"),
        (("guards", "org_1", "--allow-region", "USA"), 2, "--allow-region[0]: must be a region"),
        (("guards", "org_1", "--max-minutes-per-day", "0"), 2, "must be from 1 to 1000000"),
    ],
)
def test_what_cannot_be_done_is_said(
    place: Place, arguments: tuple[str, ...], status: int, text: str
) -> None:
    refused = place.run("organization", *arguments)
    assert (refused.status, refused.out) == (status, "")
    assert text in refused.err
