"""What a failed command says: what happened, and what to do next."""

from typing import Any
from urllib.parse import unquote

from cordboard.edge.cli.chosen_server import ChosenServer
from cordboard.edge.client.errors import (
    ClientError,
    DeadlineError,
    ForeignAnswerError,
    RefusedError,
    UnreachableError,
)
from cordboard.edge.client.request import Request

_NEXT_STEPS = {
    "agent.not_found": "cordboard agents list shows the agents",
    "agent.in_use": "cordboard numbers list --agent {subject} shows them; --force unbinds them",
    "agent_version.not_found": "cordboard agents versions ID shows its versions",
    "auth.scope": "use a key pair that has it (--profile), or have one made: cordboard key create",
    "call.destination_refused": "cordboard calls guards shows where calls may go",
    "call.in_progress": "cordboard calls end {subject} ends it",
    "call.limit": "cordboard calls guards shows the limits; nothing was dialled",
    "call.no_livekit": "docs/guides/livekit.md tells how a LiveKit is connected",
    "call.not_found": "cordboard calls list shows the calls, cordboard calls unmatched the others",
    "call.not_scheduled": "cordboard calls show tells what became of it",
    "call.stopped": "cordboard calls resume lets calls be made again",
    "database.unavailable": "nothing was done; try again in a moment",
    "etag.mismatch": "show it again and look at what has changed, then use its new tag",
    "idempotency.mismatch": "use another --idempotency-key for another request",
    "livekit.not_configured": "docs/guides/livekit.md tells how a LiveKit is connected",
    "phone_number.exists": "cordboard numbers show {subject} shows it, if it is yours",
    "phone_number.not_found": "cordboard numbers list shows the numbers",
    "phone_number.no_outbound_agent": "bind one to it (cordboard numbers update), or give --agent",
    "phone_number.no_outbound_trunk": "docs/guides/outbound-calls.md tells how to get one",
    "rate.limited": "nothing was done; try again later",
    "route.not_found": "correct the address, or bring server and command to the same version",
    "storage.full": "nothing was done; whoever runs the server has to make room on its disk",
}


def explanation(error: ClientError, chosen: ChosenServer) -> tuple[str, list[str]]:
    """Return what happened in one line, and further lines: details and what to do next."""
    match error:
        case RefusedError():
            return error.message, _refused(error, chosen)
        case UnreachableError():
            headline = f"No answer from {chosen.server.url}: {error}"
            lines = [f"The address is that of {chosen.source}."]
            if not error.was_sent:
                lines.append(
                    "Next: start the server (make serve, or cordboard serve), or correct it."
                )
        case DeadlineError():
            headline = f"No answer from {chosen.server.url}: {error}"
            lines = ["Next: try again; the server's log and /readyz tell what holds it up."]
        case ForeignAnswerError():
            headline = f"Not an answer of this API, from {chosen.server.url}: {error}"
            lines = [f"The address is that of {chosen.source}."]
        case _:
            headline, lines = str(error), []
    return headline, lines + _unknown_outcome(error)


def _refused(error: RefusedError, chosen: ChosenServer) -> list[str]:
    lines = [error.error]
    if error.code == "route.not_found":
        lines.append(f"The address is that of {chosen.source}.")
    if error.code.startswith("auth."):
        lines.append(f"The key pair is {chosen.server.api_key}, from {chosen.source}.")
    if error.code in {"auth.invalid", "auth.missing"}:
        lines.append("Next: choose another with --profile, or have one made: cordboard key create.")
    elif error.code in _NEXT_STEPS:
        lines.append(f"Next: {_NEXT_STEPS[error.code].format(subject=_subject(error.request))}.")
    lines += _unknown_outcome(error)
    if error.retry_after_s is not None:
        lines.append(f"The server asks to wait {error.retry_after_s:g} s before trying again.")
    return [*lines, f"({error.code}, request {error.request_id})"]


def _subject(request: Request[Any]) -> str:
    """Return the id of what a request is about: in the body of a create, else in the path."""
    in_body: str | None = getattr(request.body, "phone_number", None)
    return in_body or unquote(request.path.removeprefix("/api/").split("/")[-1])


def _unknown_outcome(error: ClientError) -> list[str]:
    if not error.may_have_happened:
        return []
    if error.request.idempotency_key is None:
        return ["It may have happened all the same: look before you repeat it."]
    option = f"--idempotency-key {error.request.idempotency_key}"
    return [f"It may have happened all the same. Repeat it with {option}, and it happens once."]
