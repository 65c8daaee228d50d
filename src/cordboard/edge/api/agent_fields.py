"""Fields of an agent on the wire, each with what a caller must know of it.

All but the ids, names and times are kept for the worker and not interpreted.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.agents.model import AGENT_ID, LONGEST_NAME, LONGEST_WORKER, RESERVED_WORKER
from cordboard.edge.api.schema_rules import NO_NUL, NOT_TAKEN, STRING, text, whole
from cordboard.runtime.clock import iso_utc

NAME = text(1, LONGEST_NAME, r"[^\x00]*\S[^\x00]*")
WORKER = text(1, LONGEST_WORKER, AGENT_ID.pattern) | {"not": {"const": RESERVED_WORKER}}

AgentIdentifier = Annotated[str, Meta(description="The agent's id.", examples=["agent_0f3a"])]
AgentName = Annotated[
    str,
    Meta(
        description=f"1–{LONGEST_NAME} characters, trimmed.",
        examples=["Front desk"],
        extra_json_schema=NAME,
    ),
]
KeptName = Annotated[
    str | None,
    Meta(
        description=f"1–{LONGEST_NAME} characters, trimmed; not null.",
        examples=["Sales"],
        extra_json_schema=NAME | STRING,
    ),
]
Version = Annotated[
    int, Meta(description="From 1.", examples=[1], extra_json_schema={"minimum": 1})
]
PublishedAt = Annotated[
    str | None,
    Meta(
        description="When the version was published; null while it can change.",
        examples=["2024-01-15T10:30:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
WorkerName = Annotated[
    str | None,
    Meta(
        description="The name under which the agent's workers register with LiveKit: "
        "1–128 of A-Z a-z 0-9 _ - . The agent's id when left out.",
        examples=["front-desk"],
        extra_json_schema=WORKER,
    ),
]
KeptWorkerName = Annotated[
    str | None,
    Meta(
        description="The name under which the agent's workers register with LiveKit: "
        "1–128 of A-Z a-z 0-9 _ - . Not null.",
        examples=["front-desk"],
        extra_json_schema=WORKER | STRING,
    ),
]
StoredWorkerName = Annotated[
    str,
    Meta(
        description="The name under which the agent's workers register with LiveKit.",
        examples=["front-desk"],
    ),
]
Deployment = Annotated[
    str | None,
    Meta(
        description="Which deployment of these workers takes the job: 1–128 of A-Z a-z 0-9 _ - .",
        examples=["blue"],
        extra_json_schema=text(1, LONGEST_WORKER, AGENT_ID.pattern),
    ),
]
Immutable = Annotated[
    Any, Meta(description="Cannot be changed: refused.", extra_json_schema=NOT_TAKEN)
]

BeginMessage = Annotated[
    str | None,
    Meta(
        description="What the agent says first.",
        examples=["Hello, how can I help?"],
        extra_json_schema=NO_NUL,
    ),
]
BeginVariables = Annotated[
    list[str] | None,
    Meta(description="The variables in begin_message.", examples=[["name"]]),
]
TestVariables = Annotated[
    dict[str, Any] | None,
    Meta(description="Values of the variables in tests.", examples=[{"name": "Ada"}]),
]
WorkerWebhook = Annotated[
    str | None,
    Meta(
        description="A URL that the worker calls.",
        examples=["https://example.com/agent"],
        extra_json_schema=NO_NUL,
    ),
]
PostCallWebhook = Annotated[
    str | None,
    Meta(
        description="The id of the webhook that is called after calls.",
        examples=["webhook_1"],
        extra_json_schema=NO_NUL,
    ),
]
BeginDelay = Annotated[
    int | None,
    Meta(
        description="Milliseconds before begin_message.",
        examples=[1000],
        extra_json_schema=whole(0),
    ),
]
SilenceEnd = Annotated[
    int | None,
    Meta(
        description="Milliseconds of silence after which the call ends.",
        examples=[30_000],
        extra_json_schema=whole(0),
    ),
]
LongestCall = Annotated[
    int | None,
    Meta(
        description="Milliseconds that a call may last.",
        examples=[600_000],
        extra_json_schema=whole(0),
    ),
]
TurnSilence = Annotated[
    int | None,
    Meta(
        description="Seconds of silence after which the agent speaks.",
        examples=[6],
        extra_json_schema=whole(0),
    ),
]
Timezone = Annotated[
    str | None,
    Meta(description="IANA name or UTC.", examples=["UTC"], extra_json_schema=NO_NUL),
]
KnowledgeBases = Annotated[
    list[str] | None,
    Meta(description="The ids of the knowledge bases it looks things up in.", examples=[["kb_1"]]),
]
ToolServers = Annotated[
    list[str] | None,
    Meta(description="The ids of the tool servers it may use.", examples=[["mcp_1"]]),
]
RetrievalConfig = Annotated[
    dict[str, Any] | None,
    Meta(
        description="How it looks things up.",
        examples=[{"chunks_to_retrieve": 10, "similarity_threshold": 0.7}],
    ),
]
ModelConfig = Annotated[
    dict[str, Any] | None,
    Meta(
        description="The language model and what it is told.",
        examples=[{"system_message": "You answer the telephone.", "temperature": 0.7}],
    ),
]
ListeningConfig = Annotated[
    dict[str, Any] | None,
    Meta(description="How it listens.", examples=[{"language": "en", "use_realtime": False}]),
]
SpeakingConfig = Annotated[
    dict[str, Any] | None,
    Meta(
        description="How it speaks.",
        examples=[{"provider": "openai", "voice_id": "alloy", "language": "en"}],
    ),
]
AnalysisData = Annotated[
    list[Any] | None,
    Meta(description="What is to be found out from each call.", examples=[[{"name": "topic"}]]),
]
EvaluationCriteria = Annotated[
    list[Any] | None,
    Meta(description="What each call is judged by.", examples=[[{"name": "polite"}]]),
]
AdditionalLanguages = Annotated[
    list[Any] | None, Meta(description="Languages it speaks besides.", examples=[["de"]])
]
AnalysisModel = Annotated[
    dict[str, Any] | None,
    Meta(description="The model that analyses calls.", examples=[{"model": "gpt-4o"}]),
]
WidgetConfig = Annotated[
    dict[str, Any] | None,
    Meta(description="How it appears on a web page.", examples=[{"color": "blue"}]),
]
AccessInfo = Annotated[
    dict[str, Any] | None, Meta(description="Who may reach it.", examples=[{"is_public": False}])
]
Configuration = Annotated[
    dict[str, Any] | None,
    Meta(description="Whatever else the worker should know.", examples=[{"greeting": "formal"}]),
]

Language = Annotated[
    str | None,
    Meta(
        description="Older name of stt_config.language and tts_config.language.",
        examples=["en"],
        extra_json_schema=NO_NUL,
    ),
]
FirstMessage = Annotated[
    str | None,
    Meta(
        description="Older name of begin_message.",
        examples=["Hello, how can I help?"],
        extra_json_schema=NO_NUL,
    ),
]
Model = Annotated[
    str | None,
    Meta(
        description="Older name of llm_config.model.",
        examples=["gpt-4o"],
        extra_json_schema=NO_NUL,
    ),
]
TranscriptionModel = Annotated[
    str | None,
    Meta(
        description="Older name of stt_config.model.",
        examples=["nova-2"],
        extra_json_schema=NO_NUL,
    ),
]


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Older name of ``provider`` and ``voice_id`` of ``tts_config``."""

    provider: (
        Annotated[
            str | None,
            Meta(
                description="Who speaks for the agent.",
                examples=["openai"],
                extra_json_schema=NO_NUL,
            ),
        ]
        | UnsetType
    ) = UNSET
    voice_id: (
        Annotated[
            str | None,
            Meta(
                description="In which voice.",
                examples=["alloy"],
                extra_json_schema=NO_NUL,
            ),
        ]
        | UnsetType
    ) = UNSET


VoiceParts = Annotated[
    Voice | None,
    Meta(
        description="Older name of provider and voice_id of tts_config.",
        examples=[{"provider": "openai", "voice_id": "alloy"}],
    ),
]


def instant(epoch_ms: int | None) -> str | None:
    """Return when something happened as answers show it, or None when it has not."""
    return None if epoch_ms is None else iso_utc(epoch_ms)
