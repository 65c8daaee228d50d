"""Fields of an agent on the wire, each with what a caller must know of it.

All but the ids, names and times are kept for the worker and not interpreted.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.runtime.clock import iso_utc

AgentIdentifier = Annotated[str, Meta(description="The agent's id.", examples=["agent_0f3a"])]
AgentName = Annotated[str, Meta(description="1–50 characters, trimmed.", examples=["Front desk"])]
Version = Annotated[int, Meta(description="From 1.", examples=[1])]
PublishedAt = Annotated[
    str | None,
    Meta(
        description="When the version was published; null while it can change.",
        examples=["2024-01-15T10:30:00Z"],
    ),
]
WorkerName = Annotated[
    str | None,
    Meta(
        description="The name under which the agent's workers register with LiveKit: "
        "1–128 of A-Z a-z 0-9 _ - . The agent's id when left out.",
        examples=["front-desk"],
    ),
]
Deployment = Annotated[
    str | None,
    Meta(
        description="Which deployment of these workers takes the job: 1–128 of A-Z a-z 0-9 _ - .",
        examples=["blue"],
    ),
]

Text = str | None
Names = list[str] | None
Items = list[Any] | None
Object = dict[str, Any] | None
BeginMessage = Annotated[
    str | None, Meta(description="What the agent says first.", examples=["Hello {{name}}!"])
]
Milliseconds = Annotated[int | None, Meta(description="0 or more.", examples=[1000])]
Seconds = Annotated[int | None, Meta(description="0 or more.", examples=[6])]
Timezone = Annotated[str | None, Meta(description="IANA name or UTC.", examples=["UTC"])]
RetrievalConfig = Annotated[
    dict[str, Any] | None,
    Meta(examples=[{"chunks_to_retrieve": 10, "similarity_threshold": 0.7}]),
]
ModelConfig = Annotated[
    dict[str, Any] | None,
    Meta(examples=[{"system_message": "You answer the telephone.", "temperature": 0.7}]),
]
ListeningConfig = Annotated[
    dict[str, Any] | None, Meta(examples=[{"language": "en", "use_realtime": False}])
]
SpeakingConfig = Annotated[
    dict[str, Any] | None,
    Meta(examples=[{"provider": "openai", "voice_id": "alloy", "language": "en"}]),
]
Configuration = Annotated[
    dict[str, Any] | None,
    Meta(description="Whatever else the worker should know.", examples=[{"greeting": "formal"}]),
]

Language = Annotated[
    str | None,
    Meta(description="Older name of stt_config.language and tts_config.language.", examples=["en"]),
]
FirstMessage = Annotated[str | None, Meta(description="Older name of begin_message.")]
Model = Annotated[str | None, Meta(description="Older name of llm_config.model.")]
TranscriptionModel = Annotated[str | None, Meta(description="Older name of stt_config.model.")]


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Older name of ``provider`` and ``voice_id`` of ``tts_config``."""

    provider: Annotated[str | None, Meta(examples=["openai"])] | UnsetType = UNSET
    voice_id: Annotated[str | None, Meta(examples=["alloy"])] | UnsetType = UNSET


def instant(epoch_ms: int | None) -> str | None:
    """Return when something happened as answers show it, or None when it has not."""
    return None if epoch_ms is None else iso_utc(epoch_ms)
