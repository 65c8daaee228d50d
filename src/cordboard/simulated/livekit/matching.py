"""Which trunk and which rule take a call: the matcher of the real server, its open doors included.

A trunk that lists the called number beats one without numbers. An address entry also matches the
host of the From header, which the caller chooses. Entries that are not an address at all are
dropped, and a trunk that has only such entries is open to everybody. A call that no trunk takes is
not refused: rules without trunks take it.
"""

from ipaddress import ip_address, ip_network

import msgspec
from livekit import api

from cordboard.simulated.livekit.index import ANY
from cordboard.simulated.livekit.sip import SIPStore, normalised

_NO_ADDRESS = (" ", ",", ";", "(", ")", "://")
_KINDS = ("dispatch_rule_direct", "dispatch_rule_individual", "dispatch_rule_callee")


class Invite(msgspec.Struct, frozen=True):
    """What a call comes with.

    Attributes:
        to: The user of the To header: what was dialled.
        from_: The user of the From header.
        source: The address that the INVITE came from.
        from_host: The host of the From header.
        headers: Further headers of the INVITE.
    """

    to: str
    from_: str
    source: str
    from_host: str
    headers: dict[str, str]


class LookUpError(Exception):
    """Trunks or rules contradict each other: the caller is told to try again later."""


def find_trunk(store: SIPStore, invite: Invite) -> api.SIPInboundTrunkInfo | None:
    """Return the trunk that takes a call; None: no trunk does.

    Raises:
        LookUpError: Two of them do.
    """
    called = normalised(invite.to)
    takers = [
        trunk for trunk in store.inbound.in_groups(called, ANY) if _admits_caller(trunk, invite)
    ]
    specific = [trunk for trunk in takers if trunk.numbers]
    found = specific or takers
    if len(found) > 1:
        raise LookUpError(f"trunks {found[0].sip_trunk_id} and {found[1].sip_trunk_id}")
    return found[0] if found else None


def find_rule(
    store: SIPStore, trunk: api.SIPInboundTrunkInfo | None, invite: Invite
) -> api.SIPDispatchRuleInfo | None:
    """Return the rule that takes a call; None: the caller hears ringing for ever.

    Callers here enter no PIN, so a rule that wants one takes none of them.

    Raises:
        LookUpError: Any two of the trunk's rules are the same, whether they match this call or not.
    """
    near = [trunk.sip_trunk_id, ANY] if trunk is not None else [ANY]
    if quarrel := store.rules.quarrel(near, besides=ANY):
        raise LookUpError(f"rules {quarrel[0]} and {quarrel[1]}")
    takers = [rule for rule in store.rules.in_groups(*near) if _takes(rule, invite)]
    return min(takers, key=_rank, default=None)


def _admits_caller(trunk: api.SIPInboundTrunkInfo, invite: Invite) -> bool:
    callers = {normalised(number) for number in trunk.allowed_numbers}
    if callers and normalised(invite.from_) not in callers:
        return False
    entries = [
        entry for entry in trunk.allowed_addresses if not any(sign in entry for sign in _NO_ADDRESS)
    ]
    return not entries or any(_matches(entry, invite) for entry in entries)


def _matches(entry: str, invite: Invite) -> bool:
    if entry == invite.from_host:
        return True
    try:
        return ip_address(invite.source) in ip_network(entry, strict=False)
    except ValueError:
        return False


def _takes(rule: api.SIPDispatchRuleInfo, invite: Invite) -> bool:
    """Compare number by number, as they are written: nothing is normalised here."""
    kind = rule.rule.WhichOneof("rule")
    return (
        kind is not None
        and not getattr(rule.rule, kind).pin
        and (not rule.inbound_numbers or invite.from_ in rule.inbound_numbers)
        and (not rule.numbers or invite.to in rule.numbers)
    )


def _rank(rule: api.SIPDispatchRuleInfo) -> tuple[bool, int, int, str]:
    kind = rule.rule.WhichOneof("rule") or ""
    filters = bool(rule.inbound_numbers) + bool(rule.numbers)
    where = rule.rule.dispatch_rule_direct.room_name or (
        rule.rule.dispatch_rule_individual.room_prefix or rule.rule.dispatch_rule_callee.room_prefix
    )
    return (not rule.trunk_ids, -filters, _KINDS.index(kind), where)
