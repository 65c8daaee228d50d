"""Agents on the wire: what is sent and what is answered.

Answers hold the fields of both generations of the published API, so that a client of either finds
its own; ``docs/adr/0008`` says why.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from cordboard.agents.configuration import FIELDS, language_of
from cordboard.agents.model import Agent, AgentVersion
from cordboard.edge.api import agent_fields as fields
from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.runtime.clock import iso_utc


class _AgentFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    begin_message: fields.BeginMessage | UnsetType = UNSET
    begin_message_variables: fields.BeginVariables | UnsetType = UNSET
    begin_message_delay_ms: fields.BeginDelay | UnsetType = UNSET
    test_variables: fields.TestVariables | UnsetType = UNSET
    webhook_url: fields.WorkerWebhook | UnsetType = UNSET
    post_call_webhook_id: fields.PostCallWebhook | UnsetType = UNSET
    end_call_after_silence_ms: fields.SilenceEnd | UnsetType = UNSET
    max_call_duration_ms: fields.LongestCall | UnsetType = UNSET
    take_turn_after_silence_seconds: fields.TurnSilence | UnsetType = UNSET
    timezone: fields.Timezone | UnsetType = UNSET
    knowledge_base_ids: fields.KnowledgeBases | UnsetType = UNSET
    mcp_server_ids: fields.ToolServers | UnsetType = UNSET
    rag_config: fields.RetrievalConfig | UnsetType = UNSET
    llm_config: fields.ModelConfig | UnsetType = UNSET
    stt_config: fields.ListeningConfig | UnsetType = UNSET
    tts_config: fields.SpeakingConfig | UnsetType = UNSET
    post_call_analysis_data: fields.AnalysisData | UnsetType = UNSET
    post_call_evaluation_criteria: fields.EvaluationCriteria | UnsetType = UNSET
    additional_languages: fields.AdditionalLanguages | UnsetType = UNSET
    post_call_analysis_model: fields.AnalysisModel | UnsetType = UNSET
    widget_config: fields.WidgetConfig | UnsetType = UNSET
    access_info: fields.AccessInfo | UnsetType = UNSET
    configuration: fields.Configuration | UnsetType = UNSET
    livekit_agent_name: fields.WorkerName | UnsetType = UNSET
    livekit_deployment: fields.Deployment | UnsetType = UNSET
    language: fields.Language | UnsetType = UNSET
    voice: fields.VoiceParts | UnsetType = UNSET
    first_message: fields.FirstMessage | UnsetType = UNSET
    model: fields.Model | UnsetType = UNSET
    transcription_model: fields.TranscriptionModel | UnsetType = UNSET


class CreateAgent(_AgentFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent to create. null is the same as leaving a field out."""

    agent_name: fields.AgentName

    def given(self) -> dict[str, Any]:
        """Return the fields that were given a value."""
        given = {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not UNSET and value is not None
        }
        if isinstance(self.voice, fields.Voice):
            parts = msgspec.to_builtins(self.voice)
            given["voice"] = {key: value for key, value in parts.items() if value is not None}
        return given


class UpdateAgent(_AgentFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change. null clears all but names; what is left out stays."""

    agent_name: fields.KeptName | UnsetType = UNSET
    livekit_agent_name: fields.KeptWorkerName | UnsetType = UNSET
    agent_id: fields.Immutable = UNSET

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, null included."""
        given = {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) is not UNSET
        }
        if isinstance(self.voice, fields.Voice):
            given["voice"] = msgspec.to_builtins(self.voice)
        return given


class DuplicateAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the copy is called."""

    agent_name: fields.AgentName


class PublishAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing: publishing takes no fields."""


class AgentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An agent in its newest version: the fields of both generations of the published API.

    Ours are left out while they are unset: the version while it is 1, the worker's name while it
    is the agent's id.
    """

    agent_id: fields.AgentIdentifier
    organization_id: OrganizationName
    created_at: Instant
    updated_at: Instant
    agent_name: fields.AgentName
    begin_message: fields.BeginMessage
    begin_message_variables: fields.BeginVariables
    begin_message_delay_ms: fields.BeginDelay
    test_variables: fields.TestVariables
    webhook_url: fields.WorkerWebhook
    post_call_webhook_id: fields.PostCallWebhook
    end_call_after_silence_ms: fields.SilenceEnd
    max_call_duration_ms: fields.LongestCall
    take_turn_after_silence_seconds: fields.TurnSilence
    timezone: fields.Timezone
    knowledge_base_ids: fields.KnowledgeBases
    mcp_server_ids: fields.ToolServers
    rag_config: fields.RetrievalConfig
    llm_config: fields.ModelConfig
    stt_config: fields.ListeningConfig
    tts_config: fields.SpeakingConfig
    post_call_analysis_data: fields.AnalysisData
    post_call_evaluation_criteria: fields.EvaluationCriteria
    additional_languages: fields.AdditionalLanguages
    post_call_analysis_model: fields.AnalysisModel
    widget_config: fields.WidgetConfig
    access_info: fields.AccessInfo
    language: fields.Language
    voice: fields.VoiceParts
    first_message: fields.FirstMessage
    model: fields.Model
    transcription_model: fields.TranscriptionModel
    configuration: fields.Configuration | UnsetType = UNSET
    livekit_agent_name: fields.StoredWorkerName | UnsetType = UNSET
    livekit_deployment: fields.Deployment | UnsetType = UNSET
    version: fields.Version | UnsetType = UNSET
    published_at: fields.PublishedAt | UnsetType = UNSET


class AgentDetails(AgentAnswer, frozen=True, kw_only=True):
    """An agent in its newest version, with everything Cordboard knows of it."""

    configuration: fields.Configuration
    livekit_agent_name: fields.StoredWorkerName
    livekit_deployment: fields.Deployment
    version: fields.Version
    published_at: fields.PublishedAt


def agent_answer(agent: Agent) -> AgentAnswer:
    """Return an agent as create, PATCH and duplicate answer it."""
    ours = _ours(agent.newest)
    defaults = {"version": 1, "livekit_agent_name": agent.agent_id}
    shown = {field: value for field, value in ours.items() if value != defaults.get(field)}
    return AgentAnswer(**_published(agent), **shown)


def agent_details(agent: Agent) -> AgentDetails:
    """Return an agent as GET and publish answer it."""
    return AgentDetails(**_published(agent), **_ours(agent.newest))


def _published(agent: Agent) -> dict[str, Any]:
    kept = agent.newest.configuration
    return {
        "agent_id": agent.agent_id,
        "organization_id": agent.organization_id,
        "created_at": iso_utc(agent.created_ms),
        "updated_at": iso_utc(agent.updated_ms),
        "agent_name": agent.agent_name,
        **{field: kept.get(field) for field in FIELDS if field != "configuration"},
        "language": language_of(kept),
        "voice": _voice(kept),
        "first_message": kept.get("begin_message"),
        "model": _text(kept, "llm_config", "model"),
        "transcription_model": _text(kept, "stt_config", "model"),
    }


def _voice(kept: dict[str, Any]) -> fields.Voice | None:
    provider = _text(kept, "tts_config", "provider")
    voice_id = _text(kept, "tts_config", "voice_id")
    return None if provider is None and voice_id is None else fields.Voice(provider, voice_id)


def _text(kept: dict[str, Any], field: str, key: str) -> str | None:
    """Return a text out of an object in which the worker may keep anything else as well."""
    value = kept.get(field, {}).get(key)
    return value if isinstance(value, str) else None


def _ours(version: AgentVersion) -> dict[str, Any]:
    return {
        "configuration": version.configuration.get("configuration"),
        "livekit_agent_name": version.livekit_agent_name,
        "livekit_deployment": version.livekit_deployment,
        "version": version.version,
        "published_at": fields.instant(version.published_ms),
    }


class DeletedAgent(msgspec.Struct, frozen=True):
    """An agent that was deleted."""

    agent_id: fields.AgentIdentifier
    organization_id: OrganizationName
