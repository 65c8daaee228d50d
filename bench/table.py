"""The one table: what was measured, the goal, and whether it was reached."""

import platform
import sqlite3
import sys
from collections.abc import Sequence
from importlib.metadata import version
from itertools import zip_longest
from os import cpu_count, getloadavg

import apsw
import msgspec
from rich.console import Console
from rich.table import Table


class Goal(msgspec.Struct, frozen=True):
    """A figure to reach: at least, or at most; the stretch is only shown."""

    limit: float
    is_floor: bool = True
    stretch: float | None = None

    def is_reached(self, value: float) -> bool:
        """Tell whether a value reaches the goal itself."""
        return value >= self.limit if self.is_floor else value <= self.limit


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Attributes:
        section: The group it belongs to, as `--only` names it.
        work: What was done, and against what.
        measured: The figures behind the value, in words.
        value: The value that a goal would be held against.
        unit: `×`, `%`, `s`, `ms`, `MB` or `µs`.
        goal: None for what is reported only.
        void: Why the row does not count; empty when it does.
    """

    section: str
    work: str
    measured: str = ""
    value: float | None = None
    unit: str = "×"
    goal: Goal | None = None
    void: str = ""

    @property
    def verdict(self) -> str:
        """`yes`, `no`, `void`, or nothing where there is no goal."""
        if self.void:
            return "void"
        if self.goal is None or self.value is None:
            return ""
        return "yes" if self.goal.is_reached(self.value) else "NO"


def machine(postgres_version: str | None) -> str:
    """Return the facts of the machine that figures depend on, without its name."""
    processor = f"{cpu_count()} cores, {platform.machine()}"
    python = f"Python {platform.python_version()}, cordboard {version('cordboard')}"
    sqlite = f"SQLite {apsw.sqlite_lib_version()} (apsw {version('apsw')})"
    postgres = f"PostgreSQL {postgres_version or 'not used'} (asyncpg {version('asyncpg')})"
    reference = f"reference: FastAPI {version('fastapi')}, SQLAlchemy {version('sqlalchemy')}"
    load = f"load average at the start {getloadavg()[0]:.2f}"
    own = f"aiosqlite {version('aiosqlite')} on SQLite {sqlite3.sqlite_version}"
    return " · ".join((processor, load, python, sqlite, postgres, f"{reference}, {own}"))


def shown(rows: Sequence[Row]) -> Table:
    """Return the table for a terminal, a rule between the groups."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("work", overflow="fold")
    table.add_column("measured", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("goal", justify="right", no_wrap=True)
    table.add_column("reached", no_wrap=True)
    for row, following in zip_longest(rows, rows[1:]):
        is_last = following is not None and following.section != row.section
        value = "" if row.value is None else _written(row.value, row.unit)
        measured = f"{row.measured} [{row.void}]" if row.void else row.measured
        table.add_row(
            row.work, _plain(measured), value, _goal(row), row.verdict, end_section=is_last
        )
    return table


def print_table(rows: Sequence[Row], facts: str) -> None:
    """Print the facts of the machine, then the table, as wide as it needs."""
    console = Console(width=max(Console().width, 150) if sys.stdout.isatty() else 170)
    console.print(facts, highlight=False)
    console.print(shown(rows), highlight=False)


def _plain(text: str) -> str:
    """Keep rich from reading brackets as its markup."""
    return text.replace("[", "\\[")


def _goal(row: Row) -> str:
    if row.goal is None:
        return ""
    sign = "≥" if row.goal.is_floor else "≤"
    stretch = f" ({_written(row.goal.stretch, row.unit)})" if row.goal.stretch else ""
    return f"{sign} {_written(row.goal.limit, row.unit)}{stretch}"


def _written(value: float, unit: str) -> str:
    match unit:
        case "%":
            return f"{value * 100:.0f} %"
        case "×":
            return f"{value:.2f} ×"
        case "MB" | "µs":
            return f"{value:.0f} {unit}"
        case _:
            return f"{value:.2f} {unit}"
