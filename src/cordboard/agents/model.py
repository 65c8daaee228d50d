"""An agent, its versions, and the rules they obey: no I/O.

Field rules follow the published pages of ``/api/agents``; what is kept for the worker has its own
in ``configuration.py``.
"""

import re
from typing import Any

import msgspec

from cordboard.agents.configuration import (
    Configuration,
    ConfigurationChanges,
    checked_configuration,
    is_same,
)
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.ids import AgentId, OrganizationId

AGENT_ID = re.compile(r"[A-Za-z0-9_.\-]+")
"""The alphabet of agents' ids, and of the names under which workers register with LiveKit."""

RESERVED_WORKER = "cordboard-nobody"
"""Named in rules whose calls Cordboard decides itself; no worker may register it."""

LONGEST_NAME = 50
LONGEST_WORKER = 128
WORKER_FIELDS = ("livekit_agent_name", "livekit_deployment")


class AgentVersion(msgspec.Struct, frozen=True):
    """A state of an agent; it stays as it is once published.

    Attributes:
        version: From 1; a number names it.
        livekit_agent_name: The name under which the agent's workers register with LiveKit.
        livekit_deployment: Which of these workers take the job, or None for any.
        configuration: What is kept for the worker.
        published_ms: When it was published, or None while it can still change.
        created_ms, updated_ms: Epoch milliseconds; ``updated_ms`` never goes backwards.
    """

    agent_id: AgentId
    organization_id: OrganizationId
    version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    configuration: Configuration
    published_ms: int | None
    created_ms: int
    updated_ms: int

    @property
    def etag(self) -> str | None:
        """The strong entity tag (RFC 9110, section 8.8.3) of a published version, with quotes."""
        return None if self.published_ms is None else f'"{self.agent_id}.{self.version}"'

    def changed(self, changes: "AgentChanges", now_ms: int) -> "AgentVersion":
        """Return this version with some things changed; itself when none of them is new.

        What is published stays as it is: then the next version is returned.

        Raises:
            InvalidError: The configuration would be too large.
        """
        configuration = changes.configuration.applied_to(self.configuration)
        after = msgspec.structs.replace(self, configuration=configuration, **changes.worker)
        if is_same(after, self):
            return self
        now_ms = max(now_ms, self.updated_ms)
        if self.published_ms is None:
            return msgspec.structs.replace(after, updated_ms=now_ms)
        return msgspec.structs.replace(
            after,
            version=self.version + 1,
            published_ms=None,
            created_ms=now_ms,
            updated_ms=now_ms,
        )


class Agent(msgspec.Struct, frozen=True):
    """A voice agent and its newest version.

    Attributes:
        agent_name: Belongs to the agent, not to a version.
        revision: Counts changes from 1.
        created_ms, updated_ms: Epoch milliseconds; ``updated_ms`` never goes backwards.
    """

    agent_id: AgentId
    organization_id: OrganizationId
    agent_name: str
    revision: int
    created_ms: int
    updated_ms: int
    newest: AgentVersion

    def changed(self, changes: "AgentChanges", now_ms: int) -> "Agent":
        """Return the next revision with some things changed; itself when none of them is new.

        Raises:
            InvalidError: The configuration would be too large.
        """
        newest = self.newest.changed(changes, now_ms)
        agent_name = changes.agent_name or self.agent_name
        if newest is self.newest and agent_name == self.agent_name:
            return self
        return self._next(now_ms, agent_name=agent_name, newest=newest)

    def published(self, now_ms: int) -> "Agent":
        """Return the next revision with the newest version frozen; itself when it is already."""
        if self.newest.published_ms is not None:
            return self
        now_ms = max(now_ms, self.updated_ms)
        return self._next(now_ms, newest=msgspec.structs.replace(self.newest, published_ms=now_ms))

    def deleted(self, now_ms: int) -> "Agent":
        """Return the last revision, in which the agent is gone."""
        return self._next(now_ms)

    def _next(self, now_ms: int, **changes: Any) -> "Agent":  # noqa: ANN401 - as the fields are
        return msgspec.structs.replace(
            self,
            revision=self.revision + 1,
            updated_ms=max(now_ms, self.updated_ms),
            **changes,
        )


class NewAgent(msgspec.Struct, frozen=True):
    """A checked request to create an agent.

    Attributes:
        livekit_agent_name: None for the id that the agent will have.
    """

    agent_name: str
    livekit_agent_name: str | None
    livekit_deployment: str | None
    configuration: Configuration

    def created(self, organization_id: OrganizationId, agent_id: AgentId, now_ms: int) -> Agent:
        """Return the agent as it stands once created, in its first version."""
        first = AgentVersion(
            agent_id=agent_id,
            organization_id=organization_id,
            version=1,
            livekit_agent_name=self.livekit_agent_name or agent_id,
            livekit_deployment=self.livekit_deployment,
            configuration=self.configuration,
            published_ms=None,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        return Agent(agent_id, organization_id, self.agent_name, 1, now_ms, now_ms, first)


class AgentChanges(msgspec.Struct, frozen=True):
    """What a checked request changes of an agent.

    Attributes:
        agent_name: None for the present one.
        worker: Those of ``WORKER_FIELDS`` that change.
        configuration: What changes in what is kept for the worker.
    """

    agent_name: str | None
    worker: dict[str, str | None]
    configuration: ConfigurationChanges


def checked_agent(given: dict[str, Any]) -> NewAgent:
    """Return the agent that a client's fields ask for.

    Args:
        given: Field → value of the right type; null values are left out.

    Raises:
        InvalidError: A field breaks its rule.
    """
    changes = checked_changes(given)
    return NewAgent(
        agent_name=checked_agent_name(given["agent_name"]),
        livekit_agent_name=changes.worker.get("livekit_agent_name"),
        livekit_deployment=changes.worker.get("livekit_deployment"),
        configuration=changes.configuration.applied_to({}),
    )


def checked_changes(given: dict[str, Any]) -> AgentChanges:
    """Return what a client's fields change.

    Args:
        given: Field → value of the right type; null clears what can be empty.

    Raises:
        InvalidError: A field breaks its rule or cannot change.
    """
    if "agent_id" in given:
        raise InvalidError("agent_id", "immutable", "cannot be changed; leave it out")
    for field in ("agent_name", "livekit_agent_name"):
        if field in given and given[field] is None:
            raise InvalidError(field, "type", "must not be null; leave it out to keep it")
    worker = {
        field: None if given[field] is None else _checked_worker(given[field], field)
        for field in WORKER_FIELDS
        if field in given
    }
    kept = {
        field: value
        for field, value in given.items()
        if field != "agent_name" and field not in WORKER_FIELDS
    }
    agent_name = checked_agent_name(given["agent_name"]) if "agent_name" in given else None
    return AgentChanges(agent_name, worker, checked_configuration(kept))


def checked_agent_name(text: str) -> str:
    """Return a trimmed name of 1–50 characters (the published page of agents/create).

    Raises:
        InvalidError: ``validation.length`` or ``validation.characters``.
    """
    if "\0" in text:
        raise InvalidError("agent_name", "characters", "must not hold the NUL character")
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= LONGEST_NAME:
        raise InvalidError("agent_name", "length", f"must have 1 to {LONGEST_NAME} characters")
    return trimmed


def differences(before: Agent | None, after: Agent | None) -> dict[str, Any]:
    """Return what lies between two states, field → ``{"from": …, "to": …}``; None is no agent."""
    here, there = _recorded(before), _recorded(after)
    return {
        field: {"from": here.get(field), "to": there.get(field)}
        for field in here | there
        if not is_same(here.get(field), there.get(field))
    }


def _recorded(agent: Agent | None) -> dict[str, Any]:
    """Return the fields of an agent that its history keeps."""
    if agent is None:
        return {}
    newest = agent.newest
    return {
        "agent_name": agent.agent_name,
        "version": newest.version,
        "livekit_agent_name": newest.livekit_agent_name,
        "livekit_deployment": newest.livekit_deployment,
        "published_at": None if newest.published_ms is None else iso_utc(newest.published_ms),
        **newest.configuration,
    }


def _checked_worker(value: str, field: str) -> str:
    """Return ``value``, a name that workers may register or one of their deployments."""
    if not 1 <= len(value) <= LONGEST_WORKER:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_WORKER} characters")
    if not AGENT_ID.fullmatch(value):
        raise InvalidError(field, "characters", "may only hold A-Z a-z 0-9 _ - .")
    if field == "livekit_agent_name" and value == RESERVED_WORKER:
        raise InvalidError(field, "choice", f"{RESERVED_WORKER} is reserved")
    return value


class Probe(msgspec.Struct, frozen=True):
    """What the last probe of a version found: whether a worker joins when it is sent for.

    Attributes:
        livekit_agent_name, livekit_deployment: As they were then; a draft's can change.
        probed_ms: When it ended.
    """

    organization_id: OrganizationId
    agent_id: AgentId
    version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    is_served: bool
    probed_ms: int
