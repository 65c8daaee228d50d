"""How a process is told to stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

LONGEST_STOP_S = 9
"""After this time a process that was told to stop ends, whatever still hangs: a database that does
not answer must not keep it. What was acknowledged is on disk, so nothing is lost."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _end() -> None:
    log.warning("stop_cut_short", seconds=LONGEST_STOP_S)
    os._exit(os.EX_OK)


def end_when_told() -> None:
    """Let SIGINT and SIGTERM end the process as :func:`stop_signal` does, while nothing has begun.

    That takes over once there is a loop; what is imported until then takes a while.
    """
    for number in SIGNALS:
        signal.signal(number, _end_at_once)


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    os._exit(os.EX_OK)


@contextmanager
def stop_signal() -> Iterator[asyncio.Event]:
    """Yield an event that SIGINT and SIGTERM set, in place of ending the process.

    A second SIGINT ends it at once, for the person who does not want to wait.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def told(number: signal.Signals) -> None:
        if stop.is_set() and number is signal.SIGINT:
            loop.remove_signal_handler(number)
        if not stop.is_set():
            backstop = threading.Timer(LONGEST_STOP_S, _end)
            backstop.daemon = True
            backstop.start()
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, told, number)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
