"""Phone numbers in E.164 (ITU-T E.164, 11/2010), judged by libphonenumber's metadata."""

import re
from typing import NewType

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from cordboard.runtime.errors import InvalidError

E164 = NewType("E164", str)

_PATTERN = re.compile(r"\+[1-9][0-9]{6,14}")
_NORTH_AMERICA = re.compile(r"\+1[2-9][0-9]{9}")


def is_written_as_e164(text: str) -> bool:
    """Whether ``text`` has the form of E.164, whatever number it names."""
    return _PATTERN.fullmatch(text) is not None


def checked_e164(text: str, field: str = "phone_number") -> E164:
    """Return ``text`` as a number that could be dialled from anywhere.

    It need not be assigned: new and unassigned ranges are accepted, as long as the country's
    numbers can have this length and nothing in it is a national prefix.

    Raises:
        InvalidError: It is not a possible number in E.164 form (``validation.phone_number``).
    """
    if not is_written_as_e164(text):
        raise _refused(
            field,
            "must be E.164: '+', then 7 to 15 digits, the first not 0, and nothing else, "
            "like +14157774444",
        )
    if text.startswith("+1"):
        if not _NORTH_AMERICA.fullmatch(text):
            raise _refused(
                field, "a +1 number has ten digits, and its area code begins with 2 to 9"
            )
        return E164(text)
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise _refused(field, "its country code is not in use") from None
    plain = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if plain != text:
        raise _refused(field, f"holds a national prefix; without it, it would be {plain}")
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise _refused(field, "no number of that country has this length")
    return E164(text)


def _refused(field: str, reason: str) -> InvalidError:
    return InvalidError(field, "phone_number", reason)


def pretty(number: E164) -> str:
    """Write a number for people: ``+1 (415) 777-4444``, elsewhere the international format."""
    if number.startswith("+1"):
        return f"+1 ({number[2:5]}) {number[5:8]}-{number[8:]}"
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)


def area_code(number: E164) -> int | None:
    """Return the three-digit area code of a +1 number, None elsewhere."""
    return int(number[2:5]) if number.startswith("+1") else None
