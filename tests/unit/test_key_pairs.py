"""What a key pair is, before any database: its form, its secret, its scopes and its end."""

import re

import pytest

from cordboard.edge.api.key_shapes import issued_api_key, rotated_api_key
from cordboard.organizations.model import (
    ADMIN,
    SCOPES,
    APIKey,
    IssuedKey,
    Pepper,
    check_name,
    check_scopes,
    checked_expiry,
    new_api_key,
    new_api_secret,
)
from cordboard.runtime.errors import InvalidError
from cordboard.runtime.ids import OrganizationId

NOW_MS = 1_705_314_600_123
PEPPER = Pepper(b"a pepper that no database knows..")
# The same in every process, because they name the cases below.
SECRET = "s3cr3t_" + "aB3d" * 10
OLD_SECRET = "s3cr3t_" + "Zy9x" * 10


def a_key(
    *,
    scopes: frozenset[str] = frozenset({ADMIN}),
    overlap_ms: int | None = None,
    expires_ms: int | None = None,
    revoked_ms: int | None = None,
) -> APIKey:
    """Return a pair whose secret is SECRET and, with an overlap, whose last one is OLD_SECRET."""
    return APIKey(
        api_key="sk_1",
        api_key_id="apikey_1",
        organization_id=OrganizationId("org_1"),
        name="",
        scopes=scopes,
        secret_hash=PEPPER.hashed(SECRET),
        previous_secret_hash=None if overlap_ms is None else PEPPER.hashed(OLD_SECRET),
        previous_secret_expires_ms=overlap_ms,
        created_ms=0,
        expires_ms=expires_ms,
        revoked_ms=revoked_ms,
        last_used_ms=None,
    )


def broken_rule(call: object, *args: object) -> tuple[str, str]:
    """Return field and rule of the refusal that a call gives."""
    assert callable(call)
    with pytest.raises(InvalidError) as refusal:
        call(*args)
    return refusal.value.field, refusal.value.rule


def test_both_halves_have_the_published_prefixes_and_are_never_the_same() -> None:
    keys = {new_api_key() for _ in range(100)}
    pairs = {new_api_secret() for _ in range(100)}
    assert len(keys) == len(pairs) == 100
    assert all(re.fullmatch("sk_[A-Za-z0-9]{32}", key) for key in keys)
    assert all(re.fullmatch("s3cr3t_[A-Za-z0-9]{43}", secret) for secret in pairs)


def test_what_is_stored_of_a_secret_depends_on_the_pepper() -> None:
    other = Pepper(b"another pepper, for another house")
    assert PEPPER.hashed(SECRET) == PEPPER.hashed(SECRET)
    assert other.hashed(SECRET) != PEPPER.hashed(SECRET)
    assert SECRET not in PEPPER.hashed(SECRET)


@pytest.mark.parametrize(
    ("key", "secret", "is_good"),
    [
        (a_key(), SECRET, True),
        (a_key(), SECRET + " ", False),
        (a_key(), SECRET.lower(), False),
        (a_key(), "", False),
        (a_key(), OLD_SECRET, False),
        (a_key(), "0" * 64, False),
        (a_key(), PEPPER.hashed(SECRET), False),
        (a_key(overlap_ms=NOW_MS + 1), OLD_SECRET, True),
        (a_key(overlap_ms=NOW_MS + 1), SECRET, True),
        (a_key(overlap_ms=NOW_MS), OLD_SECRET, False),
        (a_key(overlap_ms=NOW_MS), SECRET, True),
        (a_key(expires_ms=NOW_MS + 1), SECRET, True),
        (a_key(expires_ms=NOW_MS), SECRET, False),
        (a_key(expires_ms=NOW_MS, overlap_ms=NOW_MS + 1), OLD_SECRET, False),
        (a_key(revoked_ms=NOW_MS), SECRET, False),
        (a_key(revoked_ms=NOW_MS + 1), SECRET, False),
        (a_key(revoked_ms=0, overlap_ms=NOW_MS + 1), OLD_SECRET, False),
        (APIKey.DUMMY, SECRET, False),
        (APIKey.DUMMY, "0" * 64, False),
        (APIKey.DUMMY, "", False),
    ],
)
def test_a_secret_opens_its_pair_until_it_is_replaced_revoked_or_expired(
    key: APIKey, secret: str, *, is_good: bool
) -> None:
    assert PEPPER.matches(key, secret, NOW_MS) is is_good


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (a_key(), "ACTIVE"),
        (a_key(expires_ms=NOW_MS + 1), "ACTIVE"),
        (a_key(expires_ms=NOW_MS), "EXPIRED"),
        (a_key(revoked_ms=NOW_MS), "REVOKED"),
        (a_key(revoked_ms=0, expires_ms=NOW_MS), "REVOKED"),
    ],
)
def test_a_pair_says_what_has_become_of_it(key: APIKey, status: str) -> None:
    assert key.status_at(NOW_MS) == status


def test_a_pair_may_do_what_its_scopes_name_and_admin_implies_all() -> None:
    reader = a_key(scopes=frozenset({"numbers:read", "agents:read"}))
    allowed = {scope for scope in SCOPES if reader.allows(scope)}
    assert allowed == {"numbers:read", "agents:read"}
    assert all(a_key().allows(scope) for scope in SCOPES)


def test_a_new_pair_gets_the_scopes_of_the_one_that_asks_unless_it_names_fewer() -> None:
    own = frozenset({"numbers:read", "numbers:write"})
    assert check_scopes(None, own) == own
    assert check_scopes(["numbers:read", "numbers:read"], own) == {"numbers:read"}
    assert check_scopes([*SCOPES], frozenset({ADMIN})) == set(SCOPES)


@pytest.mark.parametrize(
    ("scopes", "broken"),
    [
        ([], ("scopes", "length")),
        (["numbers:read", "numbers:delete"], ("scopes[1]", "choice")),
        (["numbers:READ"], ("scopes[0]", "choice")),
        (["agents:read"], ("scopes[0]", "choice")),
        (["numbers:read", "admin"], ("scopes[1]", "choice")),
    ],
)
def test_scopes_that_are_unknown_or_more_than_ones_own_are_refused(
    scopes: list[str], broken: tuple[str, str]
) -> None:
    assert broken_rule(check_scopes, scopes, frozenset({"numbers:read"})) == broken


def test_a_name_is_trimmed_and_has_1_to_100_characters() -> None:
    assert check_name("  CRM sync\n") == "CRM sync"
    assert check_name("\N{TELEPHONE RECEIVER}" * 100 + " ") == "\N{TELEPHONE RECEIVER}" * 100
    assert broken_rule(check_name, "x" * 101) == ("name", "length")
    assert broken_rule(check_name, " \t ") == ("name", "length")
    assert broken_rule(check_name, "CRM\0sync") == ("name", "characters")


@pytest.mark.parametrize(
    ("text", "expires_ms"),
    [
        ("2030-01-31T12:00:00Z", 1_896_091_200_000),
        ("2030-01-31T12:00:00+00:00", 1_896_091_200_000),
        ("2030-01-31T12:00:00.5Z", 1_896_091_200_500),
        ("2030-01-31T12:00:00.000999Z", 1_896_091_200_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ("2024-01-15T10:30:00.124Z", NOW_MS + 1),
    ],
)
def test_an_end_is_an_instant_in_utc_kept_to_the_millisecond(text: str, expires_ms: int) -> None:
    assert checked_expiry(text, NOW_MS) == expires_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2030-01-31",
        "2030-01-31T12:00:00",
        "2030-01-31 12:00:00Z",
        "2030-01-31T12:00:00z",
        "2030-01-31T12:00:00+01:00",
        "2030-02-30T12:00:00Z",
        "2030-01-31T12:00:60Z",
        "0000-01-01T00:00:00Z",
        "2030-01-31T12:00:00.Z",
        "2030-01-31T12:00:00Z\n",
        "\N{ARABIC-INDIC DIGIT TWO}030-01-31T12:00:00Z",
        "1896091200000",
    ],
)
def test_an_end_in_any_other_form_is_refused(text: str) -> None:
    assert broken_rule(checked_expiry, text, NOW_MS) == ("expires_at", "type")


@pytest.mark.parametrize("text", ["2024-01-15T10:30:00.123Z", "0001-01-01T00:00:00Z"])
def test_an_end_that_has_passed_is_refused(text: str) -> None:
    assert broken_rule(checked_expiry, text, NOW_MS) == ("expires_at", "range")


def test_a_secret_is_not_in_what_a_traceback_would_show() -> None:
    issued = IssuedKey(a_key(), SECRET)
    for shown in (issued, issued_api_key(issued, NOW_MS), rotated_api_key(issued, NOW_MS)):
        assert "sk_1" in repr(shown)
        assert SECRET not in repr(shown)
