"""What a room and its API show of an inbound call."""

import hashlib
import secrets

from livekit import api

from cordboard.simulated.livekit.matching import Invite
from cordboard.simulated.livekit.rooms import new_id

_HEADER_ATTRIBUTES = {
    "X-Twilio-CallSid": "sip.twilio.callSid",
    "X-Twilio-AccountSid": "sip.twilio.accountSid",
}


def request_for_room(rule: api.SIPDispatchRuleInfo, invite: Invite) -> api.CreateRoomRequest:
    """Return what opens the room of a call."""
    config = rule.room_config
    return api.CreateRoomRequest(
        name=_room_name(rule.rule, invite),
        empty_timeout=config.empty_timeout,
        departure_timeout=config.departure_timeout,
        max_participants=config.max_participants,
        metadata=config.metadata,
        agents=config.agents,
    )


def _room_name(rule: api.SIPDispatchRule, invite: Invite) -> str:
    random = secrets.token_hex(6)
    match rule.WhichOneof("rule"):
        case "dispatch_rule_direct":
            return rule.dispatch_rule_direct.room_name
        case "dispatch_rule_callee":
            callee = rule.dispatch_rule_callee
            parts = [callee.room_prefix, invite.to, random if callee.randomize else ""]
        case _:
            own = rule.dispatch_rule_individual
            parts = [own.room_prefix, invite.from_, "" if own.no_randomness else random]
    return "_".join(part for part in parts if part)


def described(
    invite: Invite,
    sip_call_id: str,
    trunk: api.SIPInboundTrunkInfo | None,
    rule: api.SIPDispatchRuleInfo,
) -> api.ParticipantInfo:
    """Return the participant that a caller becomes."""
    attributes = {
        "sip.callID": new_id("SCL_"),
        "sip.callIDFull": sip_call_id,
        "sip.callStatus": "ringing",
        "sip.callTag": secrets.token_hex(4),
        "sip.ruleID": rule.sip_dispatch_rule_id,
        "sip.trunkID": trunk.sip_trunk_id if trunk is not None else "",
    }
    caller = invite.from_
    if rule.hide_phone_number:
        caller = hashlib.sha256(caller.encode()).hexdigest()[:16]
    else:
        attributes["sip.hostname"] = invite.from_host
        attributes["sip.phoneNumber"] = caller
        attributes["sip.trunkPhoneNumber"] = invite.to
    attributes |= dict(rule.attributes) | _of_headers(trunk, invite.headers)
    return api.ParticipantInfo(
        identity=f"sip_{caller}",
        name=f"Phone {caller}",
        kind=api.ParticipantInfo.Kind.SIP,
        metadata=rule.metadata,
        attributes=attributes,
    )


def _of_headers(trunk: api.SIPInboundTrunkInfo | None, headers: dict[str, str]) -> dict[str, str]:
    known = _HEADER_ATTRIBUTES | (dict(trunk.headers_to_attributes) if trunk is not None else {})
    found = {known[name]: value for name, value in headers.items() if name in known}
    included = trunk.include_headers if trunk is not None else api.SIPHeaderOptions.SIP_NO_HEADERS
    for name, value in headers.items():
        is_own = name.lower().startswith("x-")
        if included == api.SIPHeaderOptions.SIP_ALL_HEADERS or (
            included == api.SIPHeaderOptions.SIP_X_HEADERS and is_own
        ):
            found[f"sip.h.{name.lower()}"] = value
    return found
