"""Probes of agents on the wire: what is sent and what is answered."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.edge.api import agent_fields as fields
from cordboard.edge.api.query import LARGEST_INTEGER
from cordboard.edge.api.resource_fields import Instant
from cordboard.provisioning.probe_agent import ProbeReport
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.errors import InvalidError


class ProbeAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to probe. null is the same as leaving a field out."""

    version: Annotated[
        int | None,
        Meta(
            description="The version to probe; the newest when left out.",
            examples=[1],
            extra_json_schema={"minimum": 1},
        ),
    ] = None

    def checked(self) -> int | None:
        """Return the version that is asked for.

        Raises:
            InvalidError: No agent can have such a version.
        """
        if self.version is not None and self.version < 1:
            raise InvalidError("version", "range", f"must be from 1 to {LARGEST_INTEGER}")
        return self.version


class ProbeAnswer(msgspec.Struct, frozen=True):
    """Whether a worker serves a version, as a job that it was given showed."""

    agent_id: fields.AgentIdentifier
    version: fields.Version
    livekit_agent_name: fields.StoredWorkerName
    livekit_deployment: fields.Deployment
    is_served: Annotated[
        bool, Meta(description="Whether an agent joined in time.", examples=[True])
    ]
    worker_id: Annotated[
        str | None,
        Meta(
            description="The worker that took the job, as LiveKit names it; null where LiveKit "
            "has not told by the end of the probe (it can take 5 s).",
            examples=["AW_p3Xn7TqLw2ks"],
        ),
    ]
    agent_identity: Annotated[
        str | None,
        Meta(
            description="The agent's participant in the room, or null.",
            examples=["agent-AJ_mAspmGK5UgWU"],
        ),
    ]
    joined_after_ms: Annotated[
        int | None,
        Meta(
            description="Milliseconds from sending for the agent until it was seen to have joined, "
            "or null.",
            examples=[412],
        ),
    ]
    detail: Annotated[
        str,
        Meta(
            description="What was found, and what to do when nobody came.",
            examples=["an agent of a worker registered as 'desk', deployment 'blue' joined"],
        ),
    ]
    probed_at: Instant


def probe_answer(report: ProbeReport) -> ProbeAnswer:
    """Return what a probe found as it is answered."""
    probe = report.probe
    return ProbeAnswer(
        agent_id=probe.agent_id,
        version=probe.version,
        livekit_agent_name=probe.livekit_agent_name,
        livekit_deployment=probe.livekit_deployment,
        is_served=probe.is_served,
        worker_id=report.worker_id,
        agent_identity=report.agent_identity,
        joined_after_ms=report.joined_after_ms,
        detail=report.detail,
        probed_at=iso_utc(probe.probed_ms),
    )
