"""What can be an alias of a number: nothing that can be read as a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.numbers.aliases import LONGEST_ALIAS, MOST_ALIASES, alias_in, checked_aliases
from cordboard.numbers.dialled import read_dialled
from cordboard.runtime.errors import InvalidError
from tests.unit.numbers.dialled_shapes import SHAPES

NUMBERS = [(text, region) for text, region, meanings in SHAPES if meanings and region is None]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("support", "support"),
        ("Support", "Support"),
        ("100", "100"),
        ("*97", "*97"),
        ("+100", "+100"),
        ("123456", "123456"),
        ("trunk_eu-1.main", "trunk_eu-1.main"),
        ("ext=5&queue=a,b", "ext=5&queue=a,b"),
        ("s" * LONGEST_ALIAS, "s" * LONGEST_ALIAS),
        # National forms with a trunk prefix, which mean nothing without their country.
        ("03012345678", "03012345678"),
        ("02079460018", "02079460018"),
        # Whole URIs, escapes and white space, as in a To header.
        ("sip:support@sip.example.com", "support"),
        ("sips:support:secret@sip.example.com;transport=tls", "support"),
        ('"Front desk" <sip:support@sip.example.com>;tag=1f2e', "support"),
        ("  support ", "support"),
        ("sup%70ort", "support"),
        ("\uff11\uff10\uff10", "100"),
    ],
)
def test_an_alias_is_kept_as_the_user_part_that_is_dialled(given: str, kept: str) -> None:
    assert checked_aliases([given], "aliases") == (kept,)
    assert checked_aliases([kept], "aliases") == (kept,)
    assert alias_in(read_dialled(given)) == kept


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("", "length"),
        (" ", "length"),
        ("sip:@sip.example.com", "length"),
        ("s" * (LONGEST_ALIAS + 1), "length"),
        ("s" * 100_000, "length"),
        ("front desk", "characters"),
        ("büro", "characters"),
        ("a\0b", "characters"),
        ("a%00b", "characters"),
        ("a%3Bb", "characters"),
        ("50%25", "characters"),
        ("#31", "characters"),
        ("[a]", "characters"),
        ("+14155550100", "choice"),
        ("4155550100", "choice"),
        ("1 (415) 555-0100", "choice"),
        ("1(415)555-0100", "choice"),
        ("0049301234567", "choice"),
        ("tel:+493012345678", "choice"),
        ("2079460018", "choice"),
    ],
)
def test_what_is_no_alias_is_refused(given: str, rule: str) -> None:
    with pytest.raises(InvalidError) as caught:
        checked_aliases(["fine", given], "aliases")
    assert caught.value.rule == rule
    assert caught.value.detail.startswith("aliases[1]: ")


@pytest.mark.parametrize(("text", "region"), NUMBERS, ids=str)
def test_no_shape_in_which_carriers_write_numbers_can_be_an_alias(text: str, region: None) -> None:
    assert region is None
    with pytest.raises(InvalidError):
        checked_aliases([text], "aliases")


def test_an_alias_stands_in_a_list_once_and_the_list_is_short() -> None:
    most = [f"line-{place}" for place in range(MOST_ALIASES)]
    assert checked_aliases(most, "aliases") == tuple(most)
    with pytest.raises(InvalidError, match="aliases: must have at most 20 entries"):
        checked_aliases([*most, "one-more"], "aliases")
    with pytest.raises(InvalidError, match=r"aliases\[2\]: is there twice"):
        checked_aliases(["a", "b", "sip:a@sip.example.com"], "aliases")


@given(st.text(max_size=80) | st.from_regex(r"[0-9+*#()./\- ]{1,20}", fullmatch=True))
def test_what_is_taken_is_found_when_it_is_dialled_and_means_no_number(text: str) -> None:
    try:
        (alias,) = checked_aliases([text], "aliases")
    except InvalidError:
        return
    for dialled in (text, alias, f"sip:{alias}@sip.example.com"):
        read = read_dialled(dialled)
        assert (alias_in(read), read.meanings) == (alias, ())


@given(st.text(max_size=300))
def test_any_dialled_string_is_an_alias_or_none(text: str) -> None:
    alias = alias_in(read_dialled(text))
    assert alias is None or 1 <= len(alias) <= LONGEST_ALIAS
