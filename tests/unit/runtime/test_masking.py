import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.runtime.telemetry.masking import PHONE_KEYS, SECRET_KEYS, masked_text, masked_values


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call to +14157774444 failed", "call to +14***44 failed"),
        ("/api/phone-numbers/%2B14157774444/history", "/api/phone-numbers/%2B14***44/history"),
        ("+1 (415) 777-4444", "+1***44"),
        ("+44 20 7946 0123,", "+44***23,"),
        ("'s3cr3t_aB3_x', ok", "'s3cr3t_***', ok"),
        ("postgresql://u:p@ss:w/rd@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("postgres://h/d?user=u&password=p&x=1", "postgres://h/d?user=u&password=***&x=1"),
        ("postgresql://h/d?sslpassword=p", "postgresql://h/d?sslpassword=***"),
    ],
)
def test_what_looks_like_a_number_or_a_secret_is_masked_in_any_text(text: str, masked: str) -> None:
    assert masked_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///data/cordboard.db",
        "postgresql://h/d",
        "postgresql://u@h:5432/d",
        "2026-01-01T10:30:00+00:00",
        "sk_aB3dE5",
        "1 + 1 = 2",
        "C++20",
    ],
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert masked_text(text) == text


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_no_e164_number_survives(number: str) -> None:
    assert number not in masked_text(f"before {number} after")
    assert sum(character.isdigit() for character in masked_text(number)) == 4


@given(st.from_regex(r"s3cr3t_[A-Za-z0-9]{43}", fullmatch=True))
def test_no_api_secret_survives(secret: str) -> None:
    assert secret.removeprefix("s3cr3t_") not in masked_text(f'{{"a": "{secret}"}}')


@pytest.mark.parametrize(
    "key", [*SECRET_KEYS, "livekit_api_secret", "X-API-Secret", "Authorization"]
)
def test_the_value_of_a_secret_key_is_masked_at_any_depth(key: str) -> None:
    assert masked_values({key: "hunter2"}) == {key: "***"}
    assert masked_values({"a": [{key: "hunter2"}]}) == {"a": [{key: "***"}]}


@pytest.mark.parametrize("key", PHONE_KEYS)
def test_the_value_of_a_number_key_is_masked_whatever_its_form(key: str) -> None:
    assert masked_values({key: "+14157774444"}) == {key: "+14***44"}
    assert masked_values({key: "415 777 4444"}) == {key: "***"}
    assert masked_values({key: None}) == {key: None}


def test_other_values_stay() -> None:
    event = {"request_id": "req_1", "seconds": 0.5, "has_token": True, "sizes": [1, 2]}
    assert masked_values(event) == event
