"""What can be asked over Twirp: each method's request, what answers it, and the grant it needs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from google.protobuf.message import Message
from livekit import api

from cordboard.simulated.livekit.callees import Callees
from cordboard.simulated.livekit.dispatches import Dispatches
from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.rooms import Rooms
from cordboard.simulated.livekit.sip import SIPStore

Handler = Callable[[Any], Awaitable[Message]]


class Method(msgspec.Struct, frozen=True):
    """A method of the API.

    Attributes:
        request: The message that it takes.
        handler: What answers it.
        grant: The claim of the token that allows it, such as ``("video", "roomList")``;
            ``roomAdmin`` holds for one room.
    """

    request: type[Message]
    handler: Handler
    grant: tuple[str, str]

    def check_grant(self, claims: Mapping[str, Any], message: Message) -> None:
        """Refuse what the token does not allow.

        Raises:
            TwirpError: It does not.
        """
        kind, name = self.grant
        granted = claims.get(kind) or {}
        is_of_room = name != "roomAdmin" or granted.get("room") == getattr(message, "room", None)
        if not (granted.get(name) and is_of_room):
            raise TwirpError("unauthenticated", "permissions denied")


def sip_methods(sip: SIPStore, callees: Callees) -> dict[str, Method]:
    """Return what is about trunks, rules and outbound calls."""
    admin = ("sip", "admin")
    return {
        "CreateSIPInboundTrunk": Method(
            api.CreateSIPInboundTrunkRequest, sip.create_inbound_trunk, admin
        ),
        "UpdateSIPInboundTrunk": Method(
            api.UpdateSIPInboundTrunkRequest, sip.update_inbound_trunk, admin
        ),
        "ListSIPInboundTrunk": Method(
            api.ListSIPInboundTrunkRequest, sip.list_inbound_trunk, admin
        ),
        "CreateSIPOutboundTrunk": Method(
            api.CreateSIPOutboundTrunkRequest, sip.create_outbound_trunk, admin
        ),
        "ListSIPOutboundTrunk": Method(
            api.ListSIPOutboundTrunkRequest, sip.list_outbound_trunk, admin
        ),
        "DeleteSIPTrunk": Method(api.DeleteSIPTrunkRequest, sip.delete_trunk, admin),
        "CreateSIPDispatchRule": Method(
            api.CreateSIPDispatchRuleRequest, sip.create_dispatch_rule, admin
        ),
        "UpdateSIPDispatchRule": Method(
            api.UpdateSIPDispatchRuleRequest, sip.update_dispatch_rule, admin
        ),
        "ListSIPDispatchRule": Method(
            api.ListSIPDispatchRuleRequest, sip.list_dispatch_rule, admin
        ),
        "DeleteSIPDispatchRule": Method(
            api.DeleteSIPDispatchRuleRequest, sip.delete_dispatch_rule, admin
        ),
        "CreateSIPParticipant": Method(
            api.CreateSIPParticipantRequest, callees.create_sip_participant, ("sip", "call")
        ),
    }


def room_methods(rooms: Rooms, dispatches: Dispatches) -> dict[str, Method]:
    """Return what is about rooms, who is in them, and the agents sent for."""
    create, admin = ("video", "roomCreate"), ("video", "roomAdmin")
    return {
        "CreateRoom": Method(api.CreateRoomRequest, rooms.create_room, create),
        "ListRooms": Method(api.ListRoomsRequest, rooms.list_rooms, ("video", "roomList")),
        "DeleteRoom": Method(api.DeleteRoomRequest, rooms.delete_room, create),
        "ListParticipants": Method(api.ListParticipantsRequest, rooms.list_participants, admin),
        "GetParticipant": Method(api.RoomParticipantIdentity, rooms.get_participant, admin),
        "RemoveParticipant": Method(api.RoomParticipantIdentity, rooms.remove_participant, admin),
        "CreateDispatch": Method(api.CreateAgentDispatchRequest, dispatches.create_dispatch, admin),
        "ListDispatch": Method(api.ListAgentDispatchRequest, dispatches.list_dispatch, admin),
        "DeleteDispatch": Method(api.DeleteAgentDispatchRequest, dispatches.delete_dispatch, admin),
    }
