"""``docs/settings.md``, made from the settings themselves.

Write it anew with ``python -m cordboard.runtime.settings_reference > docs/settings.md``.
"""

import sys
from collections.abc import Iterator
from functools import partial
from textwrap import fill
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from cordboard.runtime.settings import FILE, Settings, is_secret, variable

wrapped = partial(fill, width=100, break_long_words=False, break_on_hyphens=False)

PREFACE = """\
# Settings

<!-- Made from src/cordboard/runtime/settings.py: python -m cordboard.runtime.settings_reference -->

Settings are environment variables. `cordboard config` shows those in force, secrets masked, each
with where it came from: an option of the command, a variable, a file, or the default. A wrong value
is named when a command starts, before anything listens, and the command ends with status 1.

- An empty variable counts as not set.
- A secret may come from a file instead, as container platforms hand it over: the variable with
  `_FILE` at its end names the file. White space around the content is dropped. Setting both is
  refused.
- A variable that begins with `CORDBOARD_` and is almost one of these is a misspelling, and refused:
  the server would run on a default, such as another database. One that is merely unknown has no
  effect and is a warning, because platforms add variables of their own, and because a newer
  version's settings may be there already.
- `CORDBOARD_URL`, `CORDBOARD_API_KEY` and `CORDBOARD_API_SECRET` (also `_FILE`) are no settings of
  the server: they tell the commands for users (`cordboard numbers …`) where to call, and as whom.
"""


def settings_reference() -> str:
    """Return the whole document."""
    return "\n".join([PREFACE, *_sections()])


def _sections() -> Iterator[str]:
    for field, info in Settings.model_fields.items():
        name = variable(field)
        yield f"## `{name}`\n"
        yield wrapped(str(info.description)) + "\n"
        if choices := _choices(info):
            yield f"- Values: {', '.join(choices)}"
        yield wrapped(f"- Default: {_default(info)}", subsequent_indent="  ")
        if is_secret(info):
            yield f"- From a file: `{name}{FILE}`"
        yield ""


def _choices(info: FieldInfo) -> list[str]:
    """Return the values that a setting may have, where these are few words."""
    arguments = [
        inner for part in (info.annotation, *get_args(info.annotation)) for inner in get_args(part)
    ]
    return list(dict.fromkeys(f"`{word}`" for word in arguments if isinstance(word, str)))


def _default(info: FieldInfo) -> str:
    described = (
        info.json_schema_extra.get("default") if isinstance(info.json_schema_extra, dict) else None
    )
    if described is not None:
        return str(described)
    value = info.default
    if value is None:
        return "not set"
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return f"`{text.lower() if isinstance(value, bool) else text}`"


if __name__ == "__main__":
    sys.stdout.write(settings_reference())
