"""Calls between LiveKit's programs over Redis: one side asks, the other claims, is let, answers.

This is psrpc 0.7 as livekit-server 1.13.5 speaks it. A request that has expired or repeats another
byte for byte is ignored; so is one whose claim nobody has consented to.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio as redis

from tests.e2e.gateway import wire

HOST = "127.0.0.1"
CLAIM_WITHIN_S = 1.0
ANSWER_WITHIN_S = 3.0
CONNECTIONS = 8

Handler = Callable[[bytes], Awaitable[bytes]]


class BusError(Exception):
    """Nobody answered, or the answer is an error.

    ``code`` is a Twirp code, ``status`` a serialised ``livekit.SIPStatus`` where there was one.
    """

    def __init__(self, code: str, message: str, status: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Bus:
    """A place on the bus, from which others are asked and where they may ask."""

    def __init__(self, port: int) -> None:
        pool = redis.BlockingConnectionPool(host=HOST, port=port, max_connections=CONNECTIONS)
        self._redis = redis.Redis.from_pool(pool)
        self._id = f"CLI_{uuid.uuid4().hex[:12]}"
        self._waiting: dict[str, asyncio.Queue[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def flush(self) -> None:
        """Empty Redis, as a restart without persistence does."""
        await self._redis.flushall()

    async def channels(self, pattern: str) -> list[str]:
        """Return the channels on which somebody listens."""
        found = await self._redis.pubsub_channels(pattern)
        return [name.decode() for name in found if isinstance(name, bytes)]

    async def listen(self, service: str) -> None:
        """Take the answers of a service from now on."""
        channels = [f"{service}|{self._id}|RES", f"{service}|{self._id}|CLAIM"]
        await self._subscribe(channels, self._sort)

    async def ask(self, service: str, method: str, request: Any) -> bytes:  # noqa: ANN401 - any request of the wire
        """Return what a method of another program answers.

        Raises:
            BusError: It answers with an error, or nobody answers.
        """
        request_id, now = f"REQ_{uuid.uuid4().hex[:12]}", time.time_ns()
        answers: asyncio.Queue[Any] = asyncio.Queue()
        self._waiting[request_id] = answers
        message = wire.Request(
            request_id=request_id,
            client_id=self._id,
            sent_at=now,
            expiry=now + int(ANSWER_WITHIN_S * 1e9),
            raw_request=request.SerializeToString(),
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._publish(f"{service}|{method}|REQ", message)
                answer = await answers.get()
                if isinstance(answer, wire.ClaimRequest):
                    consent = wire.ClaimResponse(request_id=request_id, server_id=answer.server_id)
                    await self._publish(f"{service}|{method}|RCLAIM", consent)
                    answer = await answers.get()
        except TimeoutError as error:
            raise BusError("unavailable", f"nobody answers {service}.{method}") from error
        finally:
            del self._waiting[request_id]
        if answer.error:
            raise BusError(answer.code, answer.error)
        raw: bytes = answer.raw_response
        return raw

    async def serve(self, service: str, method: str, handler: Handler) -> None:
        """Answer a method from now on; a handler raises BusError for an error."""
        place = f"{service}|{method}"
        consents: dict[str, asyncio.Future[str]] = {}

        def take(message: Any) -> None:  # noqa: ANN401 - any message of the envelope
            if isinstance(message, wire.Request):
                consents[message.request_id] = asyncio.get_running_loop().create_future()
                self._start(self._answer(service, handler, message, consents[message.request_id]))
            elif (consent := consents.pop(message.request_id, None)) is not None:
                consent.set_result(message.server_id)

        await self._subscribe([f"{place}|REQ", f"{place}|RCLAIM"], take)

    async def _answer(
        self,
        service: str,
        handler: Handler,
        asked: Any,  # noqa: ANN401 - a request of the wire
        consent: asyncio.Future[str],
    ) -> None:
        if asked.expiry < time.time_ns():
            return
        names = {"request_id": asked.request_id, "server_id": self._id}
        claim = wire.ClaimRequest(**names, affinity=1.0)
        await self._publish(f"{service}|{asked.client_id}|CLAIM", claim)
        if await consent != self._id:
            return
        answer = wire.Response(**names)
        try:
            answer.raw_response = await handler(asked.raw_request)
        except BusError as error:
            answer.error, answer.code = str(error), error.code
            if error.status:
                kind = "type.googleapis.com/livekit.SIPStatus"
                answer.error_details.add(type_url=kind, value=error.status)
        answer.sent_at = time.time_ns()
        await self._publish(f"{service}|{asked.client_id}|RES", answer)

    async def _subscribe(self, channels: list[str], take: Callable[[Any], None]) -> None:
        subscription = self._redis.pubsub()
        await subscription.subscribe(*channels)
        for _ in channels:
            # What is published before the subscription is confirmed would be lost.
            await subscription.get_message(timeout=ANSWER_WITHIN_S)
        self._start(self._read(subscription, take))

    async def _read(self, subscription: Any, take: Callable[[Any], None]) -> None:  # noqa: ANN401 - redis types it not
        try:
            async for published in subscription.listen():
                take(wire.unwrapped(published["data"]))
        finally:
            await subscription.aclose()

    def _sort(self, message: Any) -> None:  # noqa: ANN401 - any message of the envelope
        if (queue := self._waiting.get(message.request_id)) is not None:
            queue.put_nowait(message)

    async def _publish(self, channel: str, message: Any) -> None:  # noqa: ANN401 - any message of the wire
        await self._redis.publish(channel, wire.wrapped(message))

    def _start(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Leave the bus."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._redis.aclose()


@asynccontextmanager
async def opened_bus(port: int) -> AsyncIterator[Bus]:
    """Open a place on the bus of a Redis for the time of a block."""
    bus = Bus(port)
    try:
        yield bus
    finally:
        await bus.aclose()
