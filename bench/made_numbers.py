"""Made-up numbers, and the rows that the product writes when such a number is created."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cordboard.numbers import store
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import NewNumber, Number
from cordboard.numbers.operations import RECORDED
from cordboard.runtime.actor import Actor
from cordboard.runtime.ids import OrganizationId, RegistrationId, new_id

FEW = 200
"""How many numbers the rare area code and the rare agent have in every estate."""

RARE_AREA_CODE = 907
RARE_AGENT = "agent_rare"
RARE_WORD = "quartz"
_AREA_CODES = [code for code in range(212, 700) if code != RARE_AREA_CODE]
_AGENTS = 40
_WORDS = ("Front desk", "Support", "Sales", "Night line", "Billing", "Clinic", "Depot", "Kiosk")
_SPREAD = 7_368_787
"""A prime: multiplied by it, the order of creation says nothing about the number."""

_SPAN_MS = 300 * 86_400_000
_SINCE_MS = 2 * 86_400_000


@dataclass(frozen=True)
class Estate:
    """A number of numbers in one organization, created one after the other until two days ago.

    So long ago that their outbox events are pruned.
    """

    organization_id: str
    api_key: str
    size: int
    now_ms: int

    def numbers(self) -> Iterator[Number]:
        """Go through the numbers in the order of their creation."""
        for index in range(self.size):
            at_ms = self.now_ms - _SINCE_MS - _SPAN_MS + _SPAN_MS * index // self.size
            registration_id = RegistrationId(new_id("num_"))
            organization_id = OrganizationId(self.organization_id)
            yield self._new_number(index).registered(organization_id, registration_id, at_ms)

    def actor(self, index: int) -> Actor:
        """Return who created a number."""
        return Actor(OrganizationId(self.organization_id), self.api_key, f"req_bench{index:015x}")

    def _new_number(self, index: int) -> NewNumber:
        inbound, outbound = self._agents(index)
        return NewNumber(
            phone_number=self._phone_number(index),
            nickname=_nickname(index),
            phone_number_type="custom",
            inbound_agent_id=inbound,
            outbound_agent_id=outbound,
            inbound_agent_version=1,
            outbound_agent_version=1,
            inbound_webhook_url="https://example.com/webhook" if index % 3 else None,
            number_provider="twilio",
            outbound_trunk_id="ST_4Xo2mZgQsfyQ" if index % 2 else None,
        )

    def _is_rare(self, index: int, offset: int) -> bool:
        """Whether a number is one of `FEW`, spread over the whole estate."""
        stride = self.size // FEW
        return index % stride == offset and index // stride < FEW

    def _phone_number(self, index: int) -> E164:
        if self._is_rare(index, 0):
            return E164(f"+1{RARE_AREA_CODE}{2_000_000 + index:07d}")
        place = index * _SPREAD % (len(_AREA_CODES) * 7_000_000)
        code = _AREA_CODES[place % len(_AREA_CODES)]
        return E164(f"+1{code}{2_000_000 + place // len(_AREA_CODES):07d}")

    def _agents(self, index: int) -> tuple[str | None, str | None]:
        if self._is_rare(index, 1):
            is_inbound = index // (self.size // FEW) % 2 == 0
            return (RARE_AGENT, None) if is_inbound else (None, RARE_AGENT)
        if index % 10 == 0:
            return None, None
        inbound = f"agent_{index % _AGENTS:02d}"
        return inbound, (f"agent_{index % 7:02d}" if index % 4 == 0 else None)


def created_changes(number: Number) -> dict[str, Any]:
    """Return what the history says of a creation."""
    return {
        field: {"from": None, "to": value}
        for field in RECORDED
        if (value := getattr(number, field)) is not None
    }


def number_row(number: Number) -> tuple[Any, ...]:
    """Return the values of a number's row, in the order of the product's own INSERT."""
    return tuple(store.insert_number(number)[1])


def history_row(actor: Actor, number: Number) -> tuple[Any, ...]:
    """Return the values of the history's row, in the order of the product's own INSERT."""
    changes = created_changes(number)
    return tuple(store.insert_history(actor, number, number.created_ms, "created", changes)[1])


def _nickname(index: int) -> str | None:
    if index % 10 == 1:
        return None
    word = RARE_WORD if index % 997 == 0 else _WORDS[index % len(_WORDS)]
    return f"{word} {index * 7919 % 1_000_003:07d}"
