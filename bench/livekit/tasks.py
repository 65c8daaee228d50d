"""What the processes of this package are asked, and what they answer."""

import msgspec


class Ready(msgspec.Struct, frozen=True):
    """A LiveKit that answers."""

    url: str


class Calls(msgspec.Struct, frozen=True):
    """Create numbers and call each at once, then lose everything and watch it come back.

    Attributes:
        headers: The key pair.
        every_s: The pause between two creates.
    """

    port: int
    headers: dict[str, str]
    count: int
    every_s: float


class Called(msgspec.Struct, frozen=True):
    """What came of the calls.

    Attributes:
        answered: Calls that their number's agent answered, by way of the catch-all.
        by_own_pair: Calls that came after the own pair was there already, and met it.
        answered_ms: From the create's answer to the agent's voice.
        ready_ms: From the create's answer to ``livekit_status`` ready.
        catch_all_s, rebuilt_s: From the loss of everything to the catch-all, and to all pairs.
    """

    answered: int
    by_own_pair: int
    answered_ms: list[float]
    ready_ms: list[float]
    catch_all_s: float
    rebuilt_s: float


class Ringing(msgspec.Struct, frozen=True):
    """Send the events of calls at a rate, and note when their agents are sent for."""

    port: int
    numbers: list[str]
    calls: int
    per_second: float


class Rung(msgspec.Struct, frozen=True):
    """From the first byte of an event to CreateDispatch, call by call, in milliseconds.

    Attributes:
        failed: Calls nobody was sent for, or more than one.
        own_cpu: The share of a core that sending and noting took.
        behind_ms: By how much the last event was sent too late.
    """

    dispatched_ms: list[float]
    failed: int
    own_cpu: float
    behind_ms: float


class DecidedRound(msgspec.Struct, frozen=True):
    """How long a decision took in one round, in microseconds.

    Attributes:
        cpu_p99_us: Of the thread's own time, which a busy machine disturbs less.
    """

    p50_us: float
    p99_us: float
    cpu_p50_us: float
    cpu_p99_us: float


class Decided(msgspec.Struct, frozen=True):
    """How decisions went at one estate.

    Attributes:
        rounds: Those of all estates were in the same minutes, so a ratio is taken within each.
        resident_mb: The memory of the process, which had all estates open.
    """

    rounds: list[DecidedRound]
    resident_mb: float


class Ticked(msgspec.Struct, frozen=True):
    """One tick, or one comparison.

    Attributes:
        took_ms, cpu_ms: Of the whole.
        held_ms: The longest time for which the event loop did not run.
        lists: How many listings were asked for.
        repairs: How many pairs are to be put right.
    """

    took_ms: float
    cpu_ms: float
    held_ms: float
    lists: int
    repairs: int


class Ticks(msgspec.Struct, frozen=True):
    """Ticks over one estate, with nothing to do and with everything to do."""

    built_s: float
    quiet: list[Ticked]
    compared_quiet: list[Ticked]
    compared_drifted: list[Ticked]


class Wish(msgspec.Struct, frozen=True):
    """What the double shall do, and its answer: how many listings it was asked for so far."""

    what: str
    lists: int = 0


class Invites(msgspec.Struct, frozen=True):
    """Call numbers in turns, again and again.

    Attributes:
        pairs: How many dedicated numbers LiveKit shall have before.
    """

    numbers: list[str]
    calls: int
    pairs: int = 1


class Invited(msgspec.Struct, frozen=True):
    """How calls to one number went.

    Attributes:
        answered_ms: From the INVITE to the final 200.
        failed: Calls that were not answered, or that had no job of their own.
    """

    answered_ms: list[float]
    failed: int


class InvitedAll(msgspec.Struct, frozen=True):
    """How the calls went, in the order of the numbers."""

    of: list[Invited]


class Case(msgspec.Struct, frozen=True):
    """Call a number a few times at once.

    Attributes:
        hangs_up: Whether callers have had enough once they are answered; else they hold the line.
    """

    number: str
    at_once: int
    hangs_up: bool


class Ladders(msgspec.Struct, frozen=True):
    """What each caller was told, and when: milliseconds since the INVITE."""

    of: list[list[tuple[float, str]]]


class Rescue(msgspec.Struct, frozen=True):
    """Call numbers at once, under a fault.

    Attributes:
        numbers: One for each call: an agent's that has a worker, or nobody's.
        is_deaf: The server hears of no event; else it dies before it has sent for the agents.
    """

    port: int
    numbers: list[str]
    is_deaf: bool


class Held(msgspec.Struct, frozen=True):
    """All agents have been asked for, in vain; in return: the server that asked is dead."""


class Rescued(msgspec.Struct, frozen=True):
    """What came of calls under a fault.

    Attributes:
        rang_s: How long each rang, from the INVITE to the agent's voice or the refusal; who heard
            neither is missing.
    """

    rang_s: list[float]
    answered: int


class Flush(msgspec.Struct, frozen=True):
    """Lose everything of an estate, and watch it come back."""

    numbers: list[str]


class Flushed(msgspec.Struct, frozen=True):
    """How an estate came back.

    Attributes:
        catch_all_s, rebuilt_s: From the loss of everything to the catch-all, and to all pairs.
        looks: How often numbers were looked up between the two, all of them again and again.
        silent: How often one of those did not ring.
        by_own_pair: Numbers that ring their agent without Cordboard in the end.
    """

    catch_all_s: float
    rebuilt_s: float
    looks: int
    silent: int
    by_own_pair: int
