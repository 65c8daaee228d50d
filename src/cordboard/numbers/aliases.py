"""Aliases of a number: what carriers dial that is the number in no form that is known.

The name of a trunk, an extension, a short code, a national form that carries a trunk prefix. What
can be read as a number, whichever, is no alias: so no alias takes calls away from a number, whether
that is registered already or will be.
"""

import re
from collections.abc import Sequence

from cordboard.numbers.dialled import Dialled, read_dialled
from cordboard.runtime.errors import DomainError, InvalidError, Kind

MOST_ALIASES = 20
LONGEST_ALIAS = 64
ALIAS = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,?/]+")
"""What the user part of a SIP URI may hold without escapes (RFC 3261, section 25.1), less the
semicolon, behind which parameters begin."""


class AliasExistsError(DomainError):
    """The alias leads to a number already, here or in an organization that is not named."""

    kind = Kind.CONFLICT
    code = "alias.exists"
    message = "Alias already exists"

    def __init__(self, alias: str) -> None:
        """Name the alias, not the number that it leads to."""
        super().__init__(f"Alias '{alias}' leads to a phone number already")


def checked_aliases(given: Sequence[str], field: str) -> tuple[str, ...]:
    """Return aliases as they are compared: user parts, in the order given.

    Args:
        given: User parts, or whole ``sip:`` URIs, as a carrier sends them. Upper and lower case are
            different (RFC 3261, section 19.1.4).
        field: What errors call them.

    Raises:
        InvalidError: There are too many, one is there twice, has a wrong form, or can be read as a
            number.
    """
    if len(given) > MOST_ALIASES:
        raise InvalidError(field, "length", f"must have at most {MOST_ALIASES} entries")
    aliases = tuple(_checked(text, f"{field}[{place}]") for place, text in enumerate(given))
    for place, alias in enumerate(aliases):
        if alias in aliases[:place]:
            raise InvalidError(f"{field}[{place}]", "choice", "is there twice")
    return aliases


def _checked(text: str, field: str) -> str:
    read = read_dialled(text)
    if not 1 <= len(read.user) <= LONGEST_ALIAS:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_ALIAS} characters")
    if read.meanings:
        number = read.meanings[0].phone_number
        raise InvalidError(field, "choice", f"can be read as {number}; a number needs no alias")
    if not ALIAS.fullmatch(read.user):
        reason = "may only hold A-Z a-z 0-9 - _ . ! ~ * ' ( ) & = + $ , ? /"
        raise InvalidError(field, "characters", reason)
    return read.user


def alias_in(dialled: Dialled) -> str | None:
    """Return the alias that a dialled string can be, or None where it can be none."""
    user = dialled.user
    return user if len(user) <= LONGEST_ALIAS and ALIAS.fullmatch(user) else None
