"""SIPp's two ends, each the other's far end: what can be tried of it without livekit-sip."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cordboard.simulated.livekit import Dialled, Outcome
from tests.e2e.livekit_sip.callees import Callees
from tests.e2e.livekit_sip.phone import Phone
from tests.e2e.processes import HOST

NUMBER = "+14155550100"
CALLER = "+12125550100"
WITHIN_S = 20

pytestmark = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="SIPp is not installed (Debian: apt install sip-tester)"
)


@pytest.fixture
async def callees(tmp_path: Path) -> AsyncIterator[Callees]:
    """Everybody who can be called; they answer."""
    everybody = Callees(tmp_path)
    await everybody.start()
    yield everybody
    await everybody.stop()


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    """A telephone at an address of its own."""
    one = Phone(tmp_path, "127.0.0.2")
    yield one
    await one.put_away()


async def _dial(phone: Phone, callees: Callees) -> None:
    await phone.dial(NUMBER, CALLER, from_host="192.0.2.1", gateway=(HOST, callees.port))


async def test_a_caller_says_goodbye_when_told(phone: Phone, callees: Callees) -> None:
    await _dial(phone, callees)
    await phone.until_answered(WITHIN_S)
    phone.hang_up()
    assert (await phone.until_ended(WITHIN_S)).status == 200
    assert [said for _, said in phone.ladder] == ["INVITE", "180", "200", "BYE"]
    assert callees.dialled == [Dialled(NUMBER, CALLER, "", "")]


async def test_a_caller_gives_up_when_told(phone: Phone, callees: Callees) -> None:
    await callees.tell(NUMBER, Outcome(status=None))
    await _dial(phone, callees)
    await phone.until_ringing(WITHIN_S)
    phone.hang_up()
    assert (await phone.until_ended(WITHIN_S)).status == 487
    assert [said for _, said in phone.ladder] == ["INVITE", "180", "487"]


@pytest.mark.parametrize("status", [404, 486, 503, 603])
async def test_a_callee_refuses_with_the_response_it_was_told(
    phone: Phone, callees: Callees, status: int
) -> None:
    await callees.tell("+14155550199", Outcome())
    await callees.tell(NUMBER, Outcome(status=status))
    await _dial(phone, callees)
    assert (await phone.until_ended(WITHIN_S)).status == status


async def test_a_callee_hangs_up_when_told(phone: Phone, callees: Callees) -> None:
    await callees.tell(NUMBER, Outcome(hangs_up_after_s=0.2))
    await _dial(phone, callees)
    await phone.until_answered(WITHIN_S)
    assert (await phone.until_ended(WITHIN_S)).status == 200
    assert [said for _, said in phone.ladder] == ["INVITE", "180", "200", "BYE"]
