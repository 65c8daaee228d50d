"""What is kept of an agent for its worker: which fields, how much, and their older names.

Nothing of it is interpreted. The published API describes an agent in two generations; fields are
kept under the newer names, and the older ones are accepted for them:

- ``first_message`` is ``begin_message``;
- ``language`` is ``stt_config.language`` and ``tts_config.language``;
- ``model`` is ``llm_config.model``, ``transcription_model`` is ``stt_config.model``;
- ``voice`` is ``provider`` and ``voice_id`` of ``tts_config``.

A newer name replaces its whole object; an older one changes only its own keys in it.
"""

from typing import Any

import msgspec

from cordboard.runtime.errors import InvalidError
from cordboard.runtime.json_values import check_json

Configuration = dict[str, Any]
"""Field → value, of the fields that have one."""

FIELDS = (
    "begin_message",
    "begin_message_variables",
    "begin_message_delay_ms",
    "test_variables",
    "webhook_url",
    "post_call_webhook_id",
    "end_call_after_silence_ms",
    "max_call_duration_ms",
    "take_turn_after_silence_seconds",
    "timezone",
    "knowledge_base_ids",
    "mcp_server_ids",
    "rag_config",
    "llm_config",
    "stt_config",
    "tts_config",
    "post_call_analysis_data",
    "post_call_evaluation_criteria",
    "additional_languages",
    "post_call_analysis_model",
    "widget_config",
    "access_info",
    "configuration",
)
OLDER_NAMES = {
    "first_message": ("begin_message",),
    "language": ("stt_config.language", "tts_config.language"),
    "model": ("llm_config.model",),
    "transcription_model": ("stt_config.model",),
    "voice.provider": ("tts_config.provider",),
    "voice.voice_id": ("tts_config.voice_id",),
}
DURATIONS = (
    "begin_message_delay_ms",
    "end_call_after_silence_ms",
    "max_call_duration_ms",
    "take_turn_after_silence_seconds",
)
LARGEST_BYTES = 32_768
LARGEST_INTEGER = 2_147_483_647

_encode = msgspec.json.Encoder().encode
_canonical = msgspec.json.Encoder(order="deterministic").encode


class ConfigurationChanges(msgspec.Struct, frozen=True):
    """What is to be different in a configuration.

    Attributes:
        values: Field, or ``field.key`` of an object → new value; null clears.
        largest: The field that takes most room, under the name it was sent with.
    """

    values: dict[str, Any]
    largest: str

    def applied_to(self, configuration: Configuration) -> Configuration:
        """Return the configuration with the changes made.

        Raises:
            InvalidError: It would be more than 32 KiB of JSON (``validation.length``).
        """
        result = dict(configuration)
        for path, value in self.values.items():
            field, _, key = path.partition(".")
            whole = _with_key(result.get(field), key, value) if key else value
            if whole is None:
                result.pop(field, None)
            else:
                result[field] = whole
        size = len(_encode(result))
        if self.values and size > LARGEST_BYTES:
            reason = f"what is kept for the worker would be {size} bytes of JSON in all"
            raise InvalidError(self.largest, "length", f"{reason}, the most is {LARGEST_BYTES}")
        return result


def checked_configuration(given: dict[str, Any]) -> ConfigurationChanges:
    """Return what a client's fields change in a configuration, under the newer names.

    Args:
        given: Field → value of the right type; null clears.

    Raises:
        InvalidError: A field breaks its rule, or differs from its other name.
    """
    check_json(given, LARGEST_BYTES)
    for field in DURATIONS:
        value = given.get(field)
        if value is not None and not 0 <= value <= LARGEST_INTEGER:
            raise InvalidError(field, "range", f"must be from 0 to {LARGEST_INTEGER}")
    values = {field: value for field, value in given.items() if field in FIELDS}
    for older, value in _older(given).items():
        for path in OLDER_NAMES[older]:
            if _stated(given, path, value) != value:
                raise InvalidError(older, "choice", f"must equal {path}, whose older name it is")
            values[path] = value
    largest = max(given, key=lambda field: len(_encode(given[field])), default="")
    changes = ConfigurationChanges(values, largest)
    changes.applied_to({})
    return changes


def language_of(configuration: Configuration) -> str | None:
    """Return the language that a configuration names, of the listening or else of the speaking."""
    for field in ("stt_config", "tts_config"):
        language = configuration.get(field, {}).get("language")
        if isinstance(language, str) and language:
            return language
    return None


def is_same(one: object, other: object) -> bool:
    """Whether two JSON values are the same: 1, 1.0 and true are three, an object has no order."""
    return _canonical(one) == _canonical(other)


def _with_key(present: dict[str, Any] | None, key: str, value: object) -> dict[str, Any] | None:
    """Return an object with one key set or, by null, taken out; None when nothing is left."""
    result = dict(present or {})
    if value is None:
        result.pop(key, None)
    else:
        result[key] = value
    return result or None


def _older(given: dict[str, Any]) -> dict[str, Any]:
    """Return the values that were sent under older names; a voice in its two parts."""
    values = {field: value for field, value in given.items() if field in OLDER_NAMES}
    if "voice" in given:
        voice = given["voice"]
        parts = {"provider": None, "voice_id": None} if voice is None else voice
        values |= {f"voice.{key}": value for key, value in parts.items()}
    return values


def _stated(given: dict[str, Any], path: str, default: object) -> object:
    """Return what was sent under a newer name, ``default`` when nothing was."""
    field, _, key = path.partition(".")
    if field not in given:
        return default
    value = given[field]
    return value.get(key, default) if key and value is not None else value
