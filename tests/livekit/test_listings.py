"""Long listings are read in pieces, and nothing of them is lost."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from google.protobuf.message import DecodeError
from livekit import api

from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.livekit_errors import LiveKitError, LiveKitUnansweredError
from cordboard.routing.livekit_listings import PIECE_BYTES, converted
from cordboard.simulated.livekit import Fault, FaultKind, SimulatedLiveKit, simulated_livekit
from cordboard.simulated.livekit.server import KEY, SECRET

COUNT = 2000
REFUSED = APIKey("former", "a-former-secret-of-at-least-32-characters")


@pytest.fixture
async def lk() -> AsyncIterator[SimulatedLiveKit]:
    """A LiveKit with one trunk and one rule."""
    async with simulated_livekit() as one:
        one.sip.inbound["ST_1"] = api.SIPInboundTrunkInfo(sip_trunk_id="ST_1", name="a trunk")
        one.sip.rules["SDR_1"] = api.SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_1")
        yield one


async def listed(url: str, *keys: APIKey) -> list[str]:
    """Return the ids of everything that a LiveKit lists."""
    client = LiveKit("default", url, keys or (APIKey(KEY, SECRET),))
    try:
        found = await client.list_everything()
    finally:
        await client.aclose()
    return [trunk.trunk_id for trunk in found.trunks] + [rule.rule_id for rule in found.rules]


def a_listing(count: int) -> api.ListSIPInboundTrunkResponse:
    """Return trunks of very different sizes, empty ones among them."""
    trunks = [
        api.SIPInboundTrunkInfo(sip_trunk_id=f"ST_{index}", metadata="x" * (index % 7 * 50))
        for index in range(count)
    ]
    return api.ListSIPInboundTrunkResponse(items=[*trunks, api.SIPInboundTrunkInfo()])


def names(answer: bytes, cut_every: int = PIECE_BYTES) -> list[str]:
    """Return the ids in a listing that came in pieces."""
    decode = api.ListSIPInboundTrunkResponse.FromString
    pieces = [answer[begin : begin + cut_every] for begin in range(0, len(answer), cut_every)]
    return converted(decode, lambda trunk: str(trunk.sip_trunk_id), pieces)


def test_a_listing_of_many_pieces_is_whole_and_in_its_order() -> None:
    answer = a_listing(COUNT).SerializeToString()
    assert len(answer) > 10 * PIECE_BYTES
    assert names(answer) == [f"ST_{index}" for index in range(COUNT)] + [""]


def test_an_object_larger_than_a_piece_is_read() -> None:
    large = api.SIPInboundTrunkInfo(sip_trunk_id="ST_large", name="x" * 3 * PIECE_BYTES)
    answer = api.ListSIPInboundTrunkResponse(items=[large, large]).SerializeToString()
    assert names(answer) == ["ST_large", "ST_large"]


@pytest.mark.parametrize("cut_every", [1, 2, 3, 7, 60, 10**9])
def test_a_listing_is_read_wherever_it_was_cut_on_its_way(cut_every: int) -> None:
    answer = a_listing(60).SerializeToString()
    assert names(answer, cut_every) == [f"ST_{index}" for index in range(60)] + [""]


def test_an_empty_listing_has_nothing() -> None:
    assert names(b"") == []


def test_fields_that_are_not_known_are_passed_over_wherever_they_stand() -> None:
    known, unknown = a_listing(COUNT).SerializeToString(), b"\x92\x3f\x03abc"
    assert names(unknown + known + unknown + known) == 2 * names(known)


def test_a_listing_that_was_cut_is_refused() -> None:
    answer = a_listing(COUNT).SerializeToString()
    for cut in (answer[:-3], answer[:1], answer[: PIECE_BYTES + 7]):
        with pytest.raises(DecodeError):
            names(cut)


async def test_everything_is_listed_by_whatever_address_livekit_is_named(
    lk: SimulatedLiveKit,
) -> None:
    for url in (lk.url, f"{lk.url}/", lk.url.replace("http", "ws", 1)):
        assert await listed(url) == ["ST_1", "SDR_1"]


async def test_everything_is_listed_with_the_next_key_where_one_is_refused(
    lk: SimulatedLiveKit,
) -> None:
    assert await listed(lk.url, REFUSED, APIKey(KEY, SECRET)) == ["ST_1", "SDR_1"]


@pytest.mark.parametrize("method", ["ListSIPInboundTrunk", "ListSIPDispatchRule"])
async def test_a_listing_that_fails_is_an_error_in_livekit_s_own_words(
    lk: SimulatedLiveKit, method: str
) -> None:
    lk.faults.add(Fault(method, FaultKind.ERROR_BEFORE))
    with pytest.raises(LiveKitError, match="simulated failure") as caught:
        await listed(lk.url)
    assert caught.value.livekit_code == "unavailable"


async def test_what_a_proxy_says_in_livekit_s_place_is_no_listing() -> None:
    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")

    app = web.Application()
    app.router.add_post("/{anything:.*}", busy)
    async with TestServer(app) as server:
        with pytest.raises(LiveKitUnansweredError):
            await listed(str(server.make_url("")))
