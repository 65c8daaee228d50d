"""Listings of LiveKit's that grow with the estate, read without holding the event loop.

livekit-api reads an answer whole and decodes it in one piece, on the event loop, which ten thousand
objects make longer than a call may wait. So here an answer is taken from its connection a little at
a time, is never put together, and is decoded in a thread, a few objects at a time: in between the
event loop gets its turn. Pages would not help: livekit-server 1.13 goes on from page to page by
itself, and answers with everything.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from google.protobuf.message import Message
from livekit import api

from cordboard.routing.livekit_rooms import RoomClient

T = TypeVar("T")

ITEM = 0x0A
"""What stands before each object in an answer: field 1, with its length."""

PIECE_BYTES = 20_000
"""How much is taken and decoded at a time: some fifty objects, well below a millisecond."""


class ListingClient(RoomClient):
    """The client library's client, and besides, the calls that list everything undecoded."""

    async def inbound_trunks(self) -> list[bytes]:
        """Ask for all inbound trunks: a ``ListSIPInboundTrunkResponse``, in pieces."""
        return await self._list("ListSIPInboundTrunk", api.ListSIPInboundTrunkRequest())

    async def dispatch_rules(self) -> list[bytes]:
        """Ask for all dispatch rules: a ``ListSIPDispatchRuleResponse``, in pieces."""
        return await self._list("ListSIPDispatchRule", api.ListSIPDispatchRuleRequest())

    async def _list(self, method: str, request: Message) -> list[bytes]:
        token = api.AccessToken(*self._key_pair).with_sip_grants(api.SIPGrants(admin=True))
        async with self._asked("SIP", method, request, token.to_jwt()) as answer:
            return [piece async for piece in answer.content.iter_chunked(PIECE_BYTES)]


def converted(
    decode: Callable[[bytes], Any], convert: Callable[[Any], T], answer: list[bytes]
) -> list[T]:
    """Return what is made of each object in a listing; to be called in a thread.

    Args:
        decode: ``FromString`` of the answer's type, whose ``items`` are the objects.
        convert: Makes our own of one object.
        answer: The listing, cut anywhere.
    """
    return [convert(item) for piece in _recut(answer) for item in decode(piece).items]


def _recut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a listing between its objects: each piece is an answer with some of them.

    That is how protobuf's encoding has it; whatever is not an object is left to its decoder.
    """
    rest = b""
    for piece in pieces:
        rest += piece
        if end := _end_of_objects(rest):
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _end_of_objects(encoded: bytes) -> int:
    """Return where the last object ends of those that are there as a whole."""
    end = 0
    while end < len(encoded) and encoded[end] == ITEM:
        size, begin = _varint(encoded, end + 1)
        if begin + size > len(encoded):
            break
        end = begin + size
    return end


def _varint(encoded: bytes, at: int) -> tuple[int, int]:
    """Return a length, and where what has it begins: seven bits to a byte, the lowest first."""
    size = shift = 0
    while at < len(encoded):
        byte = encoded[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return size, at
    return len(encoded), at
