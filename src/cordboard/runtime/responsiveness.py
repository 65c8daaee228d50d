"""What keeps the event loop free for calls while threads beside it are busy."""

import gc
import sys

TURN_S = 0.001
"""How long a thread computes before the event loop gets its turn; Python's own are 5 ms."""


def keep_responsive() -> None:
    """Set up the interpreter of a server, once everything that stays is there.

    Modules and what else was made at the start is not looked at by the garbage collector any more:
    it never goes, and looking through all of it holds the event loop for 30 ms.
    """
    sys.setswitchinterval(TURN_S)
    gc.collect()
    gc.freeze()
