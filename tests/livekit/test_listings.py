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
