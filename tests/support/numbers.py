"""Registered numbers for tests that work on a database without a server."""

from typing import Any

from cordboard.numbers.e164 import E164
from cordboard.numbers.model import NewNumber, Number, NumberRules
from cordboard.numbers.operations import create_number
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from tests.support.builders import a_number

RULES = NumberRules()


def a_new_number(phone_number: str | None = None, **fields: Any) -> NewNumber:  # noqa: ANN401 - as the wire has it
    """Return a checked request to register a number: the published defaults but for ``fields``."""
    defaults: dict[str, Any] = {
        "nickname": None,
        "phone_number_type": "custom",
        "inbound_agent_id": None,
        "outbound_agent_id": None,
        "inbound_agent_version": 1,
        "outbound_agent_version": 1,
        "inbound_webhook_url": None,
        "number_provider": "twilio",
        "outbound_trunk_id": None,
    }
    return NewNumber(phone_number=E164(phone_number or a_number()), **(defaults | fields))


async def registered(
    db: Database,
    actor: Actor,
    phone_number: str | None = None,
    **fields: Any,  # noqa: ANN401 - as the field is
) -> Number:
    """Register a number and return it."""
    return await db.write(create_number, actor, a_new_number(phone_number, **fields), RULES)
