"""Time in the simulated LiveKit: faster than the wall clock when a test wants it so."""

import asyncio
import time
from collections.abc import Callable, Coroutine


class Pace:
    """How fast simulated time passes, and what goes on in it."""

    def __init__(self, speed: float) -> None:
        """Let ``speed`` simulated seconds pass in one."""
        self.speed = speed
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    def elapsed_s(self, since: float = 0.0) -> float:
        """Return the simulated seconds since another answer of this method."""
        return time.monotonic() * self.speed - since

    async def sleep(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        await asyncio.sleep(seconds / self.speed)

    def later(self, seconds: float, what: Callable[[], object]) -> asyncio.TimerHandle:
        """Do something when simulated seconds have passed."""
        return asyncio.get_running_loop().call_later(seconds / self.speed, what)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """Limit a block to simulated seconds; None: for ever."""
        return asyncio.timeout(None if seconds is None else seconds / self.speed)

    def start(self, what: Coroutine[object, object, None]) -> None:
        """Let something go on beside the rest until it ends or the simulation does."""
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def stop(self) -> None:
        """End what goes on.

        Raises:
            BaseExceptionGroup: Something had failed: the simulation is wrong.
        """
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._failures:
            raise BaseExceptionGroup("the simulation failed", self._failures)
