"""What can stand in the way of a request that is right in itself."""

from cordboard.agents.errors import (
    AgentInUseError,
    AgentNotFoundError,
    AgentVersionNotFoundError,
    ProbeRunningError,
)
from cordboard.calls.model import CallInProgressError, CallNotFoundError
from cordboard.edge.api.error_catalogue.row import LATER, WAIT, Row
from cordboard.edge.api.refusals import IdempotencyUnsupportedError, InternalError
from cordboard.numbers.aliases import AliasExistsError
from cordboard.numbers.model import NumberExistsError, NumberNotFoundError, RevisionMismatchError
from cordboard.organizations.model import (
    APIKeyEndedError,
    APIKeyNotFoundError,
    OrganizationNotFoundError,
)
from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    IndeterminateWriteError,
    StorageFullError,
)
from cordboard.runtime.idempotency import IdempotencyMismatchError

MISSING = (
    Row(
        NumberNotFoundError,
        "The organization has no such number. Another organization's looks the same.",
        "Phone number with ID '+14157774444' does not exist in organization 'org_123'",
        "List the numbers; check that the key pair is the right organization's.",
    ),
    Row(
        AgentNotFoundError,
        "The organization has no such agent; it may be deleted. Another organization's looks the "
        "same.",
        "Agent with ID 'agent_abc123' does not exist in organization 'org_123'",
        "List the agents; check that the key pair is the right organization's.",
    ),
    Row(
        AgentVersionNotFoundError,
        "The agent has no such version.",
        "Version 7 of agent 'agent_abc123' does not exist",
        "List the agent's versions, or publish and change the agent to make the next one.",
    ),
    Row(
        OrganizationNotFoundError,
        "The path names another organization than the key pair's, whether it exists or not.",
        "Organization with ID 'org_456' does not exist",
        "Use the organization's id that every answer shows as organization_id.",
    ),
    Row(
        APIKeyNotFoundError,
        "The organization has no such key pair.",
        "API key with ID 'apikey_5f2c9d10a7b34e68c1d2e3f4' does not exist in organization "
        "'org_123'",
        "List the key pairs; the id begins with apikey_, not with sk_.",
    ),
    Row(
        CallNotFoundError,
        "The organization has no such call; it may be deleted. Another organization's looks the "
        "same.",
        "Call with ID 'call_mfrggzdfmztwq2lknnwg23tpob' does not exist in organization 'org_123'",
        "List the calls; check that the key pair is the right organization's.",
    ),
)
CONFLICTS = (
    Row(
        CallInProgressError,
        "The call has not ended, so its record cannot be deleted.",
        "Call with ID 'call_mfrggzdfmztwq2lknnwg23tpob' has not ended; end it first",
        "End the call, or wait for its end.",
        LATER,
    ),
    Row(
        NumberExistsError,
        "The number is registered, here or in another organization, which is not named.",
        "Phone number with ID '+14157774444' is already registered",
        "Change the number instead, or have it deleted where it is.",
    ),
    Row(
        AliasExistsError,
        "The alias leads to a number, of this or another organization, which is not named.",
        "Alias 'support' leads to a phone number already",
        "Take another, or take it off the number that has it.",
    ),
    Row(
        AgentInUseError,
        "Phone numbers are bound to the agent.",
        "Agent with ID 'agent_abc123' is bound to 3 phone numbers; unbind first, or delete with "
        "force=true",
        "Bind the numbers to another agent, or add `?force=true`.",
    ),
    Row(
        ProbeRunningError,
        "The agent is being probed already, by this or another request.",
        "Agent with ID 'agent_abc123' is being probed; wait for that probe's end",
        "Wait for the answer to the first request.",
        WAIT,
    ),
    Row(
        APIKeyEndedError,
        "The key pair is revoked or expired, so no new secret would work.",
        "API key with ID 'apikey_5f2c9d10a7b34e68c1d2e3f4' is revoked; create a new one",
        "Make a new key pair.",
    ),
    Row(
        IdempotencyMismatchError,
        "The Idempotency-Key came before, on the same path, with another body.",
        "Idempotency-Key 'order-17' was used before with another body",
        "Take a new key for a new request; repeat a request byte for byte.",
    ),
    Row(
        IdempotencyUnsupportedError,
        "The answer shows a secret, so it may not be stored under an Idempotency-Key.",
        "Idempotency-Key: this answer shows a secret, so it is never stored",
        "Leave the header out. After a lost answer, list the key pairs and revoke the one that is "
        "too many.",
    ),
    Row(
        RevisionMismatchError,
        "The number has changed since the revision that If-Match names.",
        "Phone number '+14157774444' is now \"num_0f3a.4\"; read it again and retry",
        "Read the number, decide again, and send its present ETag.",
        "Yes, with the present ETag.",
    ),
)
FAILURES = (
    Row(
        DatabaseUnavailableError,
        "The database cannot be reached or is too busy.",
        "The database cannot be reached; nothing was done",
        "Wait and repeat. If it lasts, tell the operator.",
        WAIT,
    ),
    Row(
        IndeterminateWriteError,
        "The answer to a commit was lost on the way: the change may have happened.",
        "The connection broke while the change was committed",
        "Repeat the request with the same Idempotency-Key, or read what is there now.",
        "Yes, with the same `Idempotency-Key`; without one, read first.",
    ),
    Row(
        StorageFullError,
        "The disk of the database is full.",
        "The disk of the database is full; nothing was done",
        "Tell the operator to make room.",
        LATER,
    ),
    Row(
        InternalError,
        "Something broke inside.",
        "The cause is in the server's log under this request_id",
        "Tell the operator the request_id.",
        "Perhaps; read first whether it was done.",
    ),
)
