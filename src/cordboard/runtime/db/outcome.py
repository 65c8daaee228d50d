"""What came of something that runs for somebody who waits for it."""

import asyncio
from types import TracebackType
from typing import Any


class Outcome:
    """The outcome of something, and the future that gets it.

    As a context manager it takes whatever is raised inside as the outcome, to be raised again where
    it is waited for.
    """

    __slots__ = ("error", "future", "result")

    def __init__(self, future: asyncio.Future[Any]) -> None:
        """Wait for an outcome; ``future`` belongs to the event loop that asked."""
        self.future = future
        self.forget()

    def forget(self) -> None:
        """Drop what came of it so far."""
        self.result: Any = None
        self.error: BaseException | None = None

    def understood(self, error: BaseException) -> BaseException:
        """Return what is raised again for an error."""
        return error

    def __enter__(self) -> None:
        """Begin the part whose failure is the outcome."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Take the failure, if there was one, as the outcome."""
        if error is not None:
            self.error = self.understood(error)
        return True

    def settle(self) -> None:
        """Hand the outcome to the one who waits, unless that one has gone."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):
            # No future takes one: raised again, it would end the coroutine that waits (PEP 479).
            stopped = RuntimeError("what ran has raised StopIteration")
            stopped.__cause__ = self.error
            self.future.set_exception(stopped)
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)
