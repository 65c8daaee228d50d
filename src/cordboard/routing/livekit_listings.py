"""Listings of LiveKit's that grow with the estate, read without holding the event loop.

livekit-api decodes an answer on the event loop and in one piece, which ten thousand objects make
longer than a call may wait. So here the answer is fetched as it is, and decoded in a thread, a few
objects at a time: between two pieces the event loop gets its turn.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import aiohttp
from google.protobuf.message import Message
from livekit import api
from livekit.api.sip_service import SVC, SipService

T = TypeVar("T")

ITEM = 0x0A
"""What stands before each object in an answer: field 1, with its length."""

PIECE_BYTES = 20_000
"""How much is decoded at a time: some fifty objects, well below a millisecond."""


class _Undecoded:
    """Stands for an answer's type, and leaves its bytes as they are."""

    FromString = staticmethod(bytes)


class ListingClient(api.LiveKitAPI):
    """The client library's client, and besides, the calls that list everything undecoded."""

    def __init__(self, url: str, key: str, secret: str, session: aiohttp.ClientSession) -> None:
        """Connect nothing yet."""
        super().__init__(url, key, secret, session=session, failover=False)
        self._listings = _Listings(session, url, key, secret, failover=False)

    async def inbound_trunks(self) -> bytes:
        """Ask for all inbound trunks: a ``ListSIPInboundTrunkResponse``."""
        return await self._listings.ask("ListSIPInboundTrunk", api.ListSIPInboundTrunkRequest())

    async def dispatch_rules(self) -> bytes:
        """Ask for all dispatch rules: a ``ListSIPDispatchRuleResponse``."""
        return await self._listings.ask("ListSIPDispatchRule", api.ListSIPDispatchRuleRequest())


class _Listings(SipService):
    async def ask(self, method: str, request: Message) -> bytes:
        answer_type = cast("type[Message]", _Undecoded)
        headers = self._admin_headers()
        return cast("bytes", await self._client.request(SVC, method, request, headers, answer_type))


async def converted(
    decode: Callable[[bytes], Any], convert: Callable[[Any], T], answer: bytes
) -> list[T]:
    """Return what is made of each object in a listing.

    Args:
        decode: ``FromString`` of the answer's type, whose ``items`` are the objects.
        convert: Makes our own of one object.
        answer: The listing.
    """
    return await asyncio.to_thread(
        lambda: [convert(item) for piece in _pieces(answer) for item in decode(piece).items]
    )


def _pieces(answer: bytes) -> Iterator[bytes]:
    """Cut a listing between its objects: each piece is an answer with some of them.

    That is how protobuf's encoding has it; whatever is not an object is left to its decoder.
    """
    begin = at = 0
    while at < len(answer) and answer[at] == ITEM:
        size, at = _varint(answer, at + 1)
        at += size
        if at - begin >= PIECE_BYTES:
            yield answer[begin:at]
            begin = at
    yield answer[begin:]


def _varint(encoded: bytes, at: int) -> tuple[int, int]:
    """Return a length, and where what has it begins: seven bits to a byte, the lowest first."""
    size = shift = 0
    while at < len(encoded):
        byte = encoded[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            break
    return size, at
