"""Where carriers call from: a catalogue with the date and the source of each list.

A list that has grown old is the commonest reason for callers who hear nothing but ringing, so its
age is told; ``CORDBOARD_SIP_SOURCE_CIDRS`` replaces it.
"""

from datetime import date
from importlib import resources

import msgspec

OLD_AFTER_DAYS = 90


class CarrierAddresses(msgspec.Struct, frozen=True):
    """The addresses of one carrier's signalling, and the page that publishes them."""

    source: str
    cidrs: tuple[str, ...]


class Catalogue(msgspec.Struct, frozen=True):
    """The addresses of every carrier that is known, as of a day."""

    as_of: date
    carriers: dict[str, CarrierAddresses]

    def cidrs(self) -> tuple[str, ...]:
        """Return all addresses."""
        return tuple(cidr for carrier in self.carriers.values() for cidr in carrier.cidrs)

    def is_old(self, today: date) -> bool:
        """Whether the lists should be looked up again."""
        return (today - self.as_of).days > OLD_AFTER_DAYS


def load_catalogue() -> Catalogue:
    """Return the catalogue that this version ships."""
    file = resources.files("cordboard.routing") / "carrier_addresses.json"
    return msgspec.json.decode(file.read_bytes(), type=Catalogue)
