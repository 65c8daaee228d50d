"""A token that LiveKit signed is taken, and whatever is taken, PyJWT takes as well."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.calls.store import EVENT_KEPT_MS
from cordboard.routing.event_token import LEEWAY_S, LIVES_S, EventUnverifiedError, verified_hash

KEYS = {
    "key_a": "the-first-secret-with-enough-characters",
    "key_b": "the-second-secret-with-enough-characters",
}
HASH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""Of an empty body; the tests of events hold bodies against theirs."""


def token(key: str = "key_a", secret: str | None = None, **claims: object) -> str:
    now_s = int(time.time())
    content = {"iss": key, "exp": now_s + 300, "nbf": now_s, "sha256": HASH}
    return jwt.encode({**content, **claims}, secret or KEYS[key], algorithm="HS256")


@pytest.mark.parametrize("key", KEYS)
def test_a_token_of_each_configured_key_is_taken(key: str) -> None:
    assert verified_hash(token(key), KEYS) == HASH


def test_an_expired_token_is_taken_for_a_minute_more_because_clocks_differ() -> None:
    now_s = int(time.time())
    assert verified_hash(token(exp=now_s - 30), KEYS)
    with pytest.raises(EventUnverifiedError):
        verified_hash(token(exp=now_s - 120), KEYS)


def test_a_token_may_live_as_long_as_livekit_s_do_give_or_take_a_minute() -> None:
    now_s = int(time.time())
    assert verified_hash(token(exp=now_s + 300 + 60), KEYS)
    with pytest.raises(EventUnverifiedError):
        verified_hash(token(exp=now_s + 300 + 60 + 5), KEYS)


def test_an_event_is_remembered_for_longer_than_its_token_is_taken() -> None:
    assert EVENT_KEPT_MS > 1000 * (LEEWAY_S + LIVES_S + LEEWAY_S)


def without(claim: str) -> str:
    claims = {"iss": "key_a", "exp": int(time.time()) + 300, "sha256": HASH}
    return jwt.encode(
        {name: value for name, value in claims.items() if name != claim}, KEYS["key_a"], "HS256"
    )


OTHERS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "bearer": lambda: f"Bearer {token()}",
    "no token": lambda: "not.a.token",
    "another secret": lambda: token(secret="another-secret-with-enough-characters"),
    "an unknown key": lambda: token("key_c", KEYS["key_a"]),
    "unsigned": lambda: token()[: token().rindex(".") + 1],
    "no hash": lambda: without("sha256"),
    "without end": lambda: without("exp"),
    "no key": lambda: without("iss"),
}


@pytest.mark.parametrize("made", OTHERS.values(), ids=OTHERS)
def test_any_other_token_is_refused(made: Callable[[], str]) -> None:
    with pytest.raises(EventUnverifiedError):
        verified_hash(made(), KEYS)


NESTED = '{"x":' + "[" * 2000


def test_an_unsigned_token_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(EventUnverifiedError):
        verified_hash(f"e30.{encoded(NESTED.encode())}.AA", KEYS)


def test_a_signed_header_that_is_nested_without_end_is_refused() -> None:
    claims = {"iss": "key_a", "exp": int(time.time()) + 300, "sha256": HASH}
    signed = f"{encoded(NESTED.encode())}.{part(claims)}"
    signature = hmac.digest(KEYS["key_a"].encode(), signed.encode(), "sha256")
    with pytest.raises(EventUnverifiedError):
        verified_hash(f"{signed}.{encoded(signature)}", KEYS)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_taken_a_minute_ahead_of_time_and_not_before(claim: str) -> None:
    def ahead(seconds: int) -> str:
        claims: dict[str, Any] = {claim: int(time.time()) + seconds}
        return token(**claims)

    assert taken(ahead(30)) == HASH
    assert taken(ahead(120)) is None


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def part(content: object) -> str:
    return encoded(json.dumps(content).encode())


def hand_signed(claims: object, secret: str, algorithm: str) -> str:
    """Sign claims that PyJWT itself would refuse to sign, too."""
    signed = f"{part({'alg': algorithm})}.{part(claims)}"
    digest = {"HS256": "sha256", "HS384": "sha384"}[algorithm]
    signature = hmac.digest(secret.encode(), signed.encode(), digest)
    return f"{signed}.{encoded(signature)}"


def taken(authorization: str) -> str | None:
    try:
        return verified_hash(authorization, KEYS)
    except EventUnverifiedError:
        return None


def taken_by_pyjwt(authorization: str) -> str | None:
    try:
        claimed = jwt.decode(authorization, options={"verify_signature": False})
        claims = jwt.decode(
            authorization,
            KEYS[claimed["iss"]],
            algorithms=["HS256"],
            leeway=60,
            options={"require": ["exp", "iss", "sha256"]},
        )
    except (jwt.InvalidTokenError, KeyError, TypeError):
        return None
    return str(claims["sha256"])


@pytest.mark.parametrize(
    ("header", "is_taken"),
    [
        ({"alg": "HS256", "typ": "JWT"}, True),
        ({"alg": "HS256"}, True),
        ({"alg": "HS256", "kid": "key_a"}, True),
        ({"alg": "HS512"}, False),
        ({"alg": "none"}, False),
        ({"alg": "hs256"}, False),
        ({"alg": ["HS256"]}, False),
        ({"typ": "JWT"}, False),
        ({"alg": "HS256", "crit": ["exp"], "exp": 1}, False),
        (["HS256"], False),
    ],
)
def test_only_a_header_that_says_hs256_and_asks_for_nothing_more_is_taken(
    header: object, *, is_taken: bool
) -> None:
    claims = {"iss": "key_a", "exp": int(time.time()) + 300, "sha256": HASH}
    signed = f"{part(header)}.{part(claims)}"
    end = encoded(hmac.digest(KEYS["key_a"].encode(), signed.encode(), "sha256"))
    assert (taken(f"{signed}.{end}") == HASH) is is_taken
    assert taken_by_pyjwt(f"{signed}.{end}") == (HASH if is_taken else None)


SECONDS: st.SearchStrategy[Any] = st.one_of(
    st.integers(-90, 90).map(lambda offset: int(time.time()) + offset),
    st.sampled_from([0, -1, 2**31, 2**53, None, "1", 1.5, True, [], {}]),
)
TEXTS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([*KEYS, HASH, ""]), st.text(max_size=5), st.none(), st.integers()
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "iss": TEXTS,
        "sha256": TEXTS,
        "exp": SECONDS,
        "nbf": SECONDS,
        "iat": SECONDS,
        "video": st.just({"roomAdmin": True}),
    },
)


@given(
    claims=CLAIMS,
    key=st.sampled_from([*KEYS.values(), "another-secret-with-enough-characters"]),
    algorithm=st.sampled_from(["HS256", "HS256", "HS384"]),
    place=st.integers(0, 400),
    other=st.one_of(st.just(""), st.sampled_from("AZaz09-_.=+/ \u00e9\0")),
    is_changed=st.booleans(),
)
def test_whatever_is_taken_pyjwt_takes_as_well_and_reads_the_same(
    *, claims: dict[str, Any], key: str, algorithm: str, place: int, other: str, is_changed: bool
) -> None:
    now_s = int(time.time())
    content = {"iss": "key_a", "sha256": HASH, "exp": now_s + 300, **claims}
    authorization = hand_signed(content, key, algorithm)
    if is_changed:
        authorization = authorization[:place] + other + authorization[place + 1 :]
    read = taken(authorization)
    assert read is None or read == taken_by_pyjwt(authorization)


@given(exp=st.integers(-55, 355), nbf=st.integers(-3600, 55), iat=st.integers(-3600, 55))
def test_every_token_that_is_valid_now_is_taken(exp: int, nbf: int, iat: int) -> None:
    now_s = int(time.time())
    assert taken(token(exp=now_s + exp, nbf=now_s + nbf, iat=now_s + iat)) == HASH
