"""Long listings are read in pieces, and nothing of them is lost."""

import pytest
from google.protobuf.message import DecodeError
from livekit import api

from cordboard.routing.livekit_listings import PIECE_BYTES, converted

COUNT = 2000


def a_listing(count: int) -> api.ListSIPInboundTrunkResponse:
    """Return trunks of very different sizes, empty ones among them."""
    trunks = [
        api.SIPInboundTrunkInfo(sip_trunk_id=f"ST_{index}", metadata="x" * (index % 7 * 50))
        for index in range(count)
    ]
    return api.ListSIPInboundTrunkResponse(items=[*trunks, api.SIPInboundTrunkInfo()])


async def names(answer: bytes) -> list[str]:
    decode = api.ListSIPInboundTrunkResponse.FromString
    return await converted(decode, lambda trunk: str(trunk.sip_trunk_id), answer)


async def test_a_listing_of_many_pieces_is_whole_and_in_its_order() -> None:
    answer = a_listing(COUNT).SerializeToString()
    assert len(answer) > 10 * PIECE_BYTES
    assert await names(answer) == [f"ST_{index}" for index in range(COUNT)] + [""]


async def test_an_object_larger_than_a_piece_is_read() -> None:
    large = api.SIPInboundTrunkInfo(sip_trunk_id="ST_large", name="x" * 3 * PIECE_BYTES)
    answer = api.ListSIPInboundTrunkResponse(items=[large, large]).SerializeToString()
    assert await names(answer) == ["ST_large", "ST_large"]


async def test_an_empty_listing_has_nothing() -> None:
    assert await names(b"") == []


async def test_fields_that_are_not_known_are_passed_over_wherever_they_stand() -> None:
    known, unknown = a_listing(COUNT).SerializeToString(), b"\x92\x3f\x03abc"
    assert await names(unknown + known + unknown + known) == 2 * await names(known)


async def test_a_listing_that_was_cut_is_refused() -> None:
    answer = a_listing(COUNT).SerializeToString()
    for cut in (answer[:-3], answer[:1], answer[: PIECE_BYTES + 7]):
        with pytest.raises(DecodeError):
            await names(cut)
