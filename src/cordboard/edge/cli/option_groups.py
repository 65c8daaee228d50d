"""Command options in groups: a struct per group, so that commands share them and stay short."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import msgspec


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take groups of options.

    A parameter whose type is a ``msgspec.Struct`` stands for the struct's fields: Typer sees each
    field as an option of the command, with its annotation and default, and the command gets the
    struct. Defaults must be immutable.
    """
    groups: dict[str, type[msgspec.Struct]] = {}
    parameters: list[inspect.Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            groups[name] = kind
            parameters.extend(_options(kind))
        else:
            parameters.append(
                parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY)
            )

    @functools.wraps(command)
    def with_groups(**given: Any) -> None:  # noqa: ANN401 - each option has a type of its own
        values = {
            name: kind(**{field: given.pop(field) for field in kind.__struct_fields__})
            for name, kind in groups.items()
        }
        command(**values, **given)

    del with_groups.__wrapped__
    with_groups.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
    with_groups.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_groups


def _options(group: type[msgspec.Struct]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in msgspec.structs.fields(group):
        has_default = field.default is not msgspec.NODEFAULT
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default if has_default else inspect.Parameter.empty,
            annotation=hints[field.name],
        )
