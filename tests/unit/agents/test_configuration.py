"""What is kept for a worker: older names, sizes, and what JSON may hold."""

import json
from typing import Any

import pytest

from cordboard.agents.configuration import (
    LARGEST_BYTES,
    checked_configuration,
    is_same,
    language_of,
)
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.json_values import DEEPEST

VOICE = {"provider": "openai", "voice_id": "alloy"}


def kept(sent: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is kept after ``sent`` has come."""
    return checked_configuration(sent).applied_to(before or {})


def refused(sent: dict[str, Any]) -> tuple[str, str]:
    """Return the rule that ``sent`` breaks, and the text."""
    with pytest.raises(InvalidError) as caught:
        checked_configuration(sent)
    return caught.value.rule, caught.value.detail


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"first_message": "Hi"}, {"begin_message": "Hi"}),
        (
            {"language": "en"},
            {"stt_config": {"language": "en"}, "tts_config": {"language": "en"}},
        ),
        ({"model": "gpt"}, {"llm_config": {"model": "gpt"}}),
        ({"transcription_model": "nova"}, {"stt_config": {"model": "nova"}}),
        ({"voice": VOICE}, {"tts_config": VOICE}),
        ({"voice": {"voice_id": "alloy"}}, {"tts_config": {"voice_id": "alloy"}}),
    ],
)
def test_an_older_name_is_kept_under_the_newer_one(
    sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert kept(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"first_message": "Hi", "begin_message": "Hi"}, {"begin_message": "Hi"}),
        ({"first_message": None, "begin_message": None}, {}),
        (
            {"voice": VOICE, "tts_config": {**VOICE, "model": "x"}},
            {"tts_config": {**VOICE, "model": "x"}},
        ),
        (
            {"language": "en", "tts_config": {"language": "en"}, "stt_config": {"language": "en"}},
            {"tts_config": {"language": "en"}, "stt_config": {"language": "en"}},
        ),
    ],
)
def test_both_names_may_say_the_same(sent: dict[str, Any], expected: dict[str, Any]) -> None:
    assert kept(sent) == expected


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (
            {"first_message": "Hi", "begin_message": "Ho"},
            "first_message: must equal begin_message, whose older name it is",
        ),
        (
            {"first_message": "Hi", "begin_message": None},
            "first_message: must equal begin_message, whose older name it is",
        ),
        (
            {"voice": VOICE, "tts_config": {"voice_id": "echo"}},
            "voice.voice_id: must equal tts_config.voice_id, whose older name it is",
        ),
        (
            {"voice": None, "tts_config": {"provider": "openai"}},
            "voice.provider: must equal tts_config.provider, whose older name it is",
        ),
        (
            {"model": "gpt", "llm_config": None},
            "model: must equal llm_config.model, whose older name it is",
        ),
        (
            {"language": "en", "tts_config": {"language": "de"}},
            "language: must equal tts_config.language, whose older name it is",
        ),
    ],
)
def test_both_names_unequal_are_refused(sent: dict[str, Any], text: str) -> None:
    assert refused(sent) == ("choice", text)


def test_an_older_name_changes_only_its_own_keys() -> None:
    before = {"tts_config": {**VOICE, "voice_speed": 1.2}}
    after = kept({"voice": {"voice_id": "echo"}}, before)
    assert after == {"tts_config": {**VOICE, "voice_id": "echo", "voice_speed": 1.2}}


def test_a_newer_name_replaces_its_whole_object() -> None:
    before = {"tts_config": {**VOICE, "voice_speed": 1.2}}
    assert kept({"tts_config": {"voice_id": "echo"}}, before) == {
        "tts_config": {"voice_id": "echo"}
    }


def test_an_older_name_fills_the_object_that_comes_beside_it() -> None:
    sent = {"tts_config": {"voice_speed": 1.2}, "voice": VOICE}
    assert kept(sent) == {"tts_config": {"voice_speed": 1.2, **VOICE}}


def test_null_clears_and_leaves_no_empty_object_behind() -> None:
    before = {"begin_message": "Hi", "tts_config": VOICE, "llm_config": {"model": "gpt"}}
    sent = {"begin_message": None, "voice": None, "model": None}
    assert kept(sent, before) == {}


def test_clearing_a_voice_keeps_the_rest_of_its_object() -> None:
    before = {"tts_config": {**VOICE, "language": "en"}}
    assert kept({"voice": None}, before) == {"tts_config": {"language": "en"}}


def test_what_was_kept_before_is_not_touched() -> None:
    before = {"tts_config": {"voice_id": "alloy"}}
    kept({"voice": {"voice_id": "echo"}}, before)
    assert before == {"tts_config": {"voice_id": "alloy"}}


@pytest.mark.parametrize(
    ("configuration", "language"),
    [
        ({}, None),
        ({"stt_config": {"language": "de"}, "tts_config": {"language": "en"}}, "de"),
        ({"stt_config": {}, "tts_config": {"language": "en"}}, "en"),
        ({"stt_config": {"language": 7}}, None),
        ({"stt_config": {"language": ""}}, None),
    ],
)
def test_the_language_is_what_is_heard_or_else_what_is_spoken(
    configuration: dict[str, Any], language: str | None
) -> None:
    assert language_of(configuration) == language


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"begin_message": "a\0b"}, "begin_message"),
        ({"knowledge_base_ids": ["a", "\0"]}, "knowledge_base_ids[1]"),
        ({"configuration": {"a": [{"b": "\0"}]}}, "configuration.a[0].b"),
        ({"configuration": {"a": {"\0": 1}}}, "configuration.a"),
        ({"voice": {"voice_id": "\0"}}, "voice.voice_id"),
    ],
)
def test_no_string_may_hold_nul_however_deep_it_lies(sent: dict[str, Any], path: str) -> None:
    assert refused(sent) == ("characters", f"{path}: must not hold the NUL character")


def test_a_path_of_long_keys_is_cut() -> None:
    rule, text = refused({"configuration": {"k" * 500: {"\0": 1}}})
    assert rule == "characters"
    assert text.startswith("configuration.kkk")
    assert len(text) < 200


def nested(depth: int) -> Any:  # noqa: ANN401 - a list in a list in a list
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_what_is_nested_as_deep_as_may_be_is_kept() -> None:
    sent = {"configuration": {"a": nested(DEEPEST - 1)}}
    assert kept(sent) == sent


@pytest.mark.parametrize("depth", [DEEPEST, 5000])
def test_what_is_nested_deeper_is_refused(depth: int) -> None:
    rule, text = refused({"configuration": {"a": nested(depth)}})
    assert rule == "json"
    assert text.endswith(f"is nested more than {DEEPEST} deep")


def filled(size: int) -> dict[str, Any]:
    """Return a configuration of exactly ``size`` bytes of JSON."""
    empty = len('{"begin_message":"","configuration":{"a":1}}')
    return {"begin_message": "x" * (size - empty), "configuration": {"a": 1}}


def test_32_kib_are_kept() -> None:
    sent = filled(LARGEST_BYTES)
    assert len(json.dumps(kept(sent), separators=(",", ":"))) == LARGEST_BYTES


def test_a_byte_more_is_refused_and_the_largest_field_named() -> None:
    rule, text = refused(filled(LARGEST_BYTES + 1))
    assert rule == "length"
    assert text == (
        "begin_message: what is kept for the worker would be 32769 bytes of JSON in all, "
        "the most is 32768"
    )


def test_bytes_are_counted_not_characters() -> None:
    assert refused({"begin_message": "é" * (LARGEST_BYTES // 2)})[0] == "length"


def test_a_change_counts_together_with_what_is_kept_already() -> None:
    changes = checked_configuration({"first_message": "x" * 20_000})
    with pytest.raises(InvalidError, match=r"^first_message: what is kept"):
        changes.applied_to({"configuration": {"a": "x" * 20_000}})


def test_more_parts_than_fit_are_refused_before_they_are_looked_at() -> None:
    rule, text = refused({"configuration": {"a": [1] * 100_000}})
    assert rule == "length"
    assert text.startswith("configuration.a[")


@pytest.mark.parametrize("value", [-1, 2_147_483_648])
@pytest.mark.parametrize(
    "field",
    [
        "begin_message_delay_ms",
        "end_call_after_silence_ms",
        "max_call_duration_ms",
        "take_turn_after_silence_seconds",
    ],
)
def test_a_duration_out_of_range_is_refused(field: str, value: int) -> None:
    assert refused({field: value}) == ("range", f"{field}: must be from 0 to 2147483647")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        (1, True, False),
        (1, 1.0, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
    ],
)
def test_values_are_the_same_when_their_json_is(one: object, other: object, *, same: bool) -> None:
    assert is_same(one, other) is same
