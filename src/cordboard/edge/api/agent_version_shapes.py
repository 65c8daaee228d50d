"""Versions of agents on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.agents.configuration import FIELDS
from cordboard.agents.model import AgentVersion
from cordboard.agents.store import VersionSummary
from cordboard.edge.api import agent_fields as fields
from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.runtime.clock import iso_utc


class VersionItem(msgspec.Struct, frozen=True):
    """A version of an agent in a list."""

    version: fields.Version
    livekit_agent_name: fields.StoredWorkerName
    livekit_deployment: fields.Deployment
    published_at: fields.PublishedAt
    created_at: Instant
    updated_at: Instant


class VersionList(msgspec.Struct, frozen=True):
    """The versions of an agent, newest first."""

    agent_id: fields.AgentIdentifier
    versions: Annotated[list[VersionItem], Meta(description="The versions.")]


def version_item(version: VersionSummary) -> VersionItem:
    """Return a version as the list shows it."""
    return VersionItem(
        version.version,
        version.livekit_agent_name,
        version.livekit_deployment,
        fields.instant(version.published_ms),
        iso_utc(version.created_ms),
        iso_utc(version.updated_ms),
    )


class VersionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an agent, whole, for its worker. The times are the version's own."""

    agent_id: fields.AgentIdentifier
    organization_id: OrganizationName
    version: fields.Version
    livekit_agent_name: fields.StoredWorkerName
    livekit_deployment: fields.Deployment
    published_at: fields.PublishedAt
    created_at: Instant
    updated_at: Instant
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
    configuration: fields.Configuration


def version_answer(version: AgentVersion) -> VersionAnswer:
    """Return one version as its worker gets it, under the newer names only."""
    return VersionAnswer(
        agent_id=version.agent_id,
        organization_id=version.organization_id,
        version=version.version,
        livekit_agent_name=version.livekit_agent_name,
        livekit_deployment=version.livekit_deployment,
        published_at=fields.instant(version.published_ms),
        created_at=iso_utc(version.created_ms),
        updated_at=iso_utc(version.updated_ms),
        **{field: version.configuration.get(field) for field in FIELDS},
    )
