"""The simulated LiveKit's events are those of the real one: body, signature, order and loss."""

import json

import jwt
import pytest
from livekit import api

from cordboard.simulated.livekit import (
    Behaviour,
    Call,
    Fault,
    FaultKind,
    SimulatedLiveKit,
    simulated_livekit,
)
from tests.support.livekit import (
    CALLER,
    NUMBER,
    SPEED,
    Inbox,
    a_rule,
    a_trunk,
    an_inbox,
    connected,
)

LIFE = [
    "room_started",
    "participant_joined",
    "track_published",
    "participant_joined",
    "track_published",
    "track_unpublished",
    "participant_left",
    "track_unpublished",
    "participant_left",
    "room_finished",
]


async def _answered_call(lk: SimulatedLiveKit) -> Call:
    """Place a call that is answered and hung up."""
    lk.register_worker("tone", behaviour=Behaviour(joins_after_s=1))
    async with connected(lk) as client:
        await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
    call = await lk.call(to=NUMBER, from_=CALLER)
    await call.until_answered()
    call.hang_up()
    await call.until_ended()
    return call


def _names(lk: SimulatedLiveKit, inbox: Inbox) -> list[str]:
    return [event.event for event in inbox.events(lk)]


async def test_an_answered_call_sends_its_ten_events_in_order_and_signed() -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=SPEED, webhook_urls=[inbox.url]) as lk:
        call = await _answered_call(lk)
        await inbox.until(len(LIFE))
        assert _names(lk, inbox) == LIFE
        assert inbox.content_types == {"application/webhook+json"}
        assert {event.room.name for event in inbox.events(lk)} == {call.room}


async def test_the_first_event_of_the_caller_says_what_a_decision_needs() -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=SPEED, webhook_urls=[inbox.url]) as lk:
        call = await _answered_call(lk)
        await inbox.until(len(LIFE))
        joined = json.loads(inbox.bodies[1][0])
    assert joined["participant"]["identity"] == f"sip_{CALLER}"
    assert joined["participant"]["kind"] == "SIP"
    attributes = joined["participant"]["attributes"]
    assert attributes.pop("sip.callID").startswith("SCL_")
    assert attributes.pop("sip.callTag")
    assert attributes == {
        "sip.callIDFull": call.sip_call_id,
        "sip.callStatus": "ringing",
        "sip.hostname": "127.0.0.1",
        "sip.phoneNumber": CALLER,
        "sip.ruleID": call.rule_id,
        "sip.trunkID": call.trunk_id,
        "sip.trunkPhoneNumber": NUMBER,
    }
    assert joined["room"]["turnPassword"]
    assert isinstance(joined["createdAt"], str)
    left = json.loads(inbox.bodies[6][0])["participant"]
    assert left["attributes"]["sip.callStatus"] == "hangup"
    assert (left["state"], left["disconnectReason"]) == ("DISCONNECTED", "CLIENT_INITIATED")


async def test_a_signature_holds_for_its_body_alone() -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=SPEED, webhook_urls=[inbox.url]) as lk:
        await _answered_call(lk)
        await inbox.until(2)
        (first, token), (second, _) = inbox.bodies[:2]
        receiver = api.WebhookReceiver(api.TokenVerifier(lk.api_key, lk.api_secret))
        receiver.receive(first, token)
        with pytest.raises(Exception, match="hash mismatch"):
            receiver.receive(second, token)
        claims = jwt.decode(token, lk.api_secret, algorithms=["HS256"])
    assert set(claims) == {"iss", "exp", "nbf", "iat", "sha256"}
    assert claims["exp"] - claims["iat"] == 300


async def test_an_event_is_tried_again_while_the_later_ones_of_its_room_wait() -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=200, webhook_urls=[inbox.url]) as lk:
        inbox.statuses = [503] * 4
        await _answered_call(lk)
        await inbox.until(len(LIFE))
        assert _names(lk, inbox) == lk.webhooks.sent
        assert sorted(lk.webhooks.sent) == sorted(LIFE)


async def test_an_event_is_given_up_after_five_attempts() -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=200, webhook_urls=[inbox.url]) as lk:
        inbox.statuses = [503] * 5
        await _answered_call(lk)
        await inbox.until(len(LIFE) - 1)
        assert _names(lk, inbox) == lk.webhooks.sent[1:]
        assert [event.name for event in lk.webhooks.dropped] == ["room_started"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.LOST, [LIFE[0], *LIFE[2:]]),
        (FaultKind.DUPLICATED, [*LIFE[:2], LIFE[1], *LIFE[2:]]),
        (FaultKind.SLOW, LIFE),
    ],
)
async def test_an_event_is_lost_or_doubled_or_late_on_demand(
    kind: FaultKind, expected: list[str]
) -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=SPEED, webhook_urls=[inbox.url]) as lk:
        lk.webhooks.faults.add(Fault("participant_joined", kind, delay_s=1))
        await _answered_call(lk)
        await inbox.until(len(expected))
        assert _names(lk, inbox) == expected
        doubled = len(inbox.bodies) - len({event.id for event in inbox.events(lk)})
        assert doubled == (kind is FaultKind.DUPLICATED)


async def test_an_event_is_overtaken_on_demand() -> None:
    async with an_inbox() as inbox, simulated_livekit(speed=SPEED, webhook_urls=[inbox.url]) as lk:
        lk.webhooks.faults.add(Fault("room_started", FaultKind.OVERTAKEN, delay_s=1))
        await _answered_call(lk)
        await inbox.until(len(LIFE))
        names = _names(lk, inbox)
        assert names[0] != "room_started"
        assert sorted(names) == sorted(LIFE)
