"""What a newer LiveKit says is read as far as it is known."""

from livekit import api

from cordboard.routing.livekit import participant_from

NEWER = 99


def test_a_participant_of_a_kind_that_is_not_known_is_listed_without_one() -> None:
    item = api.ParticipantInfo(
        sid="PA_1",
        kind=NEWER,  # type: ignore[arg-type]  # as a newer server would send it
        disconnect_reason=NEWER,  # type: ignore[arg-type]  # as a newer server would send it
    )
    read = participant_from(api.ParticipantInfo.FromString(item.SerializeToString()))
    assert (read.sid, read.kind, read.disconnect_reason) == ("PA_1", "", "")


def test_a_participant_of_a_known_kind_has_its_name() -> None:
    item = api.ParticipantInfo(
        kind=api.ParticipantInfo.Kind.SIP, disconnect_reason=api.DisconnectReason.ROOM_DELETED
    )
    read = participant_from(item)
    assert (read.kind, read.disconnect_reason) == ("sip", "ROOM_DELETED")
