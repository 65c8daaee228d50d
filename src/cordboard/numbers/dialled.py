"""From what a carrier puts into the To header to the numbers that it can mean.

Carriers send the same number as ``+14155550100``, ``14155550100``, ``0014155550100``,
``4155550100``, with URI parameters, separators or a trunk prefix in parentheses. Nothing is
guessed beyond that: each possible meaning is named together with how it came about, and whether
one of them is registered is somebody else's question.
"""

import re
import unicodedata
from urllib.parse import unquote

import msgspec
import phonenumbers

from cordboard.numbers.e164 import E164, checked_e164
from cordboard.runtime.errors import InvalidError

LONGEST_DIALLED = 256
NORTH_AMERICAN_LENGTH = 10

_SCHEME = re.compile(r"^(?:sips?|tel):", re.IGNORECASE)
_CONTEXT = re.compile(r"^phone-context=(\+[0-9.\-() ]+)$", re.IGNORECASE)
_TRUNK_PREFIX = re.compile(r"\(\s*0\s*\)")
_SEPARATORS = re.compile(r"[\s.()/\-\u2010-\u2015]")
_DIGITS = re.compile(r"\+?[0-9]+")


class Meaning(msgspec.Struct, frozen=True):
    """A number that a dialled string can stand for.

    Attributes:
        phone_number: The number in E.164.
        how: How the string was read: ``as given``, ``plus added``, ``prefix 00``, ``prefix 011``,
            ``phone-context``, ``national form of +1``, or ``national form of DE`` (any region).
    """

    phone_number: E164
    how: str


class Dialled(msgspec.Struct, frozen=True):
    """A dialled string, taken apart.

    Attributes:
        user: The user part without scheme, host, parameters and white space: what an explicit
            alias is compared with.
        meanings: The numbers it can stand for, the likeliest first; empty for a name.
    """

    user: str
    meanings: tuple[Meaning, ...]


def read_dialled(text: str, region: str | None = None) -> Dialled:
    """Take a dialled string apart.

    Args:
        text: The user part of the To header, or a whole ``sip:`` or ``tel:`` URI (RFC 3261, section
            19.1, RFC 3966), as the carrier sent it.
        region: The ISO 3166-1 alpha-2 region whose national forms the carrier may send, or None.
    """
    user, context = _user_part(text[:LONGEST_DIALLED])
    digits = _SEPARATORS.sub("", _TRUNK_PREFIX.sub("", user))
    if not _DIGITS.fullmatch(digits):
        return Dialled(user, ())
    found: list[Meaning] = []
    for candidate, how in _readings(digits, context, region):
        number = _possible(candidate)
        if number is not None and number not in {meaning.phone_number for meaning in found}:
            found.append(Meaning(number, how))
    return Dialled(user, tuple(found))


def _user_part(text: str) -> tuple[str, str | None]:
    """Return the user part, and the global prefix that a ``phone-context`` gives."""
    text = unicodedata.normalize("NFKC", text).strip()
    if "<" in text:
        text = text.partition("<")[2].partition(">")[0].strip()
    text = _SCHEME.sub("", text)
    user, _, after = text.partition("@")
    parameters = [*user.split(";")[1:], *after.split(";")[1:]]
    user = unquote(user.partition(";")[0]).partition(":")[0].strip()
    for parameter in parameters:
        if found := _CONTEXT.match(unquote(parameter).strip()):
            return user, _SEPARATORS.sub("", found[1])
    return user, None


def _readings(digits: str, context: str | None, region: str | None) -> list[tuple[str, str]]:
    """Return candidates for E.164 with how each was read, the likeliest first."""
    if digits.startswith("+"):
        return [(digits, "as given")]
    readings: list[tuple[str, str]] = []
    if context is not None:
        readings.append((context + digits, "phone-context"))
    if digits.startswith("00"):
        readings.append(("+" + digits[2:], "prefix 00"))
    elif digits.startswith("011"):
        readings.append(("+" + digits[3:], "prefix 011"))
    if region is not None and (national := _national(digits, region)):
        readings.append((national, f"national form of {region}"))
    readings.append(("+" + digits, "plus added"))
    if region is None and len(digits) == NORTH_AMERICAN_LENGTH:
        readings.append(("+1" + digits, "national form of +1"))
    return readings


def _national(digits: str, region: str) -> str | None:
    """Return what the digits mean when dialled inside a region; None when they mean nothing."""
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(parsed, region):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _possible(candidate: str) -> E164 | None:
    try:
        return checked_e164(candidate, "to")
    except InvalidError:
        return None
