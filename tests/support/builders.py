"""Things that tests are about, each different from all others of the run."""

import itertools

_serial = itertools.count(1)


def a_number(area_code: int = 415) -> str:
    """Return a +1 number that no other test of this process uses."""
    return f"+1{area_code}{next(_serial):07d}"


def a_foreign_number() -> str:
    """Return a number outside +1 (a German one) that no other test of this process uses."""
    return f"+4930{next(_serial):08d}"


def a_name(prefix: str = "agent") -> str:
    """Return a name that nobody else has: of an agent, or a nickname."""
    return f"{prefix}_{next(_serial)}"
