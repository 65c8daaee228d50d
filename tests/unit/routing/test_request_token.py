"""Tokens of our own requests are what LiveKit's library would have made, as far as they go."""

import time

import jwt
from hypothesis import given
from hypothesis import strategies as st
from livekit import api

from cordboard.routing.request_token import LIVES_S, room_token

SECRET = "a-secret-of-at-least-32-characters"
A_NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
A_SECRET = st.text(st.characters(exclude_categories=["Cs"]), min_size=32, max_size=80)


@given(key=A_NAME, secret=A_SECRET, room=A_NAME)
def test_livekit_s_own_library_takes_it_for_the_room_and_for_nothing_else(
    key: str, secret: str, room: str
) -> None:
    claims = api.TokenVerifier(key, secret).verify(room_token(key, secret, room))
    assert claims.video == api.VideoGrants(room_admin=True, room=room)
    assert claims.sip == api.SIPGrants()


def test_it_lives_as_long_as_one_of_the_library() -> None:
    token, theirs = room_token("key", SECRET, "call_x"), api.AccessToken("key", SECRET)
    assert theirs.ttl.total_seconds() == LIVES_S
    told = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert told["exp"] - told["nbf"] == LIVES_S
    assert abs(told["nbf"] - time.time()) < 60
