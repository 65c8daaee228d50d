"""The client of our API, against a real server and on a wire with faults."""

import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cordboard.edge.cli.simulation import SimulationError, open_simulation
from cordboard.edge.client import agents, api_keys, numbers
from cordboard.edge.client.errors import (
    DeadlineError,
    ForeignAnswerError,
    RefusedError,
    UnreachableError,
)
from cordboard.edge.client.numbers import NewNumber, NumberChanges, NumberQuery
from cordboard.edge.client.paging import every_page
from cordboard.edge.client.request import Answer, Request, Server, T
from cordboard.edge.client.transport import Patience, Transport, open_transport
from tests.support.builders import a_name, a_number
from tests.support.caller import Caller
from tests.support.server import RunningServer
from tests.support.wire import an_answer, lossy_wire, scripted_server

IMPATIENT = Patience(connect_s=5, total_s=20, first_wait_s=0.01)
ENDLESS = b"[" * 10_000
SILENT = Patience(connect_s=5, total_s=0.3, first_wait_s=0.01)


def server_of(caller: Caller, url: str) -> Server:
    return Server(url, caller.api_key, caller.api_secret)


@pytest.fixture
async def transport(server: RunningServer, caller: Caller) -> AsyncIterator[Transport]:
    """The client with the caller's key pair."""
    async with open_transport(server_of(caller, server.url)) as opened:
        yield opened


async def send_to(url: str, request: Request[T], patience: Patience = IMPATIENT) -> Answer[T]:
    async with open_transport(Server(url, "sk_a", "s3cr3t_a"), patience) as transport:
        return await transport.send(request)


async def test_a_number_lives_its_life(transport: Transport) -> None:
    number = a_number()
    created = await transport.send(
        numbers.create_number(NewNumber(number, nickname="Sales", inbound_agent_id="agent_x"))
    )
    assert (created.data.phone_number, created.data.nickname) == (number, "Sales")
    assert (created.message, created.is_write) == ("Phone number created successfully", True)

    shown = await transport.send(numbers.get_number(number))
    assert shown.etag == created.etag == f'"{shown.data.registration_id}.1"'

    changes = NumberChanges(nickname=None, outbound_agent_id="agent_y")
    changed = await transport.send(numbers.update_number(number, changes, shown.etag))
    assert (changed.data.nickname, changed.data.inbound_agent_id) == (None, "agent_x")

    history = await transport.send(numbers.list_history(number))
    assert [change.action for change in history.data.revisions] == ["updated", "created"]
    assert history.data.revisions[0].changes["nickname"] == {"from": "Sales", "to": None}

    deleted = await transport.send(numbers.delete_number(number, changed.etag))
    assert deleted.data.cleanup_results.inbound_trunk
    with pytest.raises(RefusedError, match="does not exist"):
        await transport.send(numbers.get_number(number))


async def test_an_agent_lives_its_life(transport: Transport) -> None:
    fields = {"livekit_agent_name": "front-desk", "llm_config": {"temperature": 0.2}}
    created = await transport.send(agents.create_agent("Front desk", fields))
    agent_id = created.data.agent_id
    assert (created.data.version, created.data.published_at) == (1, None)
    assert json.loads(created.raw)["llm_config"] == {"temperature": 0.2}

    published = await transport.send(agents.publish_agent(agent_id))
    assert published.data.published_at is not None
    changed = await transport.send(agents.update_agent(agent_id, {"begin_message": "Hi"}))
    assert (changed.data.version, changed.data.livekit_agent_name) == (2, "front-desk")
    shown = await transport.send(agents.get_agent(agent_id))
    assert shown.data == changed.data

    versions = await transport.send(agents.list_versions(agent_id))
    assert [version.version for version in versions.data.versions] == [2, 1]
    first = await transport.send(agents.get_version(agent_id, 1))
    assert first.data.published_at == published.data.published_at

    copied = await transport.send(agents.duplicate_agent(agent_id, "Back office"))
    assert (copied.data.agent_name, copied.data.version) == ("Back office", 1)
    listed = await transport.send(agents.list_agents(agents.AgentQuery(names=("BACK",))))
    assert [agent.agent_id for agent in listed.data.agents] == [copied.data.agent_id]

    await transport.send(numbers.create_number(NewNumber(a_number(), inbound_agent_id=agent_id)))
    with pytest.raises(RefusedError) as refused:
        await transport.send(agents.delete_agent(agent_id))
    assert refused.value.code == "agent.in_use"
    deleted = await transport.send(agents.delete_agent(agent_id, unbinds=True))
    assert deleted.data.agent_id == agent_id


async def test_a_key_pair_lives_its_life(
    server: RunningServer, caller: Caller, transport: Transport
) -> None:
    organization_id = caller.organization_id
    new = api_keys.NewAPIKey(name="CRM", scopes=["numbers:read"])
    made = (await transport.send(api_keys.create_api_key(organization_id, new))).data
    async with open_transport(Server(server.url, made.api_key, made.api_secret)) as crm:
        assert (await crm.send(numbers.list_available_numbers())).data.available_count == 0
        with pytest.raises(RefusedError, match="numbers:write"):
            await crm.send(numbers.create_number(NewNumber(a_number())))

    rotation = api_keys.Rotation(grace_seconds=0)
    request = api_keys.rotate_api_key(organization_id, made.api_key_id, rotation)
    rotated = (await transport.send(request)).data
    assert rotated.api_secret != made.api_secret

    await transport.send(api_keys.revoke_api_key(organization_id, made.api_key_id))
    listed = (await transport.send(api_keys.list_api_keys(organization_id))).data
    assert [key.status for key in listed.api_keys] == ["ACTIVE", "REVOKED"]


async def test_every_page_of_a_list_is_read_once(transport: Transport) -> None:
    registered = [a_number() for _ in range(7)]
    for number in registered:
        await transport.send(numbers.create_number(NewNumber(number)))
    query = NumberQuery(limit=3, sort_by="phone_number", sort_order="ascending")
    pages = [
        [number.phone_number for number in page.data.phone_numbers]
        async for page in every_page(transport, lambda page: numbers.list_numbers(query, page))
    ]
    assert pages == [registered[:3], registered[3:6], registered[6:]]


async def test_an_empty_list_has_one_page(transport: Transport) -> None:
    query = agents.AgentQuery()
    pages = [
        page.data.agents
        async for page in every_page(transport, lambda page: agents.list_agents(query, page))
    ]
    assert pages == [[]]


async def test_what_is_looked_for_arrives_as_it_was_written(transport: Transport) -> None:
    nickname = "50% off & more = a+b? #1 ünïcode"
    await transport.send(numbers.create_number(NewNumber(a_number(), nickname=nickname)))
    await transport.send(numbers.create_number(NewNumber(a_number(), nickname="50")))
    query = NumberQuery(nickname="% off & more = a+b? #1 ünï")
    listed = await transport.send(numbers.list_numbers(query))
    assert [number.nickname for number in listed.data.phone_numbers] == [nickname]


async def test_a_refusal_carries_all_that_the_server_tells(transport: Transport) -> None:
    number = a_number()
    with pytest.raises(RefusedError) as refused:
        await transport.send(numbers.get_number(number))
    error = refused.value
    assert (error.status, error.code) == (404, "phone_number.not_found")
    assert error.message == "Phone number not found"
    assert number in error.error
    assert error.request_id.startswith("req_")
    assert not error.may_have_happened


async def test_a_create_whose_answer_is_lost_is_sent_again_and_happens_once(
    server: RunningServer, caller: Caller
) -> None:
    number = a_number()
    async with (
        lossy_wire(server.url, lost=2) as wire,
        open_transport(server_of(caller, wire.url), IMPATIENT) as transport,
    ):
        answer = await transport.send(numbers.create_number(NewNumber(number)))
    assert answer.is_replay
    assert wire.passed_on == 3
    assert [change["action"] for change in caller.history(number)] == ["created"]


async def test_a_create_whose_answers_are_all_lost_may_have_happened(
    server: RunningServer, caller: Caller
) -> None:
    number = a_number()
    request = numbers.create_number(NewNumber(number))
    async with (
        lossy_wire(server.url, lost=99) as wire,
        open_transport(server_of(caller, wire.url), IMPATIENT) as transport,
    ):
        with pytest.raises(UnreachableError) as failed:
            await transport.send(request)
    assert failed.value.may_have_happened
    assert wire.passed_on == IMPATIENT.tries
    async with open_transport(server_of(caller, server.url)) as transport:
        repeated = numbers.create_number(NewNumber(number), request.idempotency_key)
        assert (await transport.send(repeated)).is_replay


async def test_a_change_whose_answer_is_lost_is_not_sent_again(
    server: RunningServer, caller: Caller
) -> None:
    number = a_number()
    caller.create(number)
    async with (
        lossy_wire(server.url, lost=1) as wire,
        open_transport(server_of(caller, wire.url), IMPATIENT) as transport,
    ):
        with pytest.raises(UnreachableError) as failed:
            await transport.send(numbers.update_number(number, NumberChanges(nickname="x")))
    assert (failed.value.may_have_happened, wire.passed_on) == (True, 1)


async def test_a_server_that_is_away_for_a_moment_is_asked_again_under_the_same_key() -> None:
    failure: dict[str, Any] = {
        "message": "Temporarily unavailable",
        "status": "error",
        "error": "The database is away",
        "code": "database.unavailable",
        "request_id": "req_1",
    }
    away = an_answer("503 Service Unavailable", json.dumps(failure).encode(), "Retry-After: 0")
    data = {"organization_id": "org_1", "available_count": 0, "phone_numbers": []}
    good = an_answer("200 OK", json.dumps({"message": "ok", "data": data}).encode())
    async with scripted_server(away, away, good) as scripted:
        await send_to(scripted.url, numbers.list_available_numbers())
    assert len(scripted.requests) == 3
    async with scripted_server(away, away, away) as scripted:
        with pytest.raises(RefusedError, match="The database is away"):
            await send_to(scripted.url, numbers.create_number(NewNumber("+14157774444"), "a-key"))
    keys = [request.count(b"Idempotency-Key: a-key") for request in scripted.requests]
    assert keys == [1, 1, 1]


async def test_a_silent_server_is_given_up() -> None:
    async with scripted_server() as scripted:
        with pytest.raises(DeadlineError) as failed:
            await send_to(scripted.url, numbers.delete_number("+14157774444"), SILENT)
    assert failed.value.may_have_happened


async def test_a_port_where_nothing_listens_is_unreachable_and_nothing_was_done() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match="Connection refused") as failed:
        await send_to(f"http://127.0.0.1:{port}", numbers.delete_number("+14157774444"))
    assert not failed.value.may_have_happened


async def test_a_server_without_tls_is_named_as_such(server: RunningServer) -> None:
    url = server.url.replace("http://", "https://")
    with pytest.raises(UnreachableError, match="does not speak TLS"):
        await send_to(url, numbers.list_available_numbers())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (an_answer("200 OK", b"<html>", "Content-Type: text/html"), "status 200, text/html"),
        (an_answer("502 Bad Gateway", b"bad", "Content-Type: text/plain"), "status 502, text/pla"),
        (an_answer("200 OK", b'{"message": "ok"}'), "missing required field `data`"),
        (an_answer("200 OK", b'{"message": "ok", "data": {}}'), "missing required field `avail"),
        (an_answer("404 Not Found", b"{}"), "missing required field"),
        (an_answer("200 OK", b"\xff"), "status 200, no content type"),
        (an_answer("200 OK", b'{"message": "ok", "data": ' + ENDLESS), "nested too deep"),
        (an_answer("500 Oh no", b'{"x": ' + ENDLESS), "status 500, JSON that is nested too deep"),
    ],
)
async def test_an_answer_that_is_not_the_apis_is_told_apart(answer: bytes, reason: str) -> None:
    async with scripted_server(answer) as scripted:
        with pytest.raises(ForeignAnswerError, match=reason):
            await send_to(scripted.url, numbers.list_available_numbers())


async def test_an_endless_answer_is_not_taken_for_a_simulated_livekit_s() -> None:
    answer = an_answer("200 OK", b'{"x": ' + ENDLESS)
    async with scripted_server(answer) as scripted, open_simulation(scripted.url) as simulation:
        with pytest.raises(SimulationError, match="no simulated LiveKit of this version"):
            await simulation.place_call("+14155550100", "+12125550100", "127.0.0.1")


async def test_a_redirect_is_not_followed_with_the_key_pair() -> None:
    async with scripted_server() as elsewhere:
        moved = an_answer("307 Temporary Redirect", b"", f"Location: {elsewhere.url}/")
        async with scripted_server(moved) as scripted:
            with pytest.raises(ForeignAnswerError, match="status 307"):
                await send_to(scripted.url, numbers.list_available_numbers())
    assert elsewhere.requests == []


async def test_a_base_url_may_have_a_path_of_a_proxy() -> None:
    async with scripted_server(an_answer("200 OK", b"")) as scripted:
        with pytest.raises(ForeignAnswerError):
            await send_to(f"{scripted.url}/switchboard/", agents.get_agent(a_name()))
    assert scripted.requests[0].startswith(b"GET /switchboard/api/agents/agent_")
