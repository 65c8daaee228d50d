"""Rules as JSON Schema shows them, for what the domain enforces under its own error codes."""

from typing import Any

from cordboard.edge.api.query import LARGEST_INTEGER

INTEGER = {"type": "integer"}
STRING = {"type": "string"}
NO_NUL = {"pattern": r"^[^\x00]*$"}
DEFAULT = "x-default"
"""Where a default waits: in the fields' own place msgspec writes that of the struct, null."""

NOT_TAKEN: dict[str, Any] = {"not": {}}
"""The schema that no value fits."""


def default(value: str | int) -> dict[str, Any]:
    """Return what counts when a field is left out or null."""
    return {DEFAULT: value}


def text(shortest: int, longest: int, pattern: str | None = None) -> dict[str, Any]:
    """Return the rule for a text of some length, in characters, that a pattern matches whole."""
    lengths = {"minLength": shortest, "maxLength": longest}
    return lengths if pattern is None else lengths | {"pattern": f"^{pattern}$"}


def whole(lowest: int, highest: int = LARGEST_INTEGER) -> dict[str, Any]:
    """Return the rule for an integer within bounds."""
    return {"minimum": lowest, "maximum": highest}


def choices(*values: str | None) -> dict[str, Any]:
    """Return the rule for one of some values, null only when it is among them."""
    return {"enum": [*values]} | ({} if None in values else STRING)
