"""Which webhook URLs are taken, and what is said of the others."""

import pytest

from cordboard.runtime.errors import InvalidError
from cordboard.webhooks.addresses import parsed_networks
from cordboard.webhooks.urls import checked_webhook_url

GOOD = (
    "https://example.com",
    "https://example.com/",
    "https://example.com:8443/a/b?c=d&e=%20f",
    "HTTPS://EXAMPLE.com/Path",
    "https://xn--bcher-kva.example/hook",
    "https://bücher.example/hook",
    "https://a-b.c_d.example/",
    "https://example.com./",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]:443/",
    "https://example.com/" + "a" * 2028,
    "https://" + ".".join(["a" * 63] * 3) + ".example/",
)
NOT_PLAIN = (
    "https://exa mple.com/",
    "https://example.com/a b",
    "https://example.com/\n",
    "https://example.com/\t",
    "https://example.com/\0",
    "https://ok.example\\@127.0.0.1/",
    "https://example.com/\u200b",
    "https://example.com/\x7f",
)
NOT_ABSOLUTE = ("example.com", "/hook", "//example.com/hook", "ftp://example.com/", "javascript:a")
NO_HOST = (
    "https://",
    "https:///hook",
    "https://?a",
    "https://-a.example/",
    "https://a-.example/",
    "https://a..example/",
    "https://.example/",
    "https://" + "a" * 64 + ".example/",
    "https://" + ".".join(["a" * 63] * 5) + "/",
    "https://exa%6dple.com/",
    "https://exam|ple.com/",
)
NOT_PUBLIC = (
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://①②⑦.0.0.1/",
    "https://0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1:8443/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[fd00:ec2::254]/",
)


def refusal(url: str, *, is_production: bool) -> tuple[str, str]:
    """Return the broken rule, and the reason."""
    with pytest.raises(InvalidError) as caught:
        checked_webhook_url(url, "inbound_webhook_url", is_production=is_production)
    assert caught.value.field == "inbound_webhook_url"
    assert "secret" not in caught.value.detail
    return caught.value.rule, caught.value.detail


@pytest.mark.parametrize("is_production", [True, False])
@pytest.mark.parametrize("url", GOOD)
def test_a_good_url_is_taken_as_it_was_given(url: str, is_production: bool) -> None:  # noqa: FBT001 - pytest fills it
    assert checked_webhook_url(url, "inbound_webhook_url", is_production=is_production) == url


@pytest.mark.parametrize("is_production", [True, False])
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        *((url, "backslashes") for url in NOT_PLAIN),
        *((url, "absolute https URL") for url in NOT_ABSOLUTE),
        *((url, "must name a host") for url in NO_HOST),
        ("https://user@example.com/", "credentials"),
        ("https://user:secret@example.com/", "credentials"),
        ("https://example.com/#", "fragment"),
        ("https://example.com/#a", "fragment"),
        ("https://example.com:0/", "port from 1 to 65535"),
        ("https://example.com:/", "port from 1 to 65535"),
        ("https://example.com:65536/", "port from 1 to 65535"),
        ("https://example.com:http/", "port from 1 to 65535"),
        ("https://[::1/", "must name a host"),
    ],
)
def test_what_is_no_plain_absolute_url_is_refused(
    url: str,
    reason: str,
    is_production: bool,  # noqa: FBT001 - pytest fills it
) -> None:
    rule, detail = refusal(url, is_production=is_production)
    assert rule == "url"
    assert reason in detail


@pytest.mark.parametrize("url", ["", "https://example.com/" + "a" * 2029])
def test_a_url_has_1_to_2048_characters(url: str) -> None:
    assert refusal(url, is_production=False)[0] == "length"


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_in_production_a_url_must_not_lead_inside(url: str) -> None:
    rule, detail = refusal(url, is_production=True)
    assert (rule, "loopback, private, link-local" in detail) == ("url", True)
    assert checked_webhook_url(url, "f", is_production=False) == url


def test_plain_http_is_for_development_only() -> None:
    url = "http://example.com/hook"
    assert checked_webhook_url(url, "f", is_production=False) == url
    assert refusal(url, is_production=True)[0] == "url"


ALLOWED = parsed_networks("10.0.0.0/8,100.64.0.0/10,fd12::/16")


@pytest.mark.parametrize(
    "url",
    [
        "https://10.1.2.3/hook",
        "https://0x0a010203/hook",
        "https://[fd12::7]/hook",
        "https://100.64.0.7/hook",
    ],
)
def test_in_production_a_private_address_is_taken_where_its_network_is_allowed(url: str) -> None:
    field = "inbound_webhook_url"
    assert checked_webhook_url(url, field, is_production=True, allowed=ALLOWED) == url
    assert refusal(url, is_production=True)[0] == "url"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3/hook",
        "https://192.168.1.1/hook",
        "https://100.100.100.200/hook",
        "https://localhost/hook",
        "https://127.0.0.1/hook",
        "https://[::ffff:10.1.2.3]/hook",
    ],
)
def test_other_networks_loopback_and_metadata_stay_refused(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        checked_webhook_url(url, "inbound_webhook_url", is_production=True, allowed=ALLOWED)
    assert caught.value.rule == "url"
