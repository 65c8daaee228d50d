"""JSON Schemas of what is sent and answered, and examples made of their fields' examples.

msgspec makes the schemas; here they get the form of OpenAPI 3.1 (JSON Schema 2020-12).
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from cordboard.edge.api.schema_rules import DEFAULT

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/"
_NULL = {"type": "null"}
_WITHOUT_EXAMPLE: dict[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}


class Schemas:
    """The schemas of some types, those of structs as shared components."""

    def __init__(self, types: Iterable[type]) -> None:
        """Describe ``types`` and all that they hold."""
        listed = list(dict.fromkeys(types))
        made, components = msgspec.json.schema_components(listed, ref_template=REFERENCE + "{name}")
        self._by_type: dict[type, Schema] = {
            each: _simple(schema) for each, schema in zip(listed, made, strict=True)
        }
        self.components: dict[str, Schema] = {
            name: _simple(schema) for name, schema in sorted(components.items())
        }

    def of(self, described: type) -> Schema:
        """Return the schema of a type, for a struct a reference to its component."""
        return self._by_type[described]

    def example(self, schema: Schema) -> Any:  # noqa: ANN401 - JSON of the schema's type
        """Return a value that fits a schema, made of its fields' examples."""
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if "$ref" in schema:
            return self.example(self.components[schema["$ref"].removeprefix(REFERENCE)])
        if "anyOf" in schema:
            return self.example(next(part for part in schema["anyOf"] if part != _NULL))
        return self._plain_example(schema)

    def _plain_example(self, schema: Schema) -> Any:  # noqa: ANN401 - JSON of the schema's type
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            fields = schema.get("properties", {}).items()
            return {name: self.example(field) for name, field in fields if field.get("not") != {}}
        if kind == "array":
            return [self.example(schema["items"])]
        return _WITHOUT_EXAMPLE[str(kind)]


def _simple(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema, lists and words too
    """Write a schema as a person would: ``type: [string, null]``, descriptions as Markdown."""
    if isinstance(schema, list):
        return [_simple(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: value if key in {"examples", "default", "const", "enum"} else _simple(value)
        for key, value in schema.items()
        if key != "title"
    }
    if isinstance(result.get("description"), str):
        result["description"] = result["description"].replace("``", "`")
    if result.get("default", ...) is None:
        del result["default"]
    if DEFAULT in result:
        result["default"] = result.pop(DEFAULT)
    return _with_type_list(result)


def _with_type_list(schema: Schema) -> Schema:
    """Replace a choice between one plain type and null; a type that is named as well goes first."""
    choice = schema.get("anyOf")
    if choice is None or len(choice) != 2 or _NULL not in choice:  # noqa: PLR2004 - a thing or null
        return schema
    one = next(part for part in choice if part != _NULL)
    if "type" not in one:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**one, "type": [one["type"], "null"], **rest}
