"""Every call gets a decision, and its trace says why."""

import hashlib
import json
from base64 import b32encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cordboard.numbers.dialled import read_dialled
from cordboard.numbers.e164 import E164
from cordboard.routing.model import (
    LONGEST_METADATA,
    Accepted,
    AgentVersion,
    Decision,
    Facts,
    IncomingCall,
    Outcome,
    RefusalReason,
    Refused,
    RoutableNumber,
    Step,
    call_id,
    decide,
    job_metadata,
)
from cordboard.runtime.ids import OrganizationId, RegistrationId

NUMBER = E164("+14155550100")
OTHER = E164("+14155550199")
AT_MS = 1_705_314_600_123

agents = st.builds(
    AgentVersion,
    agent_id=st.from_regex(r"[A-Za-z0-9_.-]{1,128}", fullmatch=True),
    agent_version=st.integers(1, 2**31 - 1),
    livekit_agent_name=st.from_regex(r"[A-Za-z0-9_.-]{1,128}", fullmatch=True),
    livekit_deployment=st.none() | st.just("blue"),
    is_registered=st.booleans(),
)
accounts = st.none() | st.sampled_from(["acct_1", "acct_2"])
numbers = st.builds(
    RoutableNumber,
    phone_number=st.just(NUMBER),
    organization_id=st.just(OrganizationId("org_1")),
    registration_id=st.just(RegistrationId("num_" + "0" * 24)),
    revision=st.integers(1, 2**31 - 1),
    inbound=st.none() | agents,
    fallback=st.none() | agents,
    carrier_account_id=accounts,
    webhook_url=st.none() | st.just("https://example.com/hook"),
)


def an_agent(name: str = "agent_1", **fields: Any) -> AgentVersion:  # noqa: ANN401 - as the fields are
    values: dict[str, Any] = {
        "agent_id": name,
        "agent_version": 3,
        "livekit_agent_name": name,
        "livekit_deployment": None,
        "is_registered": True,
    }
    return AgentVersion(**{**values, **fields})


def a_number(**fields: Any) -> RoutableNumber:  # noqa: ANN401 - as the fields are
    values: dict[str, Any] = {
        "phone_number": NUMBER,
        "organization_id": "org_1",
        "registration_id": "num_1",
        "revision": 7,
        "inbound": an_agent(),
        "fallback": None,
    }
    return RoutableNumber(**{**values, **fields})


def decided(
    number: RoutableNumber | None, dialled: str = NUMBER, account: str | None = None
) -> Decision:
    call = IncomingCall("call_1", "default", dialled, "+12125550100", AT_MS, account)
    return decide(call, Facts(read_dialled(dialled), number, "as given"))


def steps(decision: Decision) -> dict[Step, Outcome]:
    return {each.step: each.result for each in decision.trace}


@given(st.text(max_size=40), st.none() | numbers, accounts)
def test_every_call_gets_a_decision_with_a_trace(
    dialled: str, number: RoutableNumber | None, account: str | None
) -> None:
    decision = decided(number, dialled, account)
    order = list(Step)
    places = [order.index(each.step) for each in decision.trace]
    assert places == sorted(set(places))
    assert all(each.detail for each in decision.trace)
    if isinstance(decision, Accepted):
        assert number is not None
        assert number.inbound is not None
        assert decision.targets[0].agent_id == number.inbound.agent_id
        assert len(decision.targets) == 1 + (number.fallback is not None)
    else:
        assert decision.reason in RefusalReason
        assert (decision.reason == RefusalReason.UNKNOWN_NUMBER) is (number is None)


@given(numbers, agents, st.none() | st.just("call_" + "a" * 26))
def test_a_jobs_metadata_is_never_longer_than_512_bytes(
    number: RoutableNumber, agent: AgentVersion, call: str | None
) -> None:
    assert len(job_metadata(number, agent, "default", call)) <= LONGEST_METADATA


def test_a_worker_is_told_what_the_contract_says() -> None:
    decision = decided(a_number())
    assert isinstance(decision, Accepted)
    assert json.loads(decision.targets[0].metadata) == {
        "cordboard": 1,
        "organization_id": "org_1",
        "direction": "inbound",
        "phone_number": NUMBER,
        "agent_id": "agent_1",
        "agent_version": 3,
        "cluster": "default",
        "call_id": "call_1",
        "revision": 7,
    }


def test_an_unknown_number_is_nobodys() -> None:
    decision = decided(None)
    assert isinstance(decision, Refused)
    assert (decision.reason, decision.organization_id) == (RefusalReason.UNKNOWN_NUMBER, None)
    assert steps(decision) == {Step.DIALLED: Outcome.FOUND, Step.NUMBER: Outcome.NOT_FOUND}


def test_an_unbound_number_is_refused_and_its_organization_known() -> None:
    decision = decided(a_number(inbound=None))
    assert isinstance(decision, Refused)
    assert (decision.reason, decision.organization_id) == (RefusalReason.UNBOUND_NUMBER, "org_1")
    assert steps(decision)[Step.BINDING] is Outcome.REFUSED


def test_a_call_of_another_carrier_account_is_refused() -> None:
    decision = decided(a_number(carrier_account_id="acct_1"), account="acct_2")
    assert isinstance(decision, Refused)
    assert decision.reason == RefusalReason.FOREIGN_CARRIER_ACCOUNT
    assert steps(decision)[Step.CARRIER_ACCOUNT] is Outcome.REFUSED


def test_a_call_of_the_numbers_own_carrier_account_is_accepted() -> None:
    decision = decided(a_number(carrier_account_id="acct_1"), account="acct_1")
    assert isinstance(decision, Accepted)
    assert steps(decision)[Step.CARRIER_ACCOUNT] is Outcome.FOUND


def test_steps_that_do_not_decide_yet_have_their_place_in_the_trace() -> None:
    decision = decided(a_number(webhook_url="https://example.com/hook"))
    skipped = {step for step, result in steps(decision).items() if result is Outcome.SKIPPED}
    assert {Step.WEBHOOK, Step.SCHEDULE, Step.WEIGHTS} <= skipped


def test_the_fallback_comes_after_the_agent() -> None:
    decision = decided(a_number(fallback=an_agent("agent_2", livekit_deployment="blue")))
    assert isinstance(decision, Accepted)
    assert [target.agent_id for target in decision.targets] == ["agent_1", "agent_2"]
    assert "deployment 'blue'" in decision.trace[-1].detail


def test_other_registered_meanings_are_named() -> None:
    call = IncomingCall("call_1", "default", "4155550100", "", AT_MS)
    decision = decide(call, Facts(read_dialled(NUMBER), a_number(), "plus added", (OTHER,)))
    assert f"passed over, also registered: {OTHER}" in decision.trace[1].detail


@given(st.text(), st.text())
def test_a_calls_id_is_the_one_that_workers_compute(cluster: str, sip_call_id: str) -> None:
    try:
        text = f"{cluster}/{sip_call_id}".encode()
    except UnicodeEncodeError:
        return
    digest = b32encode(hashlib.sha256(text).digest()).decode().lower()
    assert call_id(cluster, sip_call_id) == f"call_{digest[:26]}"
