"""Where carriers send calls is read as it was meant, or refused by name."""

import pytest

from cordboard.routing.sip_endpoints import SIPEndpoint, parsed_endpoints


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip.example.com", "sip:sip.example.com:5060;transport=udp"),
        ("sip.example.com:5080", "sip:sip.example.com:5080;transport=udp"),
        ("sip.example.com;transport=tcp", "sip:sip.example.com:5060;transport=tcp"),
        ("sip.example.com;transport=TLS", "sip:sip.example.com:5061;transport=tls"),
        ("192.0.2.7:5060 ; transport = tcp", "sip:192.0.2.7:5060;transport=tcp"),
        ("[2001:db8::7]:5070", "sip:[2001:db8::7]:5070;transport=udp"),
        ("localhost;priority=0", "sip:localhost:5060;transport=udp"),
    ],
)
def test_an_endpoint_has_the_usual_port_and_transport_unless_others_are_named(
    text: str, uri: str
) -> None:
    (endpoint,) = parsed_endpoints(text)
    assert endpoint.uri == uri


def test_the_lowest_priority_comes_first_and_equal_ones_as_they_stand() -> None:
    text = "b.example;priority=20, c.example, a.example;priority=5;transport=tcp ,d.example"
    assert [each.host for each in parsed_endpoints(text)] == [
        "a.example",
        "c.example",
        "d.example",
        "b.example",
    ]
    assert parsed_endpoints(text)[0] == SIPEndpoint("a.example", 5060, "tcp", 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not host"),
        ("a.example,", "'' is not host"),
        ("sip:a.example", "write it without 'sip:'"),
        ("user@a.example", "is not host"),
        ("a.example:0", "the port must be from 1 to 65535"),
        ("a.example:70000", "the port must be"),
        ("a.example:", "is not host"),
        ("300.1.1.1", "is not host"),
        ("1.2.3", "is not host"),
        ("2001:db8::7", "IPv6 in brackets"),
        ("[192.0.2.1]", "is not host"),
        ("-a.example", "is not host"),
        ("a..example", "is not host"),
        ("a.example;transport=ws", "transport must be one of udp, tcp, tls"),
        ("a.example;transport", "transport must be"),
        ("a.example;priority=-1", "priority must be from 0 to 65535"),
        ("a.example;priority=70000", "priority must be"),
        ("a.example;weight=1", "transport=… and priority=…"),
        ("a.example;priority=1;priority=2", "at most once"),
        ("a.example,A.example:5060", "stands there twice"),
    ],
)
def test_what_is_no_endpoint_is_refused_with_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        parsed_endpoints(text)
