"""Many callers at once: each in a thread and on a connection of its own, all let go together."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from tests.support.caller import Caller, Wire
from tests.support.server import HOST, RunningServer

T = TypeVar("T")


def at_once(
    server: RunningServer, callers: Sequence[Caller], act: Callable[[Caller, int], T]
) -> list[T]:
    """Let each caller act at the same moment; return what came of it, in the callers' order.

    Args:
        server: Whom they call.
        callers: One for each act; the same one may stand there many times.
        act: Called with the caller, on a connection of its own, and its place in the order.
    """
    barrier = threading.Barrier(len(callers))

    def one(place: int, caller: Caller) -> T:
        barrier.wait()
        return act(caller, place)

    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(HOST, server.port)) for _ in callers]
        pool = stack.enter_context(ThreadPoolExecutor(len(callers)))
        pairs = zip(callers, wires, strict=True)
        futures = [pool.submit(one, place, c.on(wire)) for place, (c, wire) in enumerate(pairs)]
        return [future.result() for future in futures]
