"""The count of calls that livekit-sip drops, in its own metrics."""

import pytest

from cordboard.routing.sip_metrics import (
    LARGEST_BODY,
    SIPMetricsError,
    dropped_calls,
    parsed_metrics_urls,
)

URL = "http://127.0.0.1:6789/metrics"

# As livekit-sip writes them (prometheus client of Go; counters without `_total`).
METRICS = """\
# HELP livekit_sip_calls_terminated Number of calls terminated by SIP bridge
# TYPE livekit_sip_calls_terminated counter
livekit_sip_calls_terminated{dir="in",node_id="NS_1",reason="flood",to="sip.example.com"} 3
livekit_sip_calls_terminated{dir="in",node_id="NS_1",reason="flood",to="192.0.2.7"} 1
livekit_sip_calls_terminated{dir="in",node_id="NS_1",reason="hangup",to="sip.example.com"} 40
# HELP livekit_sip_invite_error Number of rejected SIP INVITE requests
# TYPE livekit_sip_invite_error counter
livekit_sip_invite_error{dir="in",node_id="NS_1",reason="flood",to="unknown"} 2
livekit_sip_invite_error{dir="in",node_id="NS_1",reason="no-rule",to="unknown"} 7
# HELP livekit_sip_invite_requests_raw Number of unvalidated SIP INVITE requests received
# TYPE livekit_sip_invite_requests_raw counter
livekit_sip_invite_requests_raw{node_id="NS_1"} 53
"""


def test_what_was_dropped_as_flood_is_counted_wherever_it_is() -> None:
    assert dropped_calls(METRICS.encode(), URL) == 6


def test_a_counter_that_is_not_there_yet_is_0() -> None:
    raw = b'livekit_sip_invite_requests_raw{node_id="NS_1"} 53\n'
    assert dropped_calls(raw, URL) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>not found</html>",
        b"\xff\xfe",
        b"",
        b"go_goroutines 7\n",
        METRICS.encode() + b"\n" * LARGEST_BODY,
    ],
)
def test_what_is_not_the_metrics_of_a_livekit_sip_is_refused(raw: bytes) -> None:
    with pytest.raises(SIPMetricsError, match="something else than"):
        dropped_calls(raw, URL)


def test_urls_are_separated_by_commas() -> None:
    assert parsed_metrics_urls(f"{URL}, https://b.example/metrics") == (
        URL,
        "https://b.example/metrics",
    )


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:6789", "ftp://a/b", "http://u:p@a/metrics", f"{URL},", "http://"]
)
def test_what_is_no_plain_url_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"entry \d is no http or https URL"):
        parsed_metrics_urls(text)
