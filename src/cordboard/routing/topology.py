"""What must exist at LiveKit, as a pure function of the estate.

The catch-all always: one wildcard trunk, limited to the carriers' addresses, and one rule whose
calls Cordboard decides. On top of it, unless the topology is ``shared``, a pair for each number
that is bound to one agent: a trunk that lists the number and a rule that names the agent, so that
LiveKit routes it alone.

Two things never leave this module: a trunk that is open to the world, and a rule with an empty
list of agents, for which LiveKit would start any unnamed worker.

What there is one of for each number holds no cycles and is out of the garbage collector's sight
(``gc=False``): a full collection over tens of thousands of objects would hold the event loop.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from cordboard.agents.model import RESERVED_WORKER
from cordboard.numbers.e164 import E164
from cordboard.routing.model import AgentVersion, RoutableNumber, job_metadata

NOBODY = RESERVED_WORKER
CATCH_ALL = "catch-all"
ROOM_PREFIX = "call"
UNROUTABLE = "+0000000000"
SHORTEST_PREFIX = {4: 8, 6: 19}
"""The largest networks that a trunk may admit, by IP version: what one holder has, at most."""


_IPV4_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class Layer(StrEnum):
    """Which layers stand on the catch-all."""

    DEDICATED = "dedicated"
    SHARED = "shared"


class OpenTrunkError(Exception):
    """A trunk would accept calls from everywhere; it is not made."""


class NoAgentError(Exception):
    """A rule would start any unnamed worker; it is not made."""


class Tag(msgspec.Struct, frozen=True, gc=False):
    """How we know what is ours: the ``metadata`` of a trunk or rule, as JSON.

    Attributes:
        installation: The installation that made it; another one's objects are foreign.
        name: ``catch-all``, or the registration that a pair belongs to (``num_…``).
        hash: Of everything else that was asked for; a difference means it must be replaced.
    """

    cordboard: int
    installation: str
    name: str
    hash: str


class DesiredTrunk(msgspec.Struct, frozen=True, gc=False):
    """An inbound trunk as it should be; ``numbers`` empty means every number.

    Attributes:
        allowed_addresses: CIDR only; never empty.
        ringing_timeout_s, max_call_duration_s: So that LiveKit ends calls when nobody else does.
    """

    installation: str
    tag_name: str
    name: str
    numbers: tuple[str, ...]
    allowed_addresses: tuple[str, ...]
    ringing_timeout_s: int
    max_call_duration_s: int

    def __post_init__(self) -> None:
        """Hold that strangers stay out.

        Raises:
            OpenTrunkError: It would accept calls from everywhere.
        """
        if not self.allowed_addresses:
            raise OpenTrunkError("a trunk needs source addresses")

    def metadata(self) -> str:
        """Return the tag with the hash of the rest, as JSON."""
        return _tagged(self.installation, self.tag_name, msgspec.structs.astuple(self))


class DesiredRule(msgspec.Struct, frozen=True, gc=False):
    """A dispatch rule as it should be, for the trunk with the same tag.

    Attributes:
        agent_name: Who is dispatched; ``cordboard-nobody`` where Cordboard decides. Never empty.
        job_metadata: What the worker's job is told; empty where nobody is dispatched.
    """

    installation: str
    tag_name: str
    name: str
    agent_name: str
    deployment: str
    job_metadata: str

    def __post_init__(self) -> None:
        """Hold that unnamed workers stay out.

        Raises:
            NoAgentError: It names no agent.
        """
        if not self.agent_name.strip():
            raise NoAgentError("a rule needs an agent's name")

    def metadata(self) -> str:
        """Return the tag with the hash of the rest, as JSON."""
        return _tagged(self.installation, self.tag_name, msgspec.structs.astuple(self))


class Pair(msgspec.Struct, frozen=True, gc=False):
    """A trunk and its rule, made and removed together."""

    trunk: DesiredTrunk
    rule: DesiredRule


class Estate(msgspec.Struct, frozen=True):
    """What the topology depends on, besides the numbers.

    Attributes:
        source_cidrs: Where the carriers call from, as :func:`canonical_cidrs` writes it.

    Raises:
        ValueError, OpenTrunkError: The source addresses are unusable, or not canonical.
    """

    installation: str
    cluster_id: str
    layer: Layer
    source_cidrs: tuple[str, ...]
    ringing_timeout_s: int
    max_call_duration_s: int

    def __post_init__(self) -> None:
        """Hold the one thing that keeps strangers out."""
        if canonical_cidrs(self.source_cidrs) != self.source_cidrs:
            raise ValueError("source addresses must be written as CIDR, sorted")


def _tagged(installation: str, name: str, content: Sequence[object]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]
    return msgspec.json.encode(Tag(1, installation, name, digest)).decode()


def tag_of(metadata: str, installation: str) -> Tag | None:
    """Return the tag in an object's metadata if this installation put it there."""
    try:
        tag = msgspec.json.decode(metadata, type=Tag)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return tag if tag.installation == installation else None


def canonical_cidrs(entries: Iterable[str]) -> tuple[str, ...]:
    """Return addresses as CIDR, sorted, single hosts as ``/32`` or ``/128``, neighbours joined.

    LiveKit drops entries that it cannot parse, and opens the trunk when none is left; a bare
    address can be satisfied by a forged From host. A CIDR can do neither.

    Raises:
        ValueError: An entry is no address or network.
        OpenTrunkError: There is none, or together they admit a network larger than
            ``SHORTEST_PREFIX`` (IPv4 /8, IPv6 /19), or IPv4 written as IPv6.
    """
    networks = [ipaddress.ip_network(entry.strip(), strict=False) for entry in entries]
    v4 = [each for each in networks if isinstance(each, ipaddress.IPv4Network)]
    v6 = [each for each in networks if isinstance(each, ipaddress.IPv6Network)]
    joined: list[ipaddress.IPv4Network | ipaddress.IPv6Network]
    joined = [*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6)]
    if not joined:
        raise OpenTrunkError("a trunk needs source addresses")
    for network in joined:
        is_wide = network.prefixlen < SHORTEST_PREFIX[network.version]
        is_v4 = isinstance(network, ipaddress.IPv6Network) and network.overlaps(_IPV4_MAPPED)
        if is_wide or is_v4:
            text = f"{network} admits strangers; name the carriers' addresses (IPv4 /8 at most)"
            raise OpenTrunkError(text)
    return tuple(str(network) for network in joined)


def catch_all(estate: Estate) -> Pair:
    """Return the pair that every number rings through."""
    return Pair(
        _trunk(estate, CATCH_ALL, "Cordboard: every number", ()),
        DesiredRule(
            installation=estate.installation,
            tag_name=CATCH_ALL,
            name="Cordboard decides",
            agent_name=NOBODY,
            deployment="",
            job_metadata="",
        ),
    )


def pair_of(estate: Estate, number: RoutableNumber) -> Pair | None:
    """Return a number's own pair, or None when its calls are Cordboard's to decide."""
    if number.inbound is None or not has_own_pair(estate, number):
        return None
    return Pair(
        _trunk(
            estate,
            number.registration_id,
            f"Cordboard: {number.registration_id}",
            (number.phone_number,),
        ),
        _rule(estate, number, number.inbound),
    )


def has_own_pair(estate: Estate, number: RoutableNumber) -> bool:
    """Whether LiveKit routes a number alone."""
    is_bound = number.inbound is not None
    return estate.layer is Layer.DEDICATED and is_bound and not is_dynamic(number)


def is_dynamic(number: RoutableNumber) -> bool:
    """Whether a decision needs the time of the call: webhook today, weights and schedules later."""
    return number.webhook_url is not None


def unrouted(trunk: DesiredTrunk) -> DesiredTrunk:
    """Return a trunk as it is born: with a number that nobody can dial, until its rule exists.

    A trunk without its rule would ring for ever.
    """
    return msgspec.structs.replace(trunk, numbers=(f"{UNROUTABLE}{_digits(trunk.tag_name)}",))


def _digits(name: str) -> str:
    return str(int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))


def _trunk(estate: Estate, tag_name: str, name: str, numbers: tuple[E164, ...]) -> DesiredTrunk:
    return DesiredTrunk(
        installation=estate.installation,
        tag_name=tag_name,
        name=name,
        numbers=numbers,
        allowed_addresses=estate.source_cidrs,
        ringing_timeout_s=estate.ringing_timeout_s,
        max_call_duration_s=estate.max_call_duration_s,
    )


def _rule(estate: Estate, number: RoutableNumber, agent: AgentVersion) -> DesiredRule:
    return DesiredRule(
        installation=estate.installation,
        tag_name=number.registration_id,
        name=f"Cordboard: {number.registration_id}",
        agent_name=agent.livekit_agent_name,
        deployment=agent.livekit_deployment or "",
        job_metadata=job_metadata(number, agent, estate.cluster_id, None),
    )
