"""What a slow or hostile client may hold: each bound, at times that the test sets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cordboard.edge.api.connections import LONGEST_S, Phase
from cordboard.edge.api.reading import LARGEST_HEAD
from tests.support.connected import Connect, connecting_to

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
TWO_BYTES = [(b"content-length", b"2")]
LARGE = b"x" * 8_000_000


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    """Read the body, work as long as the path says, answer much or little, or before its end."""
    if scope["path"] == "/deaf":
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": TWO_BYTES})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    if scope["path"] == "/early":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"so far", "more_body": True})
    while (await receive()).get("more_body"):
        pass
    if scope["path"] == "/work":
        await asyncio.sleep(3600)
    body = LARGE if scope["path"] == "/large" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open connections to a server in this process."""
    async with connecting_to(app) as connected:
        yield connected


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:"], ids=["nothing", "half"])
async def test_a_head_must_come_in_time(connect: Connect, sent: bytes) -> None:
    late, in_time = await connect(), await connect()
    for one in (late, in_time):
        await one.send(sent)
    assert late.is_cut_off_after(LONGEST_S[Phase.HEAD] + 1)
    assert not in_time.is_cut_off_after(LONGEST_S[Phase.HEAD] - 1)
    assert await late.receive() == b""


async def test_a_body_must_come_in_time(connect: Connect) -> None:
    late, in_time = await connect(), await connect()
    for one in (late, in_time):
        await one.send(HEAD + b"12")
        await one.phase_becomes(Phase.BODY)
    assert late.is_cut_off_after(LONGEST_S[Phase.BODY] + 1)
    assert not in_time.is_cut_off_after(LONGEST_S[Phase.BODY] - 1)
    await in_time.send(b"345")
    await in_time.phase_becomes(Phase.IDLE)


async def test_an_answer_must_be_read_in_time(connect: Connect) -> None:
    late = await connect()
    await late.send(HEAD.replace(b" / ", b" /large ") + b"12345")
    await late.phase_becomes(Phase.READER)
    assert not late.is_cut_off_after(LONGEST_S[Phase.READER] - 1)
    assert late.is_cut_off_after(LONGEST_S[Phase.READER] + 1)
    assert len(await late.receive()) < len(LARGE)


async def test_work_of_ours_is_never_cut_off(connect: Connect) -> None:
    patient = await connect()
    await patient.send(HEAD.replace(b" / ", b" /work ") + b"12345")
    await patient.phase_becomes(Phase.WORK)
    assert not patient.is_cut_off_after(100_000)


async def test_each_request_has_its_own_time(connect: Connect) -> None:
    busy = await connect()
    now_s = busy.loop.time()
    for _ in range(5):
        await busy.send(HEAD)
        await busy.phase_becomes(Phase.BODY)
        busy.connection.cut_off_if_late(now_s)
        now_s += LONGEST_S[Phase.BODY] - 1
        busy.connection.cut_off_if_late(now_s)
        await busy.send(b"12345")
        await busy.phase_becomes(Phase.IDLE)
        assert not busy.connection.transport.is_closing()


async def test_a_connection_rests_though_the_body_came_after_the_answer(connect: Connect) -> None:
    frank = await connect()
    for _ in range(2):
        await frank.arrive(HEAD.replace(b" / ", b" /deaf "))
        await frank.phase_becomes(Phase.IDLE)
        await frank.arrive(b"123")
        assert frank.connection.phase() is Phase.BODY
        assert not frank.is_cut_off_after(LONGEST_S[Phase.BODY] - 1)
        await frank.arrive(b"45")
        assert frank.connection.phase() is Phase.IDLE
        assert not frank.is_cut_off_after(100_000)
    # The next request ends the pause, though its head came with the rest of that body.
    await frank.arrive(HEAD.replace(b" / ", b" /deaf "))
    await frank.phase_becomes(Phase.IDLE)
    await frank.arrive(b"12345" + HEAD.replace(b" / ", b" /work ") + b"12345")
    assert frank.connection.phase() is Phase.WORK
    assert frank.connection.timeout_keep_alive_task is None


async def test_the_rest_of_an_answered_body_must_come_in_time(connect: Connect) -> None:
    late = await connect()
    await late.arrive(HEAD.replace(b" / ", b" /deaf "))
    await late.phase_becomes(Phase.IDLE)
    await late.arrive(b"123")
    assert late.is_cut_off_after(LONGEST_S[Phase.BODY] + 1)


async def test_a_head_that_is_too_large_is_refused(connect: Connect) -> None:
    greedy = await connect()
    await greedy.send(b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * (LARGEST_HEAD + 1))
    assert (await greedy.receive()).startswith(b"HTTP/1.1 431 ")


async def test_many_heads_of_ordinary_size_are_taken(connect: Connect) -> None:
    chatty = await connect()
    header = b"A: " + b"x" * 20_000 + b"\r\n"
    for _ in range(10):
        await chatty.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n")
        while b"ok" not in await chatty.loop.sock_recv(chatty.client, 65536):
            pass
    assert not chatty.connection.transport.is_closing()


async def test_what_is_half_answered_is_never_followed_by_a_refusal(connect: Connect) -> None:
    eager = await connect()
    chunked = HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    await eager.send(chunked.replace(b" / ", b" /early "))
    await eager.phase_becomes(Phase.BODY)
    answer = b""
    while b"so far" not in answer:
        answer += await eager.loop.sock_recv(eager.client, 65536)
    await eager.send(b"no length\r\n")
    assert await eager.receive() == b""


async def test_a_request_at_work_answers_for_itself_though_its_body_breaks(
    connect: Connect,
) -> None:
    careless = await connect()
    chunked = HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    await careless.arrive(chunked.replace(b" / ", b" /deaf "), b"no length\r\n")
    assert careless.connection.phase() is Phase.WORK
    answer = await careless.receive()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close\r\n" in answer


async def test_an_answer_is_the_last_word_when_the_rest_of_the_body_breaks(
    connect: Connect,
) -> None:
    careless = await connect()
    chunked = HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    await careless.send(chunked.replace(b" / ", b" /deaf "))
    await careless.phase_becomes(Phase.IDLE)
    await careless.send(b"no length\r\n")
    assert (await careless.receive()).count(b"HTTP/1.1 ") == 1
