"""How a process is told to stop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, told, number)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
