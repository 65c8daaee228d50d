"""What keeps the event loop free for calls while threads beside it are busy."""

import gc
import sys
import time

TURN_S = 0.001
"""How long a thread computes before the event loop gets its turn; Python's own are 5 ms."""

INSTANT_S = 0.000_02
"""Long enough to be a wait at all; the system makes some 0.1 ms of it."""


def keep_responsive() -> None:
    """Set up the interpreter of a server, once everything that stays is there.

    Modules and what else was made at the start is not looked at by the garbage collector any more:
    it never goes, and looking through all of it holds the event loop for 30 ms.
    """
    sys.setswitchinterval(TURN_S)
    gc.collect()
    gc.freeze()


def give_way() -> None:
    """Let the event loop have its turn; for a thread beside it, every millisecond at least.

    For what gives the interpreter lock away and takes it back all the time, as SQLite does for each
    row: it has it back before the event loop has woken, whose wait begins anew each time, so that
    Python never takes the lock from the thread. What computes without a pause needs no such thing.
    """
    time.sleep(INSTANT_S)
