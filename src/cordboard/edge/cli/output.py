"""What commands print: tables and records for people, JSON for scripts, notes on stderr."""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TextIO

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

NOTHING = "–"
WIDEST = 100_000
"""Columns of a pipe: lines for other programs are never cut or folded."""

_BIDIRECTIONAL = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""Return text with what could steer a terminal written out.

    Names come from whoever may write them, and a terminal obeys what it is sent.

    >>> visible("Sales\x1b[2J")
    'Sales\\x1b[2J'
    """
    return "".join(
        character.encode("unicode_escape").decode() if _is_unsafe(character) else character
        for character in text
    )


def _is_unsafe(character: str) -> bool:
    return character in _BIDIRECTIONAL or unicodedata.category(character) in _UNSAFE_CATEGORIES


def console(*, stderr: bool = False) -> Console:
    """Return the console for results or for notes.

    Colours go to terminals alone, and not there either if NO_COLOR is set (no-color.org). What the
    stream cannot encode becomes a question mark.
    """
    stream: TextIO = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    width = None if stream.isatty() else WIDEST
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def print_json(raw: bytes) -> None:
    """Print the API's ``data`` as it came, indented."""
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.format(raw, indent=2) + b"\n")
    sys.stdout.buffer.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under column heads; the first column is never folded."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    _print(table)


def print_record(fields: Iterable[tuple[str, object]]) -> None:
    """Print one thing, a field per line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(name, _cell(value))
    _print(table)


def print_note(text: str, style: str = "") -> None:
    """Print a line for people on stderr."""
    console(stderr=True).print(Text(visible(text), style), soft_wrap=True)


def _print(table: Table) -> None:
    """Print a table without the blanks that fill its last column up."""
    out = console()
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def _cell(value: object) -> Text:
    if value is None:
        return Text(NOTHING, "dim")
    # A line break is ours: visible() writes out those that come from outside.
    lines = value if isinstance(value, list) else [value]
    return Text("\n".join(visible(str(line)) for line in lines))
