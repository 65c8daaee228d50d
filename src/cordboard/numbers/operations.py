"""What can be done with phone numbers. Each writes the number, its history and an event at once."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from cordboard.agents.binding import Binding, check_bindings
from cordboard.numbers import store
from cordboard.numbers.aliases import AliasExistsError
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import (
    NewNumber,
    Number,
    NumberExistsError,
    NumberRules,
    RevisionMismatchError,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Statement, UniqueViolationError, WriteTx
from cordboard.runtime.ids import RegistrationId
from cordboard.runtime.outbox import insert_event

RECORDED = (
    "phone_number",
    "area_code",
    "nickname",
    "phone_number_type",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_agent_version",
    "outbound_agent_version",
    "inbound_webhook_url",
    "number_provider",
    "outbound_trunk_id",
)
"""The published fields that the history tells of; Cordboard's own are added where they are set."""

BOUND = ("inbound", "outbound", "fallback")
"""How an agent can be bound to a number: the beginnings of the names of two fields each."""

UNBOUND_AT_ONCE = 50_000

EntityTags = Collection[str] | None
"""The tags of ``If-Match``, one of which must be the number's; None when there is no condition."""


async def create_number(tx: WriteTx, actor: Actor, new: NewNumber, rules: NumberRules) -> Number:
    """Register a number and bind it to its agents. Nothing is bought.

    Raises:
        AgentNotFoundError, AgentVersionNotFoundError: It names an agent it may not be bound to.
        NumberExistsError: The number is registered, here or elsewhere in the installation.
        AliasExistsError: An alias leads to a number already.
    """
    await check_bindings(
        tx,
        actor.organization_id,
        (new.inbound_agent_id, new.inbound_agent_version),
        (new.outbound_agent_id, new.outbound_agent_version),
        (new.fallback_agent_id, new.fallback_agent_version),
        requires_registered=rules.requires_registered_agents,
    )
    registration_id = RegistrationId(tx.new_id("num_"))
    number = new.registered(actor.organization_id, registration_id, tx.now_ms)
    changes = {field: {"from": None, "to": value} for field, value in _recorded(number)}
    try:
        await tx.execute_together(
            store.insert_number(number),
            store.update_count(actor.organization_id, tx.shard, 1),
            store.insert_history(actor, number, tx.now_ms, "created", changes),
            _event(tx, actor, "number_created", number),
        )
    except UniqueViolationError as error:
        raise NumberExistsError(number.phone_number) from error
    await _take_aliases(tx, number, new.aliases)
    return number


async def update_number(
    tx: WriteTx,
    actor: Actor,
    phone_number: E164,
    changes: dict[str, Any],
    if_match: EntityTags,
    rules: NumberRules,
) -> Number:
    """Change some fields of a number; what is equal already changes nothing and leaves no trace.

    Raises:
        NumberNotFoundError: The organization has no such number.
        AgentNotFoundError, AgentVersionNotFoundError: It names an agent it may not be bound to.
        RevisionMismatchError: ``if_match`` does not name the number's revision.
        AliasExistsError: An alias leads to another number.
    """
    before = await store.get_number_for_update(tx, actor.organization_id, phone_number)
    changes = before.differences(changes)
    after = before.changed(changes, tx.now_ms)
    await check_bindings(
        tx,
        actor.organization_id,
        *_bindings_in(changes, after),
        requires_registered=rules.requires_registered_agents,
    )
    _check_precondition(before, if_match)
    if not changes:
        return before
    differences = {
        field: {"from": getattr(before, field), "to": value} for field, value in changes.items()
    }
    await tx.execute_together(
        store.update_number(after),
        store.insert_history(actor, after, after.updated_ms, "updated", differences),
        _event(tx, actor, "number_updated", after),
        *(store.delete_alias(before, each) for each in before.aliases if each not in after.aliases),
    )
    await _take_aliases(tx, after, [each for each in after.aliases if each not in before.aliases])
    return after


async def delete_number(
    tx: WriteTx, actor: Actor, phone_number: E164, if_match: EntityTags
) -> Number:
    """Take a number out of every route; return it as it was. Nothing is released at the carrier.

    Raises:
        NumberNotFoundError: The organization has no such number.
        RevisionMismatchError: ``if_match`` does not name the number's revision.
    """
    number = await store.get_number_for_update(tx, actor.organization_id, phone_number)
    _check_precondition(number, if_match)
    deleted = number.changed({}, tx.now_ms)
    changes = {field: {"from": value, "to": None} for field, value in _recorded(number)}
    await tx.execute_together(
        store.delete_number(number),
        store.update_count(actor.organization_id, tx.shard, -1),
        store.insert_history(actor, deleted, deleted.updated_ms, "deleted", changes),
        _event(tx, actor, "number_deleted", deleted),
        *(store.delete_alias(number, alias) for alias in number.aliases),
    )
    return number


async def unbind_agent(tx: WriteTx, actor: Actor, agent_id: str) -> None:
    """Unbind every number of the organization from an agent, each in its next revision.

    The caller has locked the agent's row, so no number can become bound to it meanwhile.
    """
    while batch := await store.claim_bound_numbers(
        tx, actor.organization_id, agent_id, UNBOUND_AT_ONCE
    ):
        # The update comes last, because the others look for what is still bound.
        await tx.execute_together(
            store.insert_unbinding_history(actor, batch, tx.now_ms),
            store.insert_unbinding_events(actor, batch, tx.now_ms),
            store.update_unbound(actor, batch, tx.now_ms),
        )


async def _take_aliases(tx: WriteTx, number: Number, aliases: Iterable[str]) -> None:
    """Let aliases lead to a number; in one order, so that two who do this do not deadlock."""
    for alias in sorted(aliases):
        if not await store.insert_alias(tx, number, alias):
            raise AliasExistsError(alias)


def _recorded(number: Number) -> Iterator[tuple[str, Any]]:
    """Go through the fields that have a value, as the history tells of them."""
    for field in RECORDED:
        if (value := getattr(number, field)) is not None:
            yield field, value
    for field, value in number.extensions.items():
        if value is not None:
            yield field, value


def _bindings_in(changes: dict[str, Any], after: Number) -> list[Binding]:
    """Return the bindings that a change touches; the others were checked when they were made."""
    return [
        (getattr(after, agent_id), getattr(after, version))
        for agent_id, version in ((f"{how}_agent_id", f"{how}_agent_version") for how in BOUND)
        if agent_id in changes or version in changes
    ]


def _check_precondition(number: Number, if_match: EntityTags) -> None:
    """Hold the number's tag against those of ``If-Match``; ``*`` matches any."""
    if if_match is None or "*" in if_match or number.etag in if_match:
        return
    detail = f"Phone number '{number.phone_number}' is now {number.etag}; read it again and retry"
    raise RevisionMismatchError(detail)


def _event(tx: WriteTx, actor: Actor, event: str, number: Number) -> Statement:
    data = {"phone_number": number.phone_number, "revision": number.revision}
    return insert_event(tx, actor, event, number.registration_id, data)
