"""Which IP addresses a customer's URL may not lead to.

The tables follow the IANA special-purpose registries (RFC 6890 and its updates) and the metadata
addresses of the large clouds. IPv6 is refused outside global unicast (2000::/3), which also covers
every embedding of IPv4 that lies elsewhere (mapped, compatible, NAT64).
"""

import ipaddress
import socket
import unicodedata

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORBIDDEN_V4 = [
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform address
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112 anycast
        "192.52.193.0/24",  # multicast tunnels (AMT)
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112 anycast
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/3",  # multicast, reserved and broadcast
    )
]
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = [
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 embeds any IPv4 address
        "2620:4f:8000::/48",  # AS112 anycast
        "3fff::/20",  # documentation
    )
]
_NEVER: list[Network] = [
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network: the machine itself
        "100.100.100.200/32",  # Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform address
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "192.0.0.192/32",  # Oracle's metadata
        "224.0.0.0/3",  # multicast, reserved and broadcast
        "::/127",  # unspecified and loopback
        "::ffff:0:0/96",  # IPv4 in another spelling
        "fd00:ec2::/32",  # Amazon's metadata
        "fd20:ce::/32",  # Google's metadata
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
]
_ISATAP = (0x00005EFE, 0x02005EFE)
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")


def parsed_networks(text: str) -> tuple[Network, ...]:
    """Return the private networks of a comma-separated list that customers' URLs may lead to.

    Raises:
        ValueError: One is no network, or one of those that are never allowed; the text names it.
    """
    networks = tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    for network in networks:
        if network.prefixlen == 0 or any(_is_within(network, never) for never in _NEVER):
            message = f"{network}: loopback, link-local and metadata addresses are never allowed"
            raise ValueError(message)
    return networks


def _is_within(inner: Network, outer: Network) -> bool:
    """Whether all addresses of a network are another's."""
    return inner.network_address in outer and inner.broadcast_address in outer


def is_allowed(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether an operator has allowed an address that is forbidden otherwise."""
    return any(address in network for network in networks) and not any(
        address in never for never in _NEVER
    )


def is_forbidden(address: Address) -> bool:
    """Whether a customer's URL may lead to this address only where an operator allows it."""
    if isinstance(address, ipaddress.IPv4Address):
        return any(address in block for block in _FORBIDDEN_V4)
    has_isatap = (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
    is_special = any(address in block for block in _FORBIDDEN_V6)
    return has_isatap or is_special or address not in _GLOBAL_V6


def plain_host(host: str) -> str:
    """Return a host in plain letters, digits and dots, as resolvers take it, without a last dot."""
    return unicodedata.normalize("NFKC", host.translate(_DOTS)).rstrip(".")


def literal_address(host: str) -> Address | None:
    """Return the address that ``host`` spells, in any spelling that a resolver would accept.

    ``127.1``, ``2130706433``, ``0x7f.1``, ``0177.0.0.1`` and full-width digits are all 127.0.0.1 to
    ``getaddrinfo``. Returns None for a name; nothing is looked up.
    """
    text = plain_host(host)
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, UnicodeEncodeError):
        return None
