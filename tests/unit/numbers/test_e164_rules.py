"""Which phone numbers are taken, one by one, and how they are written for people."""

import pytest

from cordboard.numbers.e164 import area_code, checked_e164, pretty
from cordboard.runtime.errors import InvalidError

TAKEN = {
    "+14157774444": ("+1 (415) 777-4444", 415),
    "+12125550100": ("+1 (212) 555-0100", 212),
    "+18005550199": ("+1 (800) 555-0199", 800),
    "+19999999999": ("+1 (999) 999-9999", 999),
    "+12000000000": ("+1 (200) 000-0000", 200),
    "+442079460000": ("+44 20 7946 0000", None),
    "+4930123456": ("+49 30 123456", None),
    "+33123456789": ("+33 1 23 45 67 89", None),
    "+390612345678": ("+39 06 1234 5678", None),
    "+61291234567": ("+61 2 9123 4567", None),
    "+819012345678": ("+81 90-1234-5678", None),
    "+6598765432": ("+65 9876 5432", None),
    "+80012345678": ("+800 1234 5678", None),
}
NOT_E164 = (
    "",
    "+",
    "14157774444",
    "0014157774444",
    "(415) 777-4444",
    "+1 415 777 4444",
    "+1-415-777-4444",
    " +14157774444",
    "+14157774444 ",
    "+14157774444\n",
    "+04157774444",
    "+123456",
    "+1234567890123456",
    "+1415777444a",
    "++14157774444",
    "+14157774444;ext=5",
    "tel:+14157774444",
    "\uff0b14157774444",
    "+1415777444\uff14",
    "+\u0661\u0664\u0661\u0665\u0667\u0667\u0667\u0664\u0664\u0664\u0664",
)
NOT_A_NUMBER = {
    "+1415777444": "ten digits",
    "+141577744445": "ten digits",
    "+10157774444": "begins with 2 to 9",
    "+11157774444": "begins with 2 to 9",
    "+999123456789": "country code is not in use",
    "+210123456789": "country code is not in use",
    "+4402079460000": "national prefix",
    "+490301234567": "national prefix",
    "+4420794600": "length",
    "+659876543": "length",
}


@pytest.mark.parametrize("text", TAKEN)
def test_a_number_is_taken_as_it_is_and_written_for_people(text: str) -> None:
    number = checked_e164(text)
    assert number == text
    assert (pretty(number), area_code(number)) == TAKEN[text]


@pytest.mark.parametrize("text", NOT_E164)
def test_what_is_not_written_as_e164_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="must be E") as caught:
        checked_e164(text, "from_number")
    assert (caught.value.field, caught.value.rule) == ("from_number", "phone_number")


@pytest.mark.parametrize("text", NOT_A_NUMBER)
def test_what_no_country_dials_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(InvalidError, match=NOT_A_NUMBER[text]) as caught:
        checked_e164(text)
    assert caught.value.rule == "phone_number"
