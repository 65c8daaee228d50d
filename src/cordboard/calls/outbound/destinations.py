"""Where a call may go: decided by the number's region and class, before anything is dialled.

The region is libphonenumber's, not the calling code: ``+1`` has 25 regions, and calls to the
Caribbean ones are a classic of toll fraud. What libphonenumber does not know stands in the tables
below. Fraud lives on numbers whose owner is paid for each minute, so what is not known to be an
ordinary number is refused, however many regions are allowed.
"""

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, phonenumberutil, shortnumberinfo

from cordboard.calls.outbound.refusals import DestinationRefusedError, OutboundRefusal
from cordboard.numbers.e164 import E164

REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""Every region that has numbers: ISO 3166-1 alpha-2, and XK, AC and TA."""

NORTH_AMERICAN_TOLL_FREE = frozenset({"US", "CA"})
"""Whose the toll-free codes of +1 are: libphonenumber gives them all to the first."""

_WORDS = {
    OutboundRefusal.INVALID_NUMBER: "a number that is in nobody's use",
    OutboundRefusal.SHORT_NUMBER: "a short number",
    OutboundRefusal.EMERGENCY: "an emergency number",
    OutboundRefusal.PREMIUM_RATE: "a premium-rate number",
    OutboundRefusal.SHARED_COST: "a shared-cost number",
    OutboundRefusal.SATELLITE: "a satellite phone or of an international network",
    OutboundRefusal.INTERNATIONAL_NETWORK: "a number of no country",
    OutboundRefusal.UNIVERSAL_NUMBER: "a universal access number",
    OutboundRefusal.PERSONAL_NUMBER: "a personal number, which leads anywhere",
    OutboundRefusal.PAGER: "a pager",
    OutboundRefusal.VOICEMAIL: "an access number of voicemail",
}

_BY_TYPE = {
    PhoneNumberType.PREMIUM_RATE: OutboundRefusal.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST: OutboundRefusal.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: OutboundRefusal.PERSONAL_NUMBER,
    PhoneNumberType.PAGER: OutboundRefusal.PAGER,
    PhoneNumberType.UAN: OutboundRefusal.UNIVERSAL_NUMBER,
    PhoneNumberType.VOICEMAIL: OutboundRefusal.VOICEMAIL,
}

# Ranges that libphonenumber gives to no class, or to an ordinary one. The first that fits counts.
# Sources: ITU-T E.164.D (11/2011) for the international codes, NANPA for +1, Ofcom's National
# Telephone Numbering Plan for +44, ACMA's for +61, the Russian one for +7.
_RANGES = tuple(
    (re.compile(pattern), refusal)
    for pattern, refusal in (
        (r"\+979", OutboundRefusal.PREMIUM_RATE),
        (r"\+808", OutboundRefusal.SHARED_COST),
        (r"\+878", OutboundRefusal.PERSONAL_NUMBER),
        (r"\+(870|881|882|883)", OutboundRefusal.SATELLITE),
        (r"\+(800|888|991|999)", OutboundRefusal.INTERNATIONAL_NETWORK),
        (r"\+1900", OutboundRefusal.PREMIUM_RATE),
        (r"\+1...976", OutboundRefusal.PREMIUM_RATE),  # the exchange of information services
        (r"\+1...5551212$", OutboundRefusal.PREMIUM_RATE),  # directory assistance, paid by call
        (r"\+1(456|700|710)", OutboundRefusal.INTERNATIONAL_NETWORK),
        (r"\+1600", OutboundRefusal.SATELLITE),  # Canada's, whose callers pay for the airtime
        (r"\+15(00|2[1-9]|33|44|66|77|88)", OutboundRefusal.PERSONAL_NUMBER),
        (r"\+16(22|33|44|55|77|88)", OutboundRefusal.PERSONAL_NUMBER),  # Canada's
        (r"\+4470", OutboundRefusal.PERSONAL_NUMBER),
        (r"\+4476(?!24)", OutboundRefusal.PAGER),
        (r"\+44(84|87)", OutboundRefusal.SHARED_COST),
        (r"\+449", OutboundRefusal.PREMIUM_RATE),
        (r"\+6114[57]", OutboundRefusal.SATELLITE),
        (r"\+61190", OutboundRefusal.PREMIUM_RATE),
        (r"\+7954", OutboundRefusal.SATELLITE),
        (r"\+49(900|190)", OutboundRefusal.PREMIUM_RATE),
        (r"\+49(137|180)", OutboundRefusal.SHARED_COST),
        (r"\+49700", OutboundRefusal.PERSONAL_NUMBER),
    )
)
# San Marino through Italy's code, at many times its price; Abkhazia and South Ossetia, which ISO
# 3166 counts to Georgia, through Russia's, the same; Western Sahara, which libphonenumber takes
# for Morocco.
_REGION_OF_RANGE = (
    ("+390549", "SM"),
    ("+7840", "GE"),
    ("+7850", "GE"),
    ("+7940", "GE"),
    ("+2125288", "EH"),
    ("+2125289", "EH"),
)


def check_destination(caller_id: E164, destination: E164, allowed_regions: frozenset[str]) -> None:
    """Hold the number to be called against what may be called.

    Args:
        caller_id: The organization's number that calls.
        destination: Where to.
        allowed_regions: Where calls may go; empty stands for the caller id's own region.

    Raises:
        DestinationRefusedError: It may not be called. The text says why.
    """
    refusal = refused_class(destination)
    if refusal is not None:
        reason = f"is {_WORDS[refusal]}; those are never dialled, whatever is allowed"
        raise DestinationRefusedError(refusal, reason)
    allowed = allowed_regions or regions_of(caller_id)
    regions = regions_of(destination)
    if regions & allowed:
        return
    raise DestinationRefusedError(OutboundRefusal.OTHER_REGION, _elsewhere(regions, allowed))


def regions_of(number: E164) -> frozenset[str]:
    """Return the regions that a number belongs to: one, or two for toll-free numbers of +1.

    None for the numbers of no country, and where a country code has several regions and the
    number is in use in none of them.
    """
    for start, borrower in _REGION_OF_RANGE:
        if number.startswith(start):
            return frozenset({borrower})
    parsed = _parsed(number)
    if parsed is None:
        return frozenset()
    is_toll_free = phonenumbers.number_type(parsed) == PhoneNumberType.TOLL_FREE
    if parsed.country_code == 1 and is_toll_free:
        return NORTH_AMERICAN_TOLL_FREE
    region = phonenumbers.region_code_for_number(parsed) or _region_of_area_code(number)
    return frozenset({region} if region is not None else ()) & REGIONS


def _region_of_area_code(number: E164) -> str | None:
    """Return the region of a +1 number that is in nobody's use yet: its area code tells it."""
    if not number.startswith("+1"):
        return None
    neighbour = _parsed(E164(f"{number[:5]}2345678"))
    return None if neighbour is None else phonenumbers.region_code_for_number(neighbour)


def refused_class(number: E164) -> OutboundRefusal | None:
    """Return the class of a number that is never dialled, or None for an ordinary one."""
    parsed = _parsed(number)
    if parsed is not None and _is_emergency(parsed):
        return OutboundRefusal.EMERGENCY
    for pattern, refusal in _RANGES:
        if pattern.match(number):
            return refusal
    if parsed is None:
        return OutboundRefusal.INVALID_NUMBER
    by_type = _BY_TYPE.get(phonenumbers.number_type(parsed))
    if by_type is not None:
        return by_type
    if phonenumbers.is_valid_number(parsed):
        return None if regions_of(number) else OutboundRefusal.INTERNATIONAL_NETWORK
    if shortnumberinfo.is_valid_short_number(parsed):
        return OutboundRefusal.SHORT_NUMBER
    return OutboundRefusal.INVALID_NUMBER


def _parsed(number: E164) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None


def _is_emergency(number: PhoneNumber) -> bool:
    """Whether what follows the country code is an emergency number of one of its regions."""
    digits = phonenumbers.national_significant_number(number)
    regions = phonenumberutil.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
    return any(shortnumberinfo.is_emergency_number(digits, region) for region in regions)


def _elsewhere(regions: frozenset[str], allowed: frozenset[str]) -> str:
    where = " or ".join(sorted(regions))
    if not allowed:
        return f"is in {where}, and the region of from_number is not known; set allowed_regions"
    named = ", ".join(sorted(allowed))
    return f"is in {where}; calls of this organization may go to {named} (allowed_regions)"
