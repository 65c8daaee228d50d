"""What is installed is locked with hashes, comes from no named server, and is accounted for."""

import re
import tomllib
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import ROOT, Finding, assert_none

OVERRIDDEN = ("uvicorn",)
"""Whose inside is overridden: the next version may have another."""

LOCK_FILES = ("bench", "dev", "e2e", "lock", "runtime")

_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_PINNED = re.compile(
    r"^[a-z0-9][a-z0-9.-]*(\[[a-z0-9,-]+\])?==\S+( ; .+?)? --hash=sha256:[0-9a-f]{64}( |$)"
)


def find_loose_lines(path: str, text: str) -> Iterator[Finding]:
    """Lines of a lock file that are anything but `name==version` with hashes."""
    joined = re.sub(r"\\\n\s*", "", text)
    for number, line in enumerate(joined.splitlines(), 1):
        if line and not line.lstrip().startswith("#") and not _PINNED.match(line):
            yield Finding(path, number, f"not pinned with a hash: {line[:60]}")


def find_undocumented(names: Iterable[str], record: str) -> Iterator[Finding]:
    """Dependencies without a row in the table of the decision record."""
    for name in names:
        if f"| `{name}` |" not in record:
            yield Finding(name, 1, "has no row in docs/adr/0006-dependencies.md")


def _requirements() -> dict[str, str]:
    """Return what is required of each direct dependency, by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"].values()
    lines = [*project["project"]["dependencies"], *(line for group in groups for line in group)]
    return {match[0]: line for line in lines if (match := _NAME.match(line))}


@pytest.mark.parametrize("name", LOCK_FILES)
def test_a_lock_file_pins_everything_with_hashes(name: str) -> None:
    path = f"requirements/{name}.txt"
    assert_none(find_loose_lines(path, (ROOT / path).read_text("utf-8")))


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_a_library_whose_inside_is_overridden_has_both_bounds(name: str) -> None:
    required = _requirements()[name]
    assert ">=" in required
    assert ",<" in required


def test_every_dependency_is_accounted_for() -> None:
    record = (ROOT / "docs/adr/0006-dependencies.md").read_text("utf-8")
    assert_none(find_undocumented(_requirements(), record))


@pytest.mark.parametrize(
    "line",
    [
        "uvicorn==0.54.0",
        "uvicorn>=0.54.0 --hash=sha256:" + "0" * 64,
        "--index-url https://packages.example.com/simple",
        "--find-links wheels",
        "-e .",
        "uvicorn @ file:///wheels/uvicorn.whl",
    ],
)
def test_a_loose_line_is_found(line: str) -> None:
    assert len(list(find_loose_lines("a.txt", f"# made by make lock\n{line}\n"))) == 1


def test_a_pinned_line_with_a_marker_is_allowed() -> None:
    digest = "0" * 64
    text = f"uvloop==0.23.0 ; sys_platform != 'win32' \\\n    --hash=sha256:{digest}\n    # via x\n"
    assert list(find_loose_lines("a.txt", text)) == []


def test_a_dependency_without_a_row_is_found() -> None:
    found = find_undocumented(["uvicorn", "uvloop"], "| `uvicorn` | serves |")
    assert [finding.key for finding in found] == ["uvloop"]
