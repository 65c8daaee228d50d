"""What must exist at LiveKit, and what must never: open trunks, and rules for unnamed workers."""

import ipaddress
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.numbers.e164 import E164
from cordboard.routing.carrier_addresses import load_catalogue
from cordboard.routing.model import AgentVersion, RoutableNumber
from cordboard.routing.topology import (
    NOBODY,
    DesiredRule,
    DesiredTrunk,
    Estate,
    Layer,
    NoAgentError,
    OpenTrunkError,
    Pair,
    canonical_cidrs,
    catch_all,
    pair_of,
    tag_of,
    unrouted,
)
from cordboard.runtime.ids import OrganizationId, RegistrationId
from tests.support.reconciled import an_estate

SOME_ENTRIES = st.one_of(
    st.ip_addresses().map(str),
    st.builds("{}/{}".format, st.ip_addresses(v=4), st.integers(0, 33)),
    st.builds("{}/{}".format, st.ip_addresses(v=6), st.integers(0, 129)),
    st.sampled_from(["", "10.9.9.9;x", "10.9.9.9, 10.9.9.8", "sip.example.com", "*", "0.0.0.0/0"]),
    st.text(max_size=20),
)


def a_routable_number(agent: str | None = "desk", webhook_url: str | None = None) -> RoutableNumber:
    inbound = (
        None if agent is None else AgentVersion("agent_1", 3, agent, "blue", is_registered=True)
    )
    return RoutableNumber(
        phone_number=E164("+14155550100"),
        organization_id=OrganizationId("org_1"),
        registration_id=RegistrationId("num_1"),
        revision=1,
        inbound=inbound,
        fallback=None,
        webhook_url=webhook_url,
    )


def test_the_catch_all_takes_every_number_and_sends_for_nobody() -> None:
    pair = catch_all(an_estate())
    assert pair.trunk.numbers == ()
    assert pair.trunk.allowed_addresses == ("192.0.2.0/24",)
    assert pair.rule.agent_name == NOBODY


def test_a_bound_number_has_a_trunk_with_it_and_a_rule_with_its_worker() -> None:
    pair = pair_of(an_estate(), a_routable_number())
    assert pair is not None
    assert pair.trunk.numbers == ("+14155550100",)
    assert (pair.rule.agent_name, pair.rule.deployment) == ("desk", "blue")
    assert "agent_1" in pair.rule.job_metadata


@pytest.mark.parametrize(
    ("layer", "number"),
    [
        (Layer.SHARED, a_routable_number()),
        (Layer.DEDICATED, a_routable_number(None)),
        (Layer.DEDICATED, a_routable_number(webhook_url="https://example.com/x")),
    ],
)
def test_a_number_whose_calls_cordboard_decides_has_no_pair(
    layer: Layer, number: RoutableNumber
) -> None:
    assert pair_of(an_estate(layer), number) is None


def test_a_tag_is_known_by_its_installation_and_changes_with_the_content() -> None:
    pair = catch_all(an_estate())
    wider = msgspec.structs.replace(pair.trunk, ringing_timeout_s=30)
    mine, other = tag_of(pair.trunk.metadata(), "inst_test"), tag_of(wider.metadata(), "inst_test")
    assert mine is not None
    assert other is not None
    assert mine.name == other.name == "catch-all"
    assert mine.hash != other.hash
    assert tag_of(pair.trunk.metadata(), "inst_other") is None


@given(st.text())
def test_what_anybody_writes_into_metadata_is_no_tag_of_ours(text: str) -> None:
    assert tag_of(text, "inst_test") is None


def test_metadata_that_nests_without_end_is_no_tag_of_ours() -> None:
    assert tag_of('{"installation":' + "[" * 5_000, "inst_test") is None


def test_a_trunk_is_born_with_a_number_that_is_its_own_and_nobody_s() -> None:
    trunks = [catch_all(an_estate()).trunk, _pair().trunk]
    numbers = {unrouted(trunk).numbers for trunk in trunks}
    assert len(numbers) == 2
    assert all(number.startswith("+0000000000") for (number,) in numbers)


@given(st.lists(SOME_ENTRIES, max_size=6))
def test_no_trunk_is_open_to_the_world_whatever_addresses_are_configured(
    entries: list[str],
) -> None:
    try:
        cidrs = canonical_cidrs(entries)
    except (ValueError, OpenTrunkError):
        return
    networks = [ipaddress.ip_network(cidr) for cidr in cidrs]
    assert networks
    assert all("/" in cidr for cidr in cidrs)
    assert sum(it.num_addresses for it in networks if it.version == 4) < 2**32
    assert canonical_cidrs(cidrs) == cidrs
    estate = msgspec.structs.replace(an_estate(), source_cidrs=cidrs)
    assert catch_all(estate).trunk.allowed_addresses == cidrs


@pytest.mark.parametrize(
    "entries",
    [
        [],
        ["0.0.0.0/0"],
        ["::/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        [f"{first}.0.0.0/8" for first in range(256)],
        ["2000::/3"],
        ["::ffff:0:0/96"],
        ["::ffff:192.0.2.1"],
    ],
)
def test_networks_that_admit_everybody_are_refused(entries: list[str]) -> None:
    with pytest.raises(OpenTrunkError):
        canonical_cidrs(entries)


@pytest.mark.parametrize("entry", ["10.9.9.9;x", "10.9.9.9, 10.9.9.8", "sip.example.com", "", "*"])
def test_what_is_no_address_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        canonical_cidrs([entry])


def test_addresses_are_written_as_networks_sorted_and_joined() -> None:
    entries = [" 198.51.100.7 ", "192.0.2.128/25", "192.0.2.9/25", "2001:db8::1"]
    assert canonical_cidrs(entries) == ("192.0.2.0/24", "198.51.100.7/32", "2001:db8::1/128")


def test_an_estate_takes_canonical_addresses_only() -> None:
    for entries in (("192.0.2.1",), ("192.0.2.0/24", "10.0.0.0/8")):
        with pytest.raises(ValueError, match="must be written as CIDR"):
            msgspec.structs.replace(an_estate(), source_cidrs=entries)
    with pytest.raises(OpenTrunkError):
        Estate("inst_test", "default", Layer.SHARED, (), 20, 60)


def _pair() -> Pair:
    pair = pair_of(an_estate(), a_routable_number())
    assert pair is not None
    return pair


def test_a_trunk_without_addresses_cannot_be_made() -> None:
    with pytest.raises(OpenTrunkError):
        DesiredTrunk("inst_test", "num_1", "x", ("+14155550100",), (), 20, 60)
    with pytest.raises(OpenTrunkError):
        msgspec.structs.replace(_pair().trunk, allowed_addresses=())


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_a_rule_without_an_agent_cannot_be_made(name: str) -> None:
    with pytest.raises(NoAgentError):
        DesiredRule("inst_test", "num_1", "x", name, "", "")
    with pytest.raises(NoAgentError):
        pair_of(an_estate(), a_routable_number(name))


def test_the_carriers_catalogue_names_its_sources_and_can_be_used() -> None:
    catalogue = load_catalogue()
    assert {"twilio", "telnyx"} <= set(catalogue.carriers)
    assert all(each.source.startswith("https://") for each in catalogue.carriers.values())
    assert all(each.cidrs for each in catalogue.carriers.values())
    assert canonical_cidrs(catalogue.cidrs())


@pytest.mark.parametrize(("days", "is_old"), [(0, False), (90, False), (91, True)])
def test_the_catalogue_is_old_after_ninety_days(days: int, *, is_old: bool) -> None:
    catalogue = msgspec.structs.replace(load_catalogue(), as_of=date(2026, 1, 1))
    assert catalogue.is_old(date(2026, 1, 1) + timedelta(days=days)) is is_old
