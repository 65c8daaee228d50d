"""Where a customer's URL may never lead, in every spelling that a resolver understands."""

import ipaddress

import pytest

from cordboard.webhooks.addresses import is_forbidden, literal_address

_FORBIDDEN = """
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.1 100.100.100.200
100.127.255.255 127.0.0.1 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254
169.254.170.2 169.254.255.255 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.192
192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255
192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255 :: ::1 ::2 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:100.64.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 ::127.0.0.1 ::10.0.0.1
64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::8.8.8.8 64:ff9b:1::10.0.0.1 100::1
100:0:0:1::1 2001::1 2001:0:7f00:1::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1
2001:db8:ffff::1 2002:7f00:1::1 2002:a9fe:a9fe::1 2002:808:808::1 2620:4f:8000::1 3fff::1
3fff:fff:ffff::1 5f00::1 4000::1 1fff::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1
fe80::a9fe:a9fe febf::1 fec0::1 ff00::1 ff02::1 ff05::1:3 2a00:1450:4001::5efe:10.0.0.1
2a00:1450:4001::200:5efe:10.0.0.1
"""
_PUBLIC = """
8.8.8.8 1.1.1.1 93.184.216.34 100.63.255.255 172.32.0.1 198.20.0.1 2606:4700:4700::1111
2a00:1450:4001:80b::200e 2001:4860:4860::8888
"""
FORBIDDEN = _FORBIDDEN.split()
PUBLIC = _PUBLIC.split()

LOOPBACK_SPELLINGS = (
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.1",
    "0x7f.0.0.0x1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "①②⑦.0.0.1",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\uff0e0\uff611",
    "127。0。0。1",
)


def test_the_table_is_as_long_as_it_claims_to_be() -> None:
    assert len(set(FORBIDDEN)) >= 70
    assert len(PUBLIC) == 9


@pytest.mark.parametrize("text", FORBIDDEN)
def test_an_address_that_is_not_public_is_forbidden(text: str) -> None:
    assert is_forbidden(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_allowed(text: str) -> None:
    assert not is_forbidden(ipaddress.ip_address(text))


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_every_spelling_of_loopback_is_loopback(host: str) -> None:
    assert literal_address(host) == ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize("text", [*FORBIDDEN, *PUBLIC])
def test_an_address_in_its_own_spelling_is_itself(text: str) -> None:
    assert literal_address(text) == ipaddress.ip_address(text)


@pytest.mark.parametrize(
    "name",
    ["example.com", "localhost", "a", "1.2.3.4.example", "0x", "256.256.256.256.com", "", "é"],
)
def test_a_name_is_no_address(name: str) -> None:
    assert literal_address(name) is None
