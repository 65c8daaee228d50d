"""What a server decided about a call that goes on, looked up by the call's id."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from cordboard.edge.cli.chosen_server import ChosenServer
from cordboard.edge.cli.failures import explanation
from cordboard.edge.client.calls import get_call, list_unmatched_calls
from cordboard.edge.client.errors import ClientError, RefusedError
from cordboard.edge.client.route import Target, TraceStep

if TYPE_CHECKING:
    from cordboard.edge.client.transport import Transport

LOOKS_EVERY_S = 0.1
UNMATCHED_LOOKED_AT = 20
NOT_FOUND = "call.not_found"


class Decision(msgspec.Struct, frozen=True):
    """A decision about a call.

    Attributes:
        targets: The agent that answers, then those that take over; none for a refused call.
        reason: Why it is refused; None when it is not.
    """

    targets: list[Target]
    reason: str | None
    trace: list[TraceStep]


class NoDecisionError(Exception):
    """A decision cannot be looked up; the text says why."""


async def decision_about(call_id: str, chosen: ChosenServer) -> Decision:
    """Wait until the server has a record of a call, and return what it decided; may wait for ever.

    Raises:
        NoDecisionError: The server cannot be asked.
    """
    from cordboard.edge.client.transport import (  # noqa: PLC0415 - imports aiohttp, which is slow
        Patience,
        open_transport,
    )

    patience = Patience(connect_s=2, total_s=5, tries=1)
    try:
        async with open_transport(chosen.server, patience) as transport:
            while True:
                decision = await _look(transport, call_id)
                if decision is not None:
                    return decision
                await asyncio.sleep(LOOKS_EVERY_S)
    except ClientError as error:
        headline, lines = explanation(error, chosen)
        raise NoDecisionError("\n".join([headline, *lines])) from error


async def _look(transport: "Transport", call_id: str) -> Decision | None:
    try:
        answer = await transport.send(get_call(call_id))
    except RefusedError as error:
        if error.code != NOT_FOUND:
            raise
        return await _look_among_unmatched(transport, call_id)
    call = answer.data
    if not call.targets:
        return await _look_among_unmatched(transport, call_id)
    return Decision(call.targets, None, call.trace)


async def _look_among_unmatched(transport: "Transport", call_id: str) -> Decision | None:
    """Look where refused calls are; those to nobody's numbers are in this list alone."""
    answer = await transport.send(list_unmatched_calls(UNMATCHED_LOOKED_AT))
    for call in answer.data.calls:
        if call.call_id == call_id:
            return Decision([], call.reason, call.trace)
    return None
