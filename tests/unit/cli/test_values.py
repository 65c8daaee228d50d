import pytest
import typer

from cordboard.edge.cli.values import (
    Binding,
    binding,
    etag,
    idempotency_key,
    identifier,
    phone_number,
)


@pytest.mark.parametrize(
    "typed",
    [
        "+14157774444",
        "+1 (415) 777-4444",
        "+1 415.777.4444",
        "+1\u00a0415\u2011777\u20114444",
        " +1415/7774444 ",
    ],
)
def test_a_number_may_be_typed_as_people_write_it(typed: str) -> None:
    assert phone_number(typed) == "+14157774444"


@pytest.mark.parametrize(
    "typed", ["", "4157774444", "0014157774444", "+", "+1415x", "+1415,1416", "+٤١٥٧٧٧٤٤٤٤"]
)
def test_a_number_without_country_code_or_with_other_characters_is_wrong_usage(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="such as \\+14155550100"):
        phone_number(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("agent_x", Binding("agent_x", 1)),
        ("agent_x@7", Binding("agent_x", 7)),
        ("front.desk-2@2147483647", Binding("front.desk-2", 2_147_483_647)),
    ],
)
def test_an_agent_is_named_with_its_version_or_means_the_first(
    typed: str, expected: Binding
) -> None:
    assert binding(typed) == expected


@pytest.mark.parametrize(
    "typed", ["", "@3", "agent_x@", "agent_x@0", "agent_x@x", "agent_x@-1", "a@1@2", "a@2147483648"]
)
def test_half_a_binding_is_wrong_usage(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="AGENT@VERSION"):
        binding(typed)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("num_0f3a.2", '"num_0f3a.2"'),
        ('"num_0f3a.2"', '"num_0f3a.2"'),
        ('"a", "b"', '"a", "b"'),
        ('W/"a"', 'W/"a"'),
        ("*", "*"),
    ],
)
def test_a_tag_need_not_be_typed_with_its_quotes(typed: str, sent: str) -> None:
    assert etag(typed) == sent


@pytest.mark.parametrize("typed", ["", "a\nb", "a\x7f", "ä"])
def test_what_no_header_can_hold_is_no_tag(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="not a tag"):
        etag(typed)


def test_an_idempotency_key_is_printable_ascii() -> None:
    assert idempotency_key("import 7!") == "import 7!"
    for typed in ("", "a\r\nX-API-KEY: b", "ä", "k" * 256):
        with pytest.raises(typer.BadParameter, match="printable ASCII"):
            idempotency_key(typed)


@pytest.mark.parametrize("typed", ["", ".", ".."])
def test_an_id_that_would_lead_to_another_path_is_wrong_usage(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="the id of nothing"):
        identifier(typed)
