"""Where carriers send calls: the addresses of livekit-sip, as an operator writes them."""

import ipaddress
import re

import msgspec

PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
"""The transports, each with its usual port (RFC 3261, section 19.1.2)."""

DEFAULT_TRANSPORT = "udp"
DEFAULT_PRIORITY = 10
LARGEST_PRIORITY = 65535
LARGEST_PORT = 65535
LONGEST_HOST = 253

_ENTRY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\];\s/@]+)(:(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?")


class SIPEndpoint(msgspec.Struct, frozen=True):
    """One address at which livekit-sip takes calls.

    Attributes:
        host: A name, an IPv4 address, or an IPv6 address in brackets.
        priority: The lowest is tried first; carriers spread calls over equal ones.
    """

    host: str
    port: int
    transport: str
    priority: int

    @property
    def uri(self) -> str:
        """What to enter at a carrier, such as ``sip:sip.example.com:5060;transport=udp``."""
        return f"sip:{self.host}:{self.port};transport={self.transport}"


def parsed_endpoints(text: str) -> tuple[SIPEndpoint, ...]:
    """Return the endpoints of a comma-separated list, those to be tried first in front.

    Raises:
        ValueError: One is not ``host[:port][;transport=udp|tcp|tls][;priority=0…65535]``, or stands
            there twice; the text names it.
    """
    endpoints = [_parsed(entry.strip()) for entry in text.split(",")]
    places = [(each.host.lower(), each.port, each.transport) for each in endpoints]
    for endpoint, place in zip(endpoints, places, strict=True):
        if places.count(place) > 1:
            message = f"{endpoint.uri} stands there twice"
            raise ValueError(message)
    return tuple(sorted(endpoints, key=lambda each: each.priority))


def _parsed(entry: str) -> SIPEndpoint:
    address, *parameters = entry.split(";")
    match = _ENTRY.fullmatch(address.strip())
    if match is None or not _is_host(match["host"]):
        message = f"'{entry}' is not host[:port]; write it without 'sip:', IPv6 in brackets"
        raise ValueError(message)
    given = _parameters(entry, parameters)
    transport = given.get("transport", DEFAULT_TRANSPORT).lower()
    if transport not in PORTS:
        message = f"'{entry}': transport must be one of {', '.join(PORTS)}"
        raise ValueError(message)
    port = PORTS[transport] if match["port"] is None else int(match["port"])
    priority = given.get("priority", str(DEFAULT_PRIORITY))
    if not 1 <= port <= LARGEST_PORT:
        message = f"'{entry}': the port must be from 1 to {LARGEST_PORT}"
        raise ValueError(message)
    if not re.fullmatch("[0-9]{1,5}", priority) or int(priority) > LARGEST_PRIORITY:
        message = f"'{entry}': priority must be from 0 to {LARGEST_PRIORITY}"
        raise ValueError(message)
    return SIPEndpoint(match["host"], port, transport, int(priority))


def _parameters(entry: str, parameters: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for parameter in parameters:
        name, _, value = (part.strip() for part in parameter.partition("="))
        if name.lower() not in {"transport", "priority"} or name.lower() in found:
            message = f"'{entry}': after ';' come transport=… and priority=…, each at most once"
            raise ValueError(message)
        found[name.lower()] = value
    return found


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_address(host[1:-1], 6)
    # What looks like an IPv4 address has to be one: no name ends with a label of digits alone.
    if host.rpartition(".")[2].isdigit():
        return _is_address(host, 4)
    labels = host.split(".")
    return len(host) <= LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
