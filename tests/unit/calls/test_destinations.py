"""Where calls may go: by region and class of the number, and never anywhere else."""

from functools import cache

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from cordboard.calls.outbound.destinations import (
    REGIONS,
    check_destination,
    refused_class,
    regions_of,
)
from cordboard.calls.outbound.refusals import DestinationRefusedError, OutboundRefusal
from cordboard.numbers.e164 import E164, checked_e164, is_written_as_e164
from cordboard.runtime.errors import InvalidError

EVERYWHERE = REGIONS
US = E164("+14155550100")

# Ordinary numbers: the region in which each may be called, whoever calls.
ORDINARY = """
    +12015550123 US   +14155550100 US   +16105550000 US   +18082345678 US   +19072345678 US
    +15062345678 CA   +12505551234 CA   +16475550123 CA   +15146543210 CA   +18672345678 CA
    +18765230123 JM   +18762101234 JM   +16582351234 JM   +12423456789 BS   +12423591234 BS
    +18092345678 DO   +18295551234 DO   +18495551234 DO   +17872345678 PR   +19395551234 PR
    +16713001234 GU   +16702351234 MP   +16846221234 AS   +13406421234 VI   +12642351234 AI
    +12684641234 AG   +12462501234 BB   +14413701234 BM   +13453231234 KY   +17672251234 DM
    +14734031234 GD   +16644912345 MS   +18697652917 KN   +17582845678 LC   +17842661234 VC
    +17215205678 SX   +18682911234 TT   +16492311234 TC   +12843001234 VG   +18683011234 TT
    +441212345678 GB  +447400123456 GB  +448001234567 GB  +441481256789 GG  +447781123456 GG
    +447911123456 GG  +441534456789 JE  +447797712345 JE  +441624756789 IM  +447624123456 IM
    +74951234567 RU   +79123456789 RU   +77011234567 KZ   +77172123456 KZ   +78001234567 RU
    +78401234567 GE   +79401234567 GE   +390212345678 IT  +393123456789 IT  +39800123456 IT
    +390669812345 VA  +390549886377 SM  +3780549886377 SM +541123456789 AR  +5491123456789 AR
    +548001234567 AR  +525512345678 MX  +5511961234567 BR +551123456789 BR  +4930123456 DE
    +4915123456789 DE +498001234567890 DE +33123456789 FR +33612345678 FR   +33912345678 FR
    +34810123456 ES   +31101234567 NL   +41212345678 CH   +431234567890 AT  +48123456789 PL
    +4721234567 NO    +4779123456 SJ    +358412345678 FI  +35818123456 AX   +3532212345 IE
    +61212345678 AU   +61412345678 AU   +61891621234 CC   +61891641234 CX   +64211234567 NZ
    +819012345678 JP  +8613123456789 CN +85221234567 HK   +6561234567 SG    +919001234567 IN
    +911800123456 IN  +27711234567 ZA   +2348021234567 NG +254712123456 KE  +201001234567 EG
    +971501234567 AE  +972502345678 IL  +905012345678 TR  +380501234567 UA  +37744123456 MC
    +38344123456 XK   +50937001234 HT   +5356123456 CU    +2522123456 SO    +29022158 SH
    +24740123 AC      +6834000 NU       +6903010 TK       +262262161234 RE  +262639012345 YT
    +212520812345 MA  +212528812345 EH  +59995181234 CW   +5993181234 BQ    +590690001234 GP
"""

# Numbers that are never dialled, with the class that the refusal names.
REFUSED = """
    +19002345678 premium_rate      +19005550123 premium_rate     +12129761234 premium_rate
    +12125551212 premium_rate      +15005550006 personal_number  +15335551234 personal_number
    +15219023456 personal_number   +16225551234 personal_number  +16335551234 personal_number
    +17005551234 international_network  +14565551234 international_network
    +17102345678 international_network  +16002012345 satellite   +13101234 universal_number
    +12422250123 universal_number  +12005551234 invalid_number   +19115551234 invalid_number
    +14151234567 invalid_number    +449012345678 premium_rate    +449123456789 premium_rate
    +448451234567 shared_cost      +448712345678 shared_cost     +447012345678 personal_number
    +447099999999 personal_number  +447640123456 pager           +443001234567 universal_number
    +445512345678 universal_number +4455123456 invalid_number    +44118118 short_number
    +441181181 invalid_number
    +870773111632 satellite        +881612345678 satellite       +881812345678 satellite
    +88213123456 satellite         +88216123456 satellite        +88299123456 satellite
    +883510000000000 satellite     +883130123456789 satellite    +7954123456 satellite
    +79541234567 satellite         +61147101234 satellite        +61145123456 satellite
    +97912345678 premium_rate      +979123456789 premium_rate    +80812345678 shared_cost
    +80012345678 international_network  +88812345678 international_network
    +87812345678901 personal_number
    +78091234567 premium_rate      +78081234567 personal_number  +499001234567 premium_rate
    +491901234567 premium_rate     +4918012345 shared_cost       +491371234567 shared_cost
    +4970012345678 personal_number +4918500123456 universal_number  +4916412345 pager
    +49177991234567 voicemail      +49116117 short_number        +4911833 short_number
    +33891123456 premium_rate      +33884012345 shared_cost      +33806123456 universal_number
    +39899123456 premium_rate      +39848123456 shared_cost      +391781234567 personal_number
    +3933101234501 voicemail       +34803123456 premium_rate     +34901123456 shared_cost
    +34701234567 personal_number   +319061234 premium_rate       +31881234567 universal_number
    +31662345678 pager             +3290012345 premium_rate      +3278791234 shared_cost
    +41900123456 premium_rate      +41840123456 shared_cost      +41878123456 personal_number
    +41740123456 pager             +41860123456789 voicemail     +43900123456 premium_rate
    +43810123456 shared_cost       +48701234567 premium_rate     +48801234567 shared_cost
    +469001234567 premium_rate     +46751234567 personal_number  +46254123456789 voicemail
    +4782012345 premium_rate       +4702000 universal_number     +4590123456 premium_rate
    +358600123456 premium_rate     +351760123456 premium_rate    +351808123456 shared_cost
    +3531520123456 premium_rate    +353700123456 personal_number +611900123456 premium_rate
    +611300123456 shared_cost      +64900123456 premium_rate     +81990123456 premium_rate
    +81570123456 universal_number  +8616812345 premium_rate      +864001234567 shared_cost
    +85290012345678 premium_rate   +6519001234567 premium_rate   +911861123456789 premium_rate
    +9118603451234 shared_cost     +55500123456 premium_rate     +5540041234 shared_cost
    +546001234567 premium_rate     +548101234567 universal_number  +529001234567 premium_rate
    +5719001234567 premium_rate    +27862345678 premium_rate     +254900223456 premium_rate
    +971900234567 premium_rate     +966925012345 premium_rate    +9721919123456 premium_rate
    +909001234567 premium_rate     +905123456789 pager           +380900212345 premium_rate
    +1911 emergency                +44999 emergency              +49112 emergency
    +61000 emergency               +5215512345678 invalid_number +378549886377 invalid_number
    +999123456789 international_network  +21032112345 invalid_number  +99544123456 invalid_number
"""


def rows(table: str) -> list[tuple[str, str]]:
    words = table.split()
    return list(zip(words[::2], words[1::2], strict=True))


def refusal_of(caller_id: str, number: str, *allowed: str) -> OutboundRefusal | None:
    try:
        check_destination(E164(caller_id), E164(number), frozenset(allowed))
    except DestinationRefusedError as error:
        return error.refusal
    return None


def test_more_than_200_shapes_are_tried() -> None:
    numbers = [number for table in (ORDINARY, REFUSED) for number, _ in rows(table)]
    assert len(numbers) > 200


@pytest.mark.parametrize(("number", "region"), rows(ORDINARY))
def test_an_ordinary_number_is_called_where_its_region_is_allowed_and_only_there(
    number: str, region: str
) -> None:
    assert refusal_of(US, number, region) is None
    others = EVERYWHERE - {region}
    assert refusal_of(US, number, *others) is OutboundRefusal.OTHER_REGION


@pytest.mark.parametrize(("number", "refusal"), rows(REFUSED))
def test_a_number_of_a_refused_class_is_never_called(number: str, refusal: str) -> None:
    assert refusal_of(US, number, *EVERYWHERE) == OutboundRefusal(refusal)


@pytest.mark.parametrize(
    ("caller_id", "number", "refusal"),
    [
        ("+14155550100", "+12015550123", None),
        ("+14155550100", "+16475550123", "other_region"),
        ("+14155550100", "+18765230123", "other_region"),
        ("+14155550100", "+18092345678", "other_region"),
        ("+14155550100", "+441212345678", "other_region"),
        ("+14150000001", "+12015550123", None),
        ("+18760000001", "+18765230123", None),
        ("+18760000001", "+12015550123", "other_region"),
        ("+441212345678", "+447400123456", None),
        ("+441212345678", "+447911123456", "other_region"),
        ("+441212345678", "+441534456789", "other_region"),
        ("+74951234567", "+77011234567", "other_region"),
        ("+74951234567", "+78401234567", "other_region"),
        ("+390212345678", "+390549886377", "other_region"),
        ("+18005550123", "+12015550123", None),
        ("+18005550123", "+16475550123", None),
        ("+18005550123", "+18765230123", "other_region"),
        ("+881612345678", "+12015550123", "other_region"),
    ],
)
def test_where_no_region_is_allowed_by_name_the_caller_ids_own_is(
    caller_id: str, number: str, refusal: str | None
) -> None:
    assert refusal_of(caller_id, number) == refusal


@pytest.mark.parametrize("number", ["+18005550123", "+18772345678", "+18332345678"])
def test_toll_free_numbers_of_plus_1_belong_to_the_united_states_and_canada(number: str) -> None:
    assert refusal_of("+14155550100", number) is None
    assert refusal_of("+16475550123", number) is None
    assert refusal_of("+18765230123", number) is OutboundRefusal.OTHER_REGION


@pytest.mark.parametrize("number", ["+6189162000", "+441230000", "+881612345678"])
def test_a_number_in_nobodys_use_has_no_region_where_it_may_be_of_several(number: str) -> None:
    """+61 8 9162 is the Cocos Islands' between two ranges of Australia's."""
    assert regions_of(E164(number)) == frozenset()
    assert refusal_of(number, "+61212345678") is OutboundRefusal.OTHER_REGION


def test_a_refusal_names_regions_in_their_order() -> None:
    allowed = frozenset({"MX", "GB", "DE", "FR", "JP", "AU", "BR", "IN"})
    for number, where in (("+18765230123", "JM"), ("+18005550123", "CA or US")):
        with pytest.raises(DestinationRefusedError) as refused:
            check_destination(US, E164(number), allowed)
        assert refused.value.detail == (
            f"to_number: is in {where}; calls of this organization may go to "
            "AU, BR, DE, FR, GB, IN, JP, MX (allowed_regions)"
        )


def test_the_refusal_says_in_words_what_is_wrong() -> None:
    with pytest.raises(DestinationRefusedError) as premium:
        check_destination(US, E164("+19005550123"), EVERYWHERE)
    with pytest.raises(DestinationRefusedError) as elsewhere:
        check_destination(US, E164("+18765230123"), frozenset({"US", "CA"}))
    with pytest.raises(DestinationRefusedError) as nowhere:
        check_destination(E164("+881612345678"), US, frozenset())
    assert premium.value.detail == (
        "to_number: is a premium-rate number; those are never dialled, whatever is allowed"
    )
    assert elsewhere.value.detail == (
        "to_number: is in JM; calls of this organization may go to CA, US (allowed_regions)"
    )
    assert nowhere.value.detail == (
        "to_number: is in US, and the region of from_number is not known; set allowed_regions"
    )


@cache
def written_as_e164() -> st.SearchStrategy[str]:
    """Any text of the form, more often than chance near what is in use somewhere."""
    starts = sorted({str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE})
    near = st.tuples(st.sampled_from(starts), st.text("0123456789", max_size=14)).map("".join)
    anything = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
    return (
        st.one_of(near, anything).map(lambda digits: f"+{digits[:15]}").filter(is_written_as_e164)
    )


@cache
def dialled() -> st.SearchStrategy[str]:
    """Numbers in use, changed a little, and anything else that has the form."""
    examples = [
        phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for region in sorted(REGIONS)
        for kind in PhoneNumberType.values()
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    ]
    changed = st.tuples(st.sampled_from(examples), st.text("0123456789", max_size=4)).map(
        lambda pair: pair[0][: len(pair[0]) - len(pair[1])] + pair[1]
    )
    return st.one_of(st.sampled_from(examples), changed, written_as_e164())


@settings(max_examples=300)
@given(written_as_e164(), st.frozensets(st.sampled_from(sorted(REGIONS)), max_size=5), dialled())
@example("+14155550100", frozenset(), "+999123456789")
def test_what_has_the_form_of_e164_is_called_or_refused_and_nothing_else(
    caller_id: str, allowed: frozenset[str], number: str
) -> None:
    refusal_of(caller_id, number, *allowed)


@settings(max_examples=300)
@given(st.frozensets(st.sampled_from(sorted(REGIONS)), min_size=1, max_size=20), dialled())
def test_nothing_outside_the_allowed_regions_is_ever_called(
    allowed: frozenset[str], number: str
) -> None:
    if refusal_of(US, number, *allowed) is None:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.number_type(parsed) in {
            PhoneNumberType.FIXED_LINE,
            PhoneNumberType.MOBILE,
            PhoneNumberType.FIXED_LINE_OR_MOBILE,
            PhoneNumberType.TOLL_FREE,
            PhoneNumberType.VOIP,
        }
        shared = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[parsed.country_code or 0]
        borrowed = {"SM", "GE", "EH"}
        assert allowed & ({*shared} | borrowed)
        assert regions_of(E164(number)) & allowed


@settings(max_examples=300)
@given(dialled())
def test_with_every_region_allowed_a_number_is_called_unless_its_class_is_refused(
    number: str,
) -> None:
    assert refusal_of(US, number, *EVERYWHERE) == refused_class(E164(number))


# Saint Martin's numbers cannot be told from Guadeloupe's, and count as those.
@pytest.mark.parametrize("region", sorted(REGIONS - {"MF"}))
def test_each_region_has_ordinary_numbers_of_its_own(region: str) -> None:
    found = [
        E164(phonenumbers.format_number(number, PhoneNumberFormat.E164))
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    ]
    assert any(refusal_of(US, number, region) is None for number in found)


# A request with a national prefix in its number is refused, and told the number without it.
@given(dialled())
@example("+49030000")
def test_what_may_be_called_may_be_written_in_a_request(number: str) -> None:
    if refusal_of(US, number, *EVERYWHERE) is None:
        plain = phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.E164)
        try:
            checked_e164(plain)
        except InvalidError:
            pytest.fail(f"{plain} would be dialled, and is no number that a request may hold")
