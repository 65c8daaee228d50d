"""What an operator reads is complete: settings, metrics, log events, commands."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache

import pytest
import typer
from prometheus_client import REGISTRY

from cordboard.main import app
from cordboard.runtime.settings_reference import settings_reference
from tests.architecture.source import ROOT, Finding, Source, assert_none, sample, sources

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
OUR_PREFIX = "cordboard_"
COMMANDS_FOR_USERS = {"agents", "calls", "livekit", "numbers", "route"}

_FIRST_CELL = re.compile(r"^\| `([^`]+)`", re.MULTILINE)


@cache
def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def rows(name: str) -> set[str]:
    """What the first column of a document's tables names."""
    return set(_FIRST_CELL.findall(document(name)))


def find_events(files: Iterable[Source]) -> Iterator[Finding]:
    """Every event that is logged, by its name; an event without a fixed name is a finding too."""
    for file in files:
        for node in ast.walk(file.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value) == "log"
            ):
                name = node.args[0]
                key = name.value if isinstance(name, ast.Constant) else "?"
                yield Finding(str(key), node.lineno, f"{file.path}: is not in docs/logs.md")


def operator_commands(group: typer.Typer, prefix: str = "") -> Iterator[str]:
    """The commands of a Typer application but those for users, with the groups they are in."""
    for command in group.registered_commands:
        callback = command.callback
        yield prefix + (command.name or (callback.__name__ if callback else "?"))
    for inner in group.registered_groups:
        if inner.name not in COMMANDS_FOR_USERS and inner.typer_instance is not None:
            yield from operator_commands(inner.typer_instance, f"{prefix}{inner.name} ")


def test_the_settings_reference_is_that_of_the_settings() -> None:
    command = "python -m cordboard.runtime.settings_reference > docs/settings.md"
    assert document("settings.md") == settings_reference(), f"stale; run: {command}"


def test_every_metric_is_documented_and_nothing_else_is() -> None:
    ours = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in REGISTRY.collect()
        if family.name.startswith(OUR_PREFIX)
    }
    assert rows("metrics.md") == ours


def test_every_metric_is_made_in_one_place() -> None:
    made = [
        f"{file.path} (line {node.lineno})"
        for file in sources("src")
        if file.path != "src/cordboard/runtime/telemetry/metrics.py"
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"Counter", "Gauge", "Histogram"}
    ]
    assert made == []


def test_every_event_is_documented_and_nothing_else_is() -> None:
    known = rows("logs.md")
    events = list(find_events(sources("src")))
    assert_none(event for event in events if event.key not in known)
    assert known - {event.key for event in events} == {"library_reported"}


def test_every_command_of_the_operator_is_documented() -> None:
    documented = {row.removeprefix("cordboard ") for row in rows("operating.md")}
    for command in operator_commands(app):
        assert any(f"{row} ".startswith(f"{command} ") for row in documented), command


def test_every_command_for_users_is_in_their_guide() -> None:
    guide = document("guides/cli.md")
    groups = [group for group in app.registered_groups if group.name in COMMANDS_FOR_USERS]
    assert len(groups) == len(COMMANDS_FOR_USERS)
    for group in groups:
        assert group.typer_instance is not None
        for command in operator_commands(group.typer_instance, f"{group.name} "):
            assert f"{command}`" in guide or f"{command} " in guide, command


@pytest.mark.parametrize("call", ["log.info('x_happened', a=1)", "log.exception('x_happened')"])
def test_an_event_is_found(call: str) -> None:
    assert [event.key for event in find_events([sample("a.py", call)])] == ["x_happened"]


def test_an_event_without_a_fixed_name_is_found() -> None:
    assert [event.key for event in find_events([sample("a.py", "log.info(f'x {y}')")])] == ["?"]
