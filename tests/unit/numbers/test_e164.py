"""A number is taken if and only if libphonenumber would dial it as it is written."""

import re

import phonenumbers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, ValidationResult

from cordboard.numbers.e164 import E164, area_code, checked_e164, pretty
from cordboard.runtime.errors import InvalidError

FORM = re.compile(r"\+[1-9][0-9]{6,14}")
COUNTRY_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def is_dialled_as_written(text: str) -> bool:
    """The rule itself, spelt out without any short cut."""
    if not FORM.fullmatch(text):
        return False
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return False
    if phonenumbers.format_number(parsed, PhoneNumberFormat.E164) != text:
        return False
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if text.startswith("+1") and text[2] not in "23456789":
        return False
    return reason == ValidationResult.IS_POSSIBLE


def is_taken(text: str) -> bool:
    try:
        return checked_e164(text) == text
    except InvalidError:
        return False


def example_numbers() -> list[str]:
    """Return a number of every kind that libphonenumber knows, for every region."""
    found = set()
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in phonenumbers.PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found.add(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number is not None:
            found.add(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    return sorted(found)


EXAMPLES = example_numbers()
DIGITS = st.text("0123456789", max_size=16)
RANDOM = st.builds("+{}{}".format, st.sampled_from(COUNTRY_CODES), DIGITS)
NORTH_AMERICAN = st.builds("+1{}".format, st.text("0123456789", min_size=9, max_size=11))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real number with a digit too many, too few or changed, mostly behind the country code."""
    text = draw(st.sampled_from(EXAMPLES))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(1, min(len(text), 6)) | st.integers(1, len(text)))
        insert = draw(
            st.sampled_from(["", "0", "1", "8", "00"]) | st.text("0123456789", max_size=2)
        )
        text = text[:place] + insert + text[place + draw(st.integers(0, 1)) :]
    return text


@settings(max_examples=3000)
@given(mutated() | RANDOM | NORTH_AMERICAN)
@example("+4402071838750")
@example("+11415777444")
@example("+5491112345678")
@example("+5215512345678")
@example("+390612345678")
def test_a_number_is_taken_if_and_only_if_libphonenumber_dials_it_as_written(text: str) -> None:
    assert is_taken(text) == is_dialled_as_written(text)


@settings(max_examples=1000)
@given(st.text(max_size=20) | st.from_regex(r"\A\+?[\d ().\-]{5,20}\Z"))
def test_text_that_has_not_the_form_is_never_taken(text: str) -> None:
    assert is_taken(text) == is_dialled_as_written(text)
    if not FORM.fullmatch(text):
        assert not is_taken(text)


@settings(max_examples=1000)
@given(st.integers(2_000_000_000, 9_999_999_999))
def test_every_ten_digits_that_begin_with_two_to_nine_are_a_number_of_plus_one(n: int) -> None:
    number = f"+1{n}"
    assert is_dialled_as_written(number)
    assert is_taken(number)
    national = phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.NATIONAL)
    assert pretty(E164(number)) == f"+1 {national}"
    assert area_code(E164(number)) == n // 10_000_000


def test_a_number_of_every_kind_and_region_is_judged_as_libphonenumber_does() -> None:
    assert [n for n in EXAMPLES if is_taken(n) != is_dialled_as_written(n)] == []


def test_a_number_outside_north_america_is_written_as_its_country_does_without_area_code() -> None:
    abroad = [E164(n) for n in EXAMPLES if is_taken(n) and not n.startswith("+1")]
    for number in abroad:
        parsed = phonenumbers.parse(number)
        written = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
        assert (pretty(number), area_code(number)) == (written, None)
    differently = [n for n in abroad if re.sub(r"\D", "", pretty(n)) != n[1:]]
    assert differently == []


def test_nearly_every_example_of_libphonenumber_is_taken() -> None:
    refused = [number for number in EXAMPLES if not is_taken(number)]
    assert len(refused) < len(EXAMPLES) / 100, refused
