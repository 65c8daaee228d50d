"""What the settings say about LiveKit, and what is refused at the start."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from cordboard.operator.livekit import configured_cluster, warn_of_old_addresses
from cordboard.operator.number_rules import number_rules
from cordboard.routing.carrier_addresses import OLD_AFTER_DAYS, load_catalogue
from cordboard.routing.livekit import APIKey
from cordboard.runtime.errors import StartError
from cordboard.runtime.settings import Settings

LIVEKIT: dict[str, Any] = {
    "livekit_url": "https://livekit.example.com",
    "livekit_api_key": "a, b",
    "livekit_api_secret": SecretStr("secret-a,secret-b"),
}


def settings(**fields: Any) -> Settings:  # noqa: ANN401 - as the field is
    return Settings(**{**LIVEKIT, **fields})


def test_events_are_signed_by_the_api_keys_unless_others_are_named() -> None:
    cluster = configured_cluster(settings())
    assert cluster.keys == (APIKey("a", "secret-a"), APIKey("b", "secret-b"))
    assert cluster.event_keys == cluster.keys
    only = configured_cluster(
        settings(livekit_webhook_key="events", livekit_webhook_secret=SecretStr("of its own"))
    )
    assert only.event_keys == (APIKey("events", "of its own"),)
    assert only.keys == cluster.keys


def test_endpoints_and_metrics_are_read() -> None:
    cluster = configured_cluster(
        settings(
            livekit_sip_endpoints="b.example;priority=2,a.example;transport=tcp;priority=1",
            livekit_sip_metrics_urls="http://10.0.0.5:6789/metrics",
        )
    )
    assert [each.uri for each in cluster.sip_endpoints] == [
        "sip:a.example:5060;transport=tcp",
        "sip:b.example:5060;transport=udp",
    ]
    assert cluster.sip_metrics_urls == ("http://10.0.0.5:6789/metrics",)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"livekit_webhook_key": "events"}, "LIVEKIT_WEBHOOK_SECRET belong together"),
        ({"livekit_webhook_secret": SecretStr("s")}, "LIVEKIT_WEBHOOK_SECRET belong together"),
        (
            {"livekit_webhook_key": "a,b", "livekit_webhook_secret": SecretStr("s")},
            "CORDBOARD_LIVEKIT_WEBHOOK_KEY and CORDBOARD_LIVEKIT_WEBHOOK_SECRET must hold as many",
        ),
        ({"livekit_api_key": "a"}, "CORDBOARD_LIVEKIT_API_SECRET must hold as many"),
        ({"livekit_sip_endpoints": "sip:a"}, "CORDBOARD_LIVEKIT_SIP_ENDPOINTS: 'sip:a' is not"),
        ({"livekit_sip_metrics_urls": "a"}, "CORDBOARD_LIVEKIT_SIP_METRICS_URLS: entry 1 is no"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_variable_s_name(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(StartError, match=words):
        configured_cluster(settings(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"livekit_webhook_key": "events", "livekit_webhook_secret": SecretStr("s")},
        {"livekit_sip_endpoints": "a.example"},
        {"livekit_sip_metrics_urls": "http://a.example/metrics"},
    ],
)
def test_what_only_a_livekit_gives_an_effect_is_refused_without_one(
    fields: dict[str, Any],
) -> None:
    alone = Settings(**fields)
    assert alone.has_livekit
    with pytest.raises(StartError, match="set all three or none"):
        configured_cluster(alone)


def test_an_old_catalogue_is_warned_of_unless_it_is_replaced() -> None:
    fresh = load_catalogue().as_of + timedelta(days=OLD_AFTER_DAYS)
    old = fresh + timedelta(days=1)

    def warned(today: date, **fields: Any) -> list[Any]:  # noqa: ANN401 - as the field is
        with capture_logs() as logged:
            warn_of_old_addresses(settings(**fields), today)
        return [line["event"] for line in logged]

    assert warned(fresh) == []
    assert warned(old) == ["carrier_addresses_old"]
    assert warned(old, sip_source_cidrs="192.0.2.0/24") == []


def test_private_networks_that_webhooks_may_reach_are_read_or_refused() -> None:
    rules = number_rules(Settings(egress_allow_cidrs="10.0.0.0/8, fd12::/16"))
    assert [str(network) for network in rules.allowed_networks] == ["10.0.0.0/8", "fd12::/16"]
    assert number_rules(Settings()).allowed_networks == ()
    for text in ("10.0.0.1/8", "intranet", "127.0.0.0/8", "169.254.169.254", "0.0.0.0/0", "::1"):
        with pytest.raises(StartError, match="CORDBOARD_EGRESS_ALLOW_CIDRS"):
            number_rules(Settings(egress_allow_cidrs=text))
