"""Decisions about calls, as people read them."""

from collections.abc import Sequence

from cordboard.edge.cli.output import NOTHING, print_table
from cordboard.edge.client.route import Target, TraceStep


def print_trace(trace: Sequence[TraceStep]) -> None:
    """Print the steps of a decision in their order."""
    print_table(
        ("STEP", "RESULT", "WHY"),
        ((_words(step.step), _words(step.result), step.detail) for step in trace),
    )


def trace_lines(trace: Sequence[TraceStep]) -> list[str]:
    """Return the steps of a decision as lines, for a place where no table fits."""
    rows = [(_words(step.step), _words(step.result), step.detail) for step in trace]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [
        f"{step.ljust(widths[0])}  {result.ljust(widths[1])}  {why}" for step, result, why in rows
    ]


def answers(targets: Sequence[Target]) -> str | None:
    """Return who answers; None when nobody does."""
    return _described(targets[0]) if targets else None


def takes_over(targets: Sequence[Target]) -> list[str] | None:
    """Return who takes over when who answers fails, in order; None when nobody does."""
    return [_described(target) for target in targets[1:]] or None


def refusal(reason: str | None) -> str:
    """Return why nobody answers, in words."""
    return _words(reason) if reason else NOTHING


def _described(target: Target) -> str:
    deployment = target.livekit_deployment
    of = f", deployment {deployment}" if deployment else ""
    return f"{target.agent_id}@{target.agent_version} (worker {target.livekit_agent_name}{of})"


def _words(name: str) -> str:
    return name.replace("_", " ")
