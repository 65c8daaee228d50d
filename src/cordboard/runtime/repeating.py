"""Work that is done again and again in the background, and survives its own failures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import msgspec
import structlog

from cordboard.runtime.errors import DomainError
from cordboard.runtime.telemetry.metrics import WORK_FAILURES

log = structlog.get_logger(__name__)

SAID_AGAIN_AFTER_S = 10


class Work(msgspec.Struct, frozen=True):
    """Something to do every so often.

    Attributes:
        name: What the log and the metrics call it; the set of names is closed.
        run: Does it once. Asking twice is safe, and being cancelled in the middle is too.
        every_s: Seconds from the end of one turn to the begin of the next.
    """

    name: str
    run: Callable[[], Awaitable[object]]
    every_s: float


@asynccontextmanager
async def repeated(*works: Work) -> AsyncIterator[None]:
    """Do each work again and again for the time of a block; what is under way is cancelled then."""
    tasks = [asyncio.create_task(_repeat(work), name=work.name) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(work: Work) -> None:
    """Work, for ever: the worker loop, one of the places that may catch everything.

    A turn that fails is counted and logged; the next one comes as if nothing had been.
    """
    news = _News()
    while True:
        try:
            await work.run()
            news.forget()
        except DomainError as error:
            WORK_FAILURES.labels(work.name).inc()
            if news.is_new(error.code):
                log.warning("work_failed", work=work.name, code=error.code, reason=error.detail)
        except Exception as error:
            WORK_FAILURES.labels(work.name).inc()
            if news.is_new(repr(error)):
                log.exception("work_failed", work=work.name, exc_info=error)
        await asyncio.sleep(work.every_s)


class _News:
    """Tells a failure that is new from one that goes on, which is said every so often.

    Some work is done ten times a second: a database that is away for a night would fill the disk
    with one line.
    """

    def __init__(self) -> None:
        self._said = ""
        self._said_s = 0.0

    def forget(self) -> None:
        self._said = ""

    def is_new(self, what: str) -> bool:
        now_s = monotonic()
        if what == self._said and now_s - self._said_s < SAID_AGAIN_AFTER_S:
            return False
        self._said, self._said_s = what, now_s
        return True
