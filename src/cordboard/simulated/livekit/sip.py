"""Trunks and dispatch rules: the checks of the real server, and its lack of a lock.

Observed of livekit-server 1.13.5: a create lists, validates, and then writes, so that two at once
can both win; ``replace`` takes the whole object; deleting an unknown trunk succeeds, deleting an
unknown rule does not; a list is never cut by its page limit.
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

_FORMATTED = re.compile(r"\+?[0-9 \-()]+")
ANY = ""

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
        self.inbound: dict[str, api.SIPInboundTrunkInfo] = {}
        self.outbound: dict[str, api.SIPOutboundTrunkInfo] = {}
        self.rules: dict[str, api.SIPDispatchRuleInfo] = {}
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
            for trunk_id, trunk in sorted(self.inbound.items())
            if (not request.trunk_ids or trunk_id in request.trunk_ids)
            and (not wanted or not trunk.numbers or wanted & set(map(normalised, trunk.numbers)))
        ]
        return api.ListSIPInboundTrunkResponse(items=found)

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
        self._check_rules([*self.rules.values(), rule])
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
        trunks = set(rule.trunk_ids)
        near = [
            other
            for rule_id, other in self.rules.items()
            if rule_id != request.sip_dispatch_rule_id
            and (not other.trunk_ids or trunks & set(other.trunk_ids))
        ]
        self._check_rules([*near, rule])
        self.rules[rule.sip_dispatch_rule_id] = rule
        return rule

    async def list_dispatch_rule(
        self, request: api.ListSIPDispatchRuleRequest
    ) -> api.ListSIPDispatchRuleResponse:
        """List everything that matches; rules without trunks match every trunk."""
        wanted = set(request.trunk_ids)
        found = [
            rule
            for rule_id, rule in sorted(self.rules.items())
            if (not request.dispatch_rule_ids or rule_id in request.dispatch_rule_ids)
            and (not wanted or not rule.trunk_ids or wanted & set(rule.trunk_ids))
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
        for other_id, other in self.inbound.items():
            if other_id != own_id and _trunk_keys(trunk) & _trunk_keys(other):
                mine = own_id or "<new>"
                raise TwirpError(
                    "invalid_argument",
                    f"Conflicting inbound SIP Trunks: {mine} and {other_id}, using the same "
                    "number(s) without AllowedNumbers set",
                )

    def _check_rules(self, rules: Iterable[api.SIPDispatchRuleInfo]) -> None:
        """Refuse when any two rules match the same calls, whoever's they are."""
        seen: dict[tuple[str, ...], str] = {}
        for rule in rules:
            for key in _rule_keys(rule):
                if key in seen:
                    raise TwirpError(
                        "invalid_argument",
                        "Dispatch rule for the same trunk, number, and PIN combination already "
                        f"exists in dispatch rule {seen[key]!r}",
                    )
                seen[key] = rule.sip_dispatch_rule_id


def _trunk_keys(trunk: api.SIPInboundTrunkInfo) -> set[tuple[str, str]]:
    called = [normalised(number) for number in trunk.numbers] or [ANY]
    callers = [normalised(number) for number in trunk.allowed_numbers] or [ANY]
    return set(product(called, callers))


def _rule_keys(rule: api.SIPDispatchRuleInfo) -> set[tuple[str, ...]]:
    kind = rule.rule.WhichOneof("rule")
    pin = getattr(rule.rule, kind).pin if kind else ANY
    trunks = list(rule.trunk_ids) or [ANY]
    callers = [normalised(number) for number in rule.inbound_numbers] or [ANY]
    called = [normalised(number) for number in rule.numbers] or [ANY]
    return set(product([pin], trunks, callers, called))


def _copy(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(6)
