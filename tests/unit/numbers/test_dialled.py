"""From what a carrier sends to the numbers that it can mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.numbers.dialled import LONGEST_DIALLED, read_dialled
from cordboard.numbers.e164 import is_written_as_e164
from tests.unit.numbers.dialled_shapes import DE, SHAPES, US

ENOUGH = 60


def meant(text: str, region: str | None = None) -> list[str]:
    return [meaning.phone_number for meaning in read_dialled(text, region).meanings]


@pytest.mark.parametrize(
    ("text", "region", "expected"), SHAPES, ids=[f"{row[0]!a}-{row[1]}" for row in SHAPES]
)
def test_a_carriers_shape_leads_to_its_number(
    text: str, region: str | None, expected: list[str]
) -> None:
    found = meant(text, region)
    if expected:
        assert expected[0] in found
    else:
        assert found == []


def test_the_corpus_is_large_and_no_shape_stands_twice() -> None:
    assert len(SHAPES) >= ENOUGH
    assert len({(text, region) for text, region, _ in SHAPES}) == len(SHAPES)


def test_a_number_with_a_plus_means_nothing_else() -> None:
    assert meant(US) == [US]
    assert [each.how for each in read_dialled(US).meanings] == ["as given"]


def test_each_reading_says_how_it_came_about() -> None:
    shapes = ("0049 30 12345678", "01149 30 12345678", "49 30 12345678")
    readings = [read_dialled(shape).meanings[0] for shape in shapes]
    assert [(each.phone_number, each.how) for each in readings] == [
        (DE, "prefix 00"),
        (DE, "prefix 011"),
        (DE, "plus added"),
    ]


def test_ten_digits_may_be_another_country_or_the_american_national_form() -> None:
    assert [(each.phone_number, each.how) for each in read_dialled("4930123456").meanings] == [
        ("+4930123456", "plus added"),
        ("+14930123456", "national form of +1"),
    ]


@given(st.text(max_size=2 * LONGEST_DIALLED), st.sampled_from([None, "DE", "US", "GB", "XX"]))
def test_any_text_is_read_and_every_meaning_is_a_number_once(text: str, region: str | None) -> None:
    found = meant(text, region)
    assert len(set(found)) == len(found)
    assert all(is_written_as_e164(number) for number in found)


@given(st.sampled_from([US, DE]), st.text(alphabet=" .-()/", max_size=12))
def test_separators_change_nothing(number: str, separators: str) -> None:
    pieces = [number[:3], number[3:6], number[6:]]
    assert number in meant(separators.join(pieces).replace("()", ""))
