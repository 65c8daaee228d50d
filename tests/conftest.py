"""What holds for every test: how hypothesis runs, and what a `long` mark means."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

# A test never asserts a duration, so hypothesis must not either: a shared machine is slow at times.
settings.register_profile("cordboard", deadline=None, print_blob=True)
settings.load_profile("cordboard")

LONG = "long"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test marked `long` the seconds that it asks for, and note its reason."""
    for item in items:
        mark = item.get_closest_marker(LONG)
        if mark is None:
            continue
        if mark.args or set(mark.kwargs) != {"reason", "seconds"}:
            msg = f"{item.nodeid}: mark it as long(reason=..., seconds=...)"
            raise pytest.UsageError(msg)
        item.add_marker(pytest.mark.timeout(mark.kwargs["seconds"]))
        item.user_properties.append((LONG, mark.kwargs["reason"]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the long tests that ran, with what they took and why they may."""
    lines = sorted(_long_tests(terminalreporter))
    if lines:
        terminalreporter.section("long tests")
        for line in lines:
            terminalreporter.write_line(line)


def _long_tests(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            reason = dict(report.user_properties).get(LONG)
            if reason is not None and report.when == "call":
                yield f"{report.nodeid}: {report.duration:.0f} s, {reason}"
