"""What the routes of ``/api/agents`` say about themselves."""

from cordboard.agents.store import DIRECTIONS, SORTS
from cordboard.edge.api.agent_list_shapes import AgentList, AgentListRequest
from cordboard.edge.api.agent_probe_shapes import ProbeAgent, ProbeAnswer
from cordboard.edge.api.agent_shapes import (
    AgentAnswer,
    AgentDetails,
    CreateAgent,
    DeletedAgent,
    DuplicateAgent,
    PublishAgent,
    UpdateAgent,
)
from cordboard.edge.api.agent_version_shapes import VersionAnswer, VersionList
from cordboard.edge.api.documented import Operation, Parameter
from cordboard.edge.api.livekit_drift_docs import LIVEKIT_CODES
from cordboard.edge.api.number_docs import BODY_CODES, PAGE, QUERY_CODES, WRITE_CODES

READ = "agents:read"
WRITE = "agents:write"
TAG = "Agents"

UNKNOWN = "validation.unknown_field"
NOT_FOUND = "agent.not_found"
NO_QUERY_CODES = (UNKNOWN, "validation.characters")
NAME_CODES = (
    "validation.json",
    "validation.type",
    UNKNOWN,
    "validation.length",
    "validation.characters",
)
FIELD_CODES = (*NAME_CODES, "validation.choice", "validation.range")
KEY_CODES = ("validation.idempotency_key", "idempotency.mismatch")

LIST_QUERY = (
    PAGE,
    Parameter(
        "limit",
        "How many on a page.",
        {"type": "integer", "default": 20, "minimum": 1, "maximum": 100},
    ),
    Parameter(
        "sort_by", "What to sort by.", {"type": "string", "enum": [*SORTS], "default": "updated_at"}
    ),
    Parameter(
        "sort_order",
        "Which end comes first.",
        {"type": "string", "enum": [*DIRECTIONS], "default": "descending"},
    ),
)

CREATE = Operation(
    summary="Create an agent",
    description="It starts with version 1. The older names of fields are accepted beside the newer "
    "ones; both, unequal, are refused. What is kept for the worker is at most 32 KiB of JSON.",
    scope=WRITE,
    tag=TAG,
    message="Agent created successfully",
    data=AgentAnswer,
    body=CreateAgent,
    codes=(*FIELD_CODES, "validation.required", *BODY_CODES, *KEY_CODES, *WRITE_CODES),
    is_idempotent_by_key=True,
    example={
        "agent_name": "Front desk",
        "begin_message": "Hello, how can I help?",
        "llm_config": {"system_message": "You answer the telephone.", "temperature": 0.7},
        "tts_config": {"provider": "openai", "voice_id": "alloy", "language": "en"},
        "livekit_agent_name": "front-desk",
    },
)
LIST = Operation(
    summary="List agents",
    description="Ties are broken by agent_id in the same direction, so pages never overlap.",
    scope=READ,
    tag=TAG,
    message="Agents retrieved successfully",
    data=AgentList,
    query=LIST_QUERY,
    codes=(*QUERY_CODES, "validation.characters", "validation.choice"),
)
LIST_BY_POST = Operation(
    summary="List agents, filters in the body",
    description=LIST.description,
    scope=READ,
    tag=TAG,
    message=LIST.message,
    data=AgentList,
    body=AgentListRequest,
    is_body_optional=True,
    codes=(*FIELD_CODES, *BODY_CODES),
    example={
        "page": 0,
        "limit": 20,
        "sort_by": "updated_at",
        "sort_order": "descending",
        "filter_criteria": {"agent_name": ["desk"]},
    },
)
GET = Operation(
    summary="Show an agent in its newest version",
    scope=READ,
    tag=TAG,
    message="Agent retrieved successfully",
    data=AgentDetails,
    codes=(*NO_QUERY_CODES, NOT_FOUND),
)
GET_FULL = Operation(
    summary="Show an agent in its newest version, as the older pages ask for it",
    description="The same data as without /full.",
    scope=READ,
    tag=TAG,
    message="Full agent data retrieved successfully",
    data=AgentDetails,
    codes=(*NO_QUERY_CODES, NOT_FOUND),
)
UPDATE = Operation(
    summary="Change an agent",
    description="Changes the newest version in place until it is published, then opens the next "
    "one; the name belongs to the agent and opens none. Only what is sent changes. A newer name "
    "replaces its whole object, an older one only its own part. What is equal already changes "
    "nothing.",
    scope=WRITE,
    tag=TAG,
    message="Agent updated successfully",
    data=AgentAnswer,
    body=UpdateAgent,
    codes=(*FIELD_CODES, "validation.immutable", *BODY_CODES, NOT_FOUND, *WRITE_CODES),
    example={"agent_name": "Sales", "begin_message": "Hello, how can I help?"},
)
DELETE = Operation(
    summary="Delete an agent",
    description="Refused while phone numbers are bound to it; with force=true they are unbound in "
    "the same transaction.",
    scope=WRITE,
    tag=TAG,
    message="Agent deleted successfully",
    data=DeletedAgent,
    query=(
        Parameter(
            "force",
            "Whether to unbind the phone numbers that are bound to it.",
            {"type": "string", "enum": ["true", "false"], "default": "false"},
        ),
    ),
    codes=(
        *NO_QUERY_CODES,
        "validation.type",
        "validation.choice",
        NOT_FOUND,
        "agent.in_use",
        *WRITE_CODES,
    ),
)
DUPLICATE = Operation(
    summary="Copy an agent",
    description="The newest version becomes version 1 of a new agent. The same workers answer for "
    "it, also those that registered under the id of the original.",
    scope=WRITE,
    tag=TAG,
    message="Agent duplicated successfully",
    data=AgentAnswer,
    body=DuplicateAgent,
    codes=(
        *NAME_CODES,
        "validation.required",
        *BODY_CODES,
        *KEY_CODES,
        NOT_FOUND,
        *WRITE_CODES,
    ),
    is_idempotent_by_key=True,
    example={"agent_name": "Front desk, evenings"},
)
PUBLISH = Operation(
    summary="Publish the newest version of an agent",
    description="It never changes again; the next change of the agent opens the next version. "
    "Publishing what is published already changes nothing and answers the same.",
    scope=WRITE,
    tag=TAG,
    message="Agent version published successfully",
    data=AgentDetails,
    body=PublishAgent,
    is_body_optional=True,
    codes=(
        *NO_QUERY_CODES,
        "validation.json",
        "validation.type",
        *BODY_CODES,
        *KEY_CODES,
        NOT_FOUND,
        *WRITE_CODES,
    ),
    is_idempotent_by_key=True,
)
PROBE = Operation(
    summary="Probe whether a worker serves an agent",
    description="Sends for the worker of a version in an empty room, waits until its agent joins "
    "or the join deadline has passed, and removes the room. The job's metadata says "
    '`"probe": true`: the worker joins, publishes nothing and leaves. That nobody came is an '
    "answer (`is_served` false), and `detail` says what to do. `POST /api/route/explain` warns of "
    "a version that the latest probe, or a call since, found unserved.",
    scope=WRITE,
    tag=TAG,
    message="Agent probed successfully",
    data=ProbeAnswer,
    body=ProbeAgent,
    is_body_optional=True,
    codes=(
        *NO_QUERY_CODES,
        "validation.json",
        "validation.type",
        "validation.range",
        *BODY_CODES,
        NOT_FOUND,
        "agent_version.not_found",
        "agent.probe_running",
        *KEY_CODES,
        *LIVEKIT_CODES,
        *WRITE_CODES,
    ),
    is_idempotent_by_key=True,
    example={"version": 1},
)
VERSIONS = Operation(
    summary="List the versions of an agent",
    scope=READ,
    tag=TAG,
    message="Agent versions retrieved successfully",
    data=VersionList,
    codes=(*NO_QUERY_CODES, NOT_FOUND),
)
VERSION = Operation(
    summary="Show one version of an agent, whole",
    description="For its worker. Once published it never changes: it comes with Cache-Control: "
    "immutable and an ETag, and If-None-Match is answered with 304.",
    scope=READ,
    tag=TAG,
    message="Agent version retrieved successfully",
    data=VersionAnswer,
    codes=(*NO_QUERY_CODES, NOT_FOUND, "agent_version.not_found"),
    has_etag=True,
    takes_if_none_match=True,
)
