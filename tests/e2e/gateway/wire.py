"""The messages between livekit-sip and livekit-server 1.13.5, as far as they are needed.

The wire is internal to LiveKit and has no promise of compatibility; the canary look-up of each run
fails when it has changed. Messages of the public protocol travel as plain bytes here and are read
with LiveKit's own package.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPES = {
    "s": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "b": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "i": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "f": descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT,
    "t": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
}

_OPTIONAL = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
_REPEATED = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED

# A map is a list of pairs on the wire; "*" marks what may come more than once.
_ENVELOPE = {
    "Msg": "1 type_url s, 2 value b",
    "Request": "1 request_id s, 2 client_id s, 3 sent_at i, 4 expiry i, 5 multi t, 8 raw_request b",
    "ClaimRequest": "1 request_id s, 2 server_id s, 3 affinity f",
    "ClaimResponse": "1 request_id s, 2 server_id s",
    "Detail": "1 type_url s, 2 value b",
    "Response": "1 request_id s, 2 server_id s, 3 sent_at i, 5 error s, 6 code s, "
    "7 raw_response b, 8 error_details *Detail",
}
_LOOK_UPS = {
    "Uri": "1 user s, 2 host s, 3 ip s, 4 port i, 5 transport i",
    "SIPCall": "1 lk_call_id s, 2 source_ip s, 3 address Uri, 4 from_uri Uri, 5 to_uri Uri, "
    "7 sip_call_id s",
    "GetSIPTrunkAuthenticationRequest": "8 call SIPCall",
    "GetSIPTrunkAuthenticationResponse": "1 username s, 3 drop t, 4 sip_trunk_id s, 7 error_code i",
    "EvaluateSIPDispatchRulesRequest": "12 call SIPCall, 10 sip_trunk_id s, 5 pin s, 6 no_pin t",
    "EvaluateSIPDispatchRulesResponse": "6 result i, 1 room_name s, 2 participant_identity s, "
    "7 participant_name s, 8 participant_metadata s, 11 participant_attributes *Attribute, "
    "9 sip_trunk_id s, 10 sip_dispatch_rule_id s, 21 room_config b, 16 ringing_timeout b, "
    "17 max_call_duration b",
    "Attribute": "1 key s, 2 value s",
    "InternalCreateSIPParticipantRequest": "13 sip_call_id s, 19 sip_trunk_id s, 2 address s, "
    "3 number s, 4 call_to s, 7 room_name s, 8 participant_identity s, 14 participant_name s, "
    "15 participant_metadata s, 17 participant_attributes *Attribute, 23 ringing_timeout b, "
    "24 max_call_duration b, 29 wait_until_answered t",
    "InternalCreateSIPParticipantResponse": "1 participant_id s, 2 participant_identity s, "
    "3 sip_call_id s",
    "SIPStatus": "1 code i, 2 status s",
}


def _built(package: str, table: dict[str, str]) -> dict[str, Any]:
    """Return message classes from a table, in a pool of their own."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package)
    file.syntax = "proto3"
    for name, fields in table.items():
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            number, field_name, kind = field.split()
            added = message.field.add(name=field_name, number=int(number))
            added.label = _REPEATED if kind.startswith("*") else _OPTIONAL
            kind = kind.removeprefix("*")
            if kind in _TYPES:
                added.type = _TYPES[kind]
            else:
                added.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                added.type_name = f".{package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in table
    }


_envelope = _built("internal", _ENVELOPE)
_look_ups = _built("rpc", _LOOK_UPS)

Msg = _envelope["Msg"]
Request = _envelope["Request"]
ClaimRequest = _envelope["ClaimRequest"]
ClaimResponse = _envelope["ClaimResponse"]
Response = _envelope["Response"]
SIPCall = _look_ups["SIPCall"]
TrunkRequest = _look_ups["GetSIPTrunkAuthenticationRequest"]
TrunkResponse = _look_ups["GetSIPTrunkAuthenticationResponse"]
RulesRequest = _look_ups["EvaluateSIPDispatchRulesRequest"]
RulesResponse = _look_ups["EvaluateSIPDispatchRulesResponse"]
DialRequest = _look_ups["InternalCreateSIPParticipantRequest"]
DialResponse = _look_ups["InternalCreateSIPParticipantResponse"]
SIPStatus = _look_ups["SIPStatus"]


def wrapped(message: Any) -> bytes:  # noqa: ANN401 - any message of this module
    """Return a message as it is published."""
    kind = f"type.googleapis.com/{message.DESCRIPTOR.full_name}"
    published: bytes = Msg(type_url=kind, value=message.SerializeToString()).SerializeToString()
    return published


def unwrapped(published: bytes) -> Any:  # noqa: ANN401 - any message of this module
    """Return the message in what was published."""
    envelope = Msg.FromString(published)
    name = envelope.type_url.rpartition(".")[2]
    return _envelope[name].FromString(envelope.value)
