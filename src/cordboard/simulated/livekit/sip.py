"""Trunks and dispatch rules: the checks of the real server, and its lack of a lock.

Observed of livekit-server 1.13.5: a create lists, validates, and then writes, so that two at once
can both win; ``replace`` takes the whole object; deleting an unknown trunk succeeds, deleting an
unknown rule does not; a list is never cut by its page.
"""

import asyncio
import re
import secrets
from collections.abc import Iterable
from itertools import product
from typing import TypeVar

from google.protobuf.message import Message
from livekit import api

from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.index import ANY, Indexed, Key

_FORMATTED = re.compile(r"\+?[0-9 \-()]+")

M = TypeVar("M", bound=Message)


def normalised(number: str) -> str:
    """Return a number as the server compares it: formatting off, a plus in front."""
    if not _FORMATTED.fullmatch(number):
        return number
    return "+" + re.sub(r"[^0-9]", "", number)


class SIPStore:
    """The hashes of trunks and rules; ``flush`` is a restart of Redis that kept nothing."""

    def __init__(self) -> None:
        """Begin empty."""
        self.inbound: Indexed[api.SIPInboundTrunkInfo] = Indexed(_trunk_keys)
        self.outbound: dict[str, api.SIPOutboundTrunkInfo] = {}
        self.rules: Indexed[api.SIPDispatchRuleInfo] = Indexed(_rule_keys)
        self.write_delay_s = 0.0
        """How long a create waits between its check and its write: the window of a race."""

    def flush(self) -> None:
        """Lose everything, and tell nobody."""
        self.inbound.clear()
        self.outbound.clear()
        self.rules.clear()

    async def create_inbound_trunk(
        self, request: api.CreateSIPInboundTrunkRequest
    ) -> api.SIPInboundTrunkInfo:
        """Check, wait a moment, write."""
        trunk = _copy(request.trunk)
        if trunk.sip_trunk_id:
            raise TwirpError("invalid_argument", "trunk ID must be empty")
        self._check_trunk(trunk, ANY)
        await asyncio.sleep(self.write_delay_s)
        trunk.sip_trunk_id = _new_id("ST_")
        self.inbound[trunk.sip_trunk_id] = trunk
        return trunk

    async def update_inbound_trunk(
        self, request: api.UpdateSIPInboundTrunkRequest
    ) -> api.SIPInboundTrunkInfo:
        """Replace a whole trunk."""
        if request.sip_trunk_id not in self.inbound:
            raise TwirpError("not_found", "requested sip trunk does not exist")
        if request.WhichOneof("action") != "replace":
            raise TwirpError("invalid_argument", "only replace is simulated")
        trunk = _copy(request.replace)
        trunk.sip_trunk_id = request.sip_trunk_id
        self._check_trunk(trunk, request.sip_trunk_id)
        self.inbound[request.sip_trunk_id] = trunk
        return trunk

    async def list_inbound_trunk(
        self, request: api.ListSIPInboundTrunkRequest
    ) -> api.ListSIPInboundTrunkResponse:
        """List everything that matches; wildcard trunks match every number."""
        wanted = {normalised(number) for number in request.numbers}
        found = [
            trunk
            for trunk in _named(self.inbound, request.trunk_ids)
            if not wanted or not trunk.numbers or wanted & set(map(normalised, trunk.numbers))
        ]
        return api.ListSIPInboundTrunkResponse(items=found)

    async def create_outbound_trunk(
        self, request: api.CreateSIPOutboundTrunkRequest
    ) -> api.SIPOutboundTrunkInfo:
        """Write a trunk to dial with; two may be the same."""
        trunk = _copy(request.trunk)
        if trunk.sip_trunk_id:
            raise TwirpError("invalid_argument", "trunk ID must be empty")
        if not (trunk.address and trunk.numbers):
            raise TwirpError("invalid_argument", "an outbound trunk needs an address and numbers")
        trunk.sip_trunk_id = _new_id("ST_")
        self.outbound[trunk.sip_trunk_id] = trunk
        return trunk

    async def list_outbound_trunk(
        self, request: api.ListSIPOutboundTrunkRequest
    ) -> api.ListSIPOutboundTrunkResponse:
        """List the trunks to dial with that are named, or all."""
        ids = set(request.trunk_ids) or set(self.outbound)
        found = [trunk for trunk_id, trunk in sorted(self.outbound.items()) if trunk_id in ids]
        return api.ListSIPOutboundTrunkResponse(items=found)

    async def delete_trunk(self, request: api.DeleteSIPTrunkRequest) -> api.SIPTrunkInfo:
        """Delete a trunk, known or not; rules that name it stay."""
        self.inbound.pop(request.sip_trunk_id, None)
        self.outbound.pop(request.sip_trunk_id, None)
        return api.SIPTrunkInfo(sip_trunk_id=request.sip_trunk_id)

    async def create_dispatch_rule(
        self, request: api.CreateSIPDispatchRuleRequest
    ) -> api.SIPDispatchRuleInfo:
        """Check against all rules, wait a moment, write."""
        rule = _copy(request.dispatch_rule)
        if rule.sip_dispatch_rule_id:
            raise TwirpError("invalid_argument", "rule ID must be empty")
        self._check_rule(rule, near=None)
        await asyncio.sleep(self.write_delay_s)
        rule.sip_dispatch_rule_id = _new_id("SDR_")
        self.rules[rule.sip_dispatch_rule_id] = rule
        return rule

    async def update_dispatch_rule(
        self, request: api.UpdateSIPDispatchRuleRequest
    ) -> api.SIPDispatchRuleInfo:
        """Replace a whole rule; it is checked against the rules of its own trunks only."""
        if request.sip_dispatch_rule_id not in self.rules:
            raise TwirpError("not_found", "requested sip dispatch rule does not exist")
        if request.WhichOneof("action") != "replace":
            raise TwirpError("invalid_argument", "only replace is simulated")
        rule = _copy(request.replace)
        rule.sip_dispatch_rule_id = request.sip_dispatch_rule_id
        self._check_rule(rule, near=[*rule.trunk_ids, ANY])
        self.rules[rule.sip_dispatch_rule_id] = rule
        return rule

    async def list_dispatch_rule(
        self, request: api.ListSIPDispatchRuleRequest
    ) -> api.ListSIPDispatchRuleResponse:
        """List everything that matches; rules without trunks match every trunk."""
        wanted = set(request.trunk_ids)
        found = [
            rule
            for rule in _named(self.rules, request.dispatch_rule_ids)
            if not wanted or not rule.trunk_ids or wanted & set(rule.trunk_ids)
        ]
        return api.ListSIPDispatchRuleResponse(items=found)

    async def delete_dispatch_rule(
        self, request: api.DeleteSIPDispatchRuleRequest
    ) -> api.SIPDispatchRuleInfo:
        """Delete a rule that is there."""
        if request.sip_dispatch_rule_id not in self.rules:
            raise TwirpError("not_found", "requested sip dispatch rule does not exist")
        return self.rules.pop(request.sip_dispatch_rule_id)

    def _check_trunk(self, trunk: api.SIPInboundTrunkInfo, own_id: str) -> None:
        """Refuse a trunk without any security, or with a number that another one has."""
        if not (trunk.numbers or trunk.allowed_addresses or trunk.auth_username):
            raise TwirpError(
                "invalid_argument", "for security, one of the fields must be set: auth or numbers"
            )
        for key in _trunk_keys(trunk):
            for other_id in self.inbound.holders(key, besides=own_id):
                mine = own_id or "<new>"
                raise TwirpError(
                    "invalid_argument",
                    f"Conflicting inbound SIP Trunks: {mine} and {other_id}, using the same "
                    "number(s) without AllowedNumbers set",
                )

    def _check_rule(self, rule: api.SIPDispatchRuleInfo, near: list[str] | None) -> None:
        """Refuse when any two rules match the same calls, whoever's they are.

        Looked at are the rules of the trunks in ``near``, or all: then one conflict anywhere keeps
        every new rule out.
        """
        own_id = rule.sip_dispatch_rule_id
        if quarrel := self.rules.quarrel(near, besides=own_id):
            raise _rule_conflict(quarrel[0])
        keys = _rule_keys(rule)
        if len(set(keys)) < len(keys):
            raise _rule_conflict(own_id)
        for key in keys:
            for other_id in self.rules.holders(key, besides=own_id):
                raise _rule_conflict(other_id)


def _trunk_keys(trunk: api.SIPInboundTrunkInfo) -> list[Key]:
    called = [normalised(number) for number in trunk.numbers] or [ANY]
    callers = [normalised(number) for number in trunk.allowed_numbers] or [ANY]
    return list(product(called, callers))


def _rule_keys(rule: api.SIPDispatchRuleInfo) -> list[Key]:
    kind = rule.rule.WhichOneof("rule")
    pin = getattr(rule.rule, kind).pin if kind else ANY
    trunks = list(rule.trunk_ids) or [ANY]
    callers = [normalised(number) for number in rule.inbound_numbers] or [ANY]
    called = [normalised(number) for number in rule.numbers] or [ANY]
    return list(product(trunks, [pin], callers, called))


def _rule_conflict(rule_id: str) -> TwirpError:
    return TwirpError(
        "invalid_argument",
        "Dispatch rule for the same trunk, number, and PIN combination already "
        f"exists in dispatch rule {rule_id!r}",
    )


def _named(objects: Indexed[M], ids: Iterable[str]) -> list[M]:
    """Return the objects with these ids, all where none are named, in the order of their ids."""
    return [objects[object_id] for object_id in sorted(set(ids) or objects) if object_id in objects]


def _copy(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(6)
