"""``docs/errors.md``, made from the error catalogue.

Write it anew with ``python -m cordboard.edge.api.error_reference > docs/errors.md``.
"""

import sys
from collections.abc import Iterator
from functools import partial
from textwrap import fill

import msgspec

from cordboard.edge.api.error_catalogue import CATALOGUE, Row

wrapped = partial(fill, width=100, break_long_words=False, break_on_hyphens=False)

PREFACE = """\
# Errors

<!-- Made from the error catalogue: python -m cordboard.edge.api.error_reference -->

A refusal or failure has this form. `message` is the class of failure, `error` this occurrence with
its ids (a validation error begins with the field's path), `code` is stable, and `request_id` is the
same as in the header `X-Request-Id` and in the server's log.

```json
{"message": "…", "status": "error", "error": "…", "code": "…", "request_id": "req_…"}
```

One error is reported, the first in this order: route and method, credentials, scope, body size,
media type, body syntax, field types, field rules, idempotency key, existence (404), references
(404), precondition (412), conflict (409). A request that is refused has changed nothing.
"""


def error_reference() -> str:
    """Return the whole document."""
    return "\n".join([PREFACE, *_table(), "", *_sections()])


def anchor(code: str) -> str:
    """Return the fragment by which a code's section is linked to, as GitHub makes it."""
    return code.replace(".", "")


def _table() -> Iterator[str]:
    yield "| code | status | message |"
    yield "|---|---|---|"
    for row in CATALOGUE:
        yield f"| [`{row.code}`](#{anchor(row.code)}) | {row.status} | {row.error.message} |"


def _sections() -> Iterator[str]:
    for row in CATALOGUE:
        yield f"## {row.code}\n"
        yield f"**{row.status}** `{row.error.message}`\n"
        yield wrapped(row.when) + "\n"
        yield wrapped(f"- What to do: {row.remedy}", subsequent_indent="  ")
        yield wrapped(f"- Ask again? {row.retry}", subsequent_indent="  ") + "\n"
        yield f"```json\n{_example(row)}\n```\n"


def _example(row: Row) -> str:
    """Return the answer as it is sent, a field to a line."""
    return msgspec.json.format(msgspec.json.encode(row.failure)).decode()


if __name__ == "__main__":
    sys.stdout.write(error_reference().rstrip("\n") + "\n")
