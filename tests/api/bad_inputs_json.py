"""Bodies that are no JSON, or not the JSON of any request: refused alike by every route."""

from tests.api.bad_inputs import ONE, Bad
from tests.support.caller import CREATE, LIST

TOO_DEEP = "body: is nested more than 100 deep"

# (what it is, the body, the code, the text)
BODIES: list[tuple[str, bytes, str, str]] = [
    ("only white space", b" \n\t", "json", "body: is empty; send a JSON object"),
    (
        "a byte order mark",
        b"\xef\xbb\xbf{}",
        "json",
        "body: begins with a byte order mark; send UTF-8 without one",
    ),
    ("UTF-16", '{"x": 1}'.encode("utf-16"), "json", "body: is not UTF-8 at byte 0"),
    ("Latin-1", '{"nickname": "Café"}'.encode("latin-1"), "json", "body: is not UTF-8 at byte 17"),
    ("an overlong slash", b'{"nickname": "\xc0\xaf"}', "json", "body: is not UTF-8 at byte 14"),
    ("a surrogate in UTF-8", b'{"x": "\xed\xa0\x80"}', "json", "body: is not UTF-8 at byte 7"),
    ("a key that is not UTF-8", b'{"\xff": 1}', "json", "body: is not UTF-8 at byte 2"),
    ("a form", b"page=1&limit=2", "json", "body: is not JSON: unexpected 'p' at line 1, column 1"),
    ("a word", b"hello", "json", "body: is not JSON: unexpected 'h' at line 1, column 1"),
    ("NUL", b"\0", "json", "body: is not JSON: unexpected '\\x00' at line 1, column 1"),
    ("NUL after it", b"{}\0", "json", "body: is not JSON: unexpected '\\x00' at line 1, column 3"),
    ("half an object", b"{", "json", "body: is not JSON: it ends, unfinished, at line 1, column 2"),
    (
        "half an object, many lines",
        b'{\n  "page": 1,\n',
        "json",
        "body: is not JSON: it ends, unfinished, at line 3, column 1",
    ),
    (
        "half a string",
        b'{\n "nickname": "Sales}',
        "json",
        "body: is not JSON: the string at line 2, column 14 has no end",
    ),
    ("half a word", b'{"x": tru}', "json", "body: is not JSON: unexpected 't' at line 1, column 7"),
    ("a capital", b'{"x": True}', "json", "body: is not JSON: unexpected 'T' at line 1, column 7"),
    (
        "undefined",
        b'{"x": undefined}',
        "json",
        "body: is not JSON: unexpected 'u' at line 1, column 7",
    ),
    ("None", b'{"x": None}', "json", "body: is not JSON: unexpected 'N' at line 1, column 7"),
    ("NaN", b'{"a": "NaN", "x": NaN}', "json", "body: is not JSON: NaN at line 1, column 19"),
    ("infinity", b'{"x": Infinity}', "json", "body: is not JSON: Infinity at line 1, column 7"),
    (
        "minus infinity",
        b'{"x": -Infinity}',
        "json",
        "body: is not JSON: -Infinity at line 1, column 7",
    ),
    (
        "a trailing comma",
        b'{"x": 1 , }',
        "json",
        "body: is not JSON: unexpected '}' at line 1, column 11",
    ),
    (
        "a trailing comma in a list",
        b'{"x": [1,]}',
        "json",
        "body: is not JSON: unexpected ']' at line 1, column 10",
    ),
    (
        "a leading comma",
        b'{,"x": 1}',
        "json",
        "body: is not JSON: unexpected ',' at line 1, column 2",
    ),
    (
        "no comma",
        b'{"x": 1 "y": 2}',
        "json",
        "body: is not JSON: unexpected '\"' at line 1, column 9",
    ),
    ("no colon", b'{"x" 1}', "json", "body: is not JSON: unexpected '1' at line 1, column 6"),
    ("no quotes", b"{x: 1}", "json", "body: is not JSON: unexpected 'x' at line 1, column 2"),
    (
        "single quotes",
        b"{'x': 1}",
        "json",
        'body: is not JSON: unexpected "\'" at line 1, column 2',
    ),
    ("a number as key", b"{1: 1}", "json", "body: is not JSON: unexpected '1' at line 1, column 2"),
    (
        "a comment",
        b'{"x": 1 /* one */}',
        "json",
        "body: is not JSON: unexpected '/' at line 1, column 9",
    ),
    (
        "two objects",
        b'{"x": 1} {"x": 2}',
        "json",
        "body: is not JSON: unexpected '{' at line 1, column 10",
    ),
    (
        "a leading zero",
        b'{"x": 0415}',
        "json",
        "body: is not JSON: unexpected '4' at line 1, column 8",
    ),
    (
        "a plus sign",
        b'{"x": +415}',
        "json",
        "body: is not JSON: unexpected '+' at line 1, column 7",
    ),
    ("a bare point", b'{"x": .5}', "json", "body: is not JSON: unexpected '.' at line 1, column 7"),
    (
        "hexadecimal",
        b'{"x": 0x1F}',
        "json",
        "body: is not JSON: unexpected 'x' at line 1, column 8",
    ),
    ("a bare minus", b'{"x": -}', "json", "body: is not JSON: unexpected '-' at line 1, column 7"),
    (
        "a raw line break in a string",
        b'{"x": "a\nb"}',
        "json",
        "body: is not JSON: unexpected '\\n' at line 1, column 9",
    ),
    (
        "a raw NUL in a string",
        b'{"x": "a\0b"}',
        "json",
        "body: is not JSON: unexpected '\\x00' at line 1, column 9",
    ),
    (
        "an unknown escape",
        b'{"x": "\\x41"}',
        "json",
        "body: is not JSON: unknown escape at line 1, column 8",
    ),
    (
        "half an escape",
        b'{"x": "\\u12"}',
        "json",
        "body: is not JSON: unknown escape at line 1, column 8",
    ),
    (
        "a vertical tab",
        b'{"x": 1\x0b}',
        "json",
        "body: is not JSON: unexpected '\\x0b' at line 1, column 8",
    ),
    (
        "a column after other letters",
        '{"x": "é😀", y}'.encode(),
        "json",
        "body: is not JSON: unexpected 'y' at line 1, column 13",
    ),
    ("a key twice", b'{"x": 1, "x": 1}', "json", "body: has the key 'x' twice in one object"),
    (
        "a key twice, once escaped",
        b'{"x": 1, "\\u0078": 1}',
        "json",
        "body: has the key 'x' twice in one object",
    ),
    (
        "a key twice further in",
        b'{"a": [{"x": 1, "y": 2, "x": 1}]}',
        "json",
        "body: has the key 'x' twice in one object",
    ),
    (
        "a long key twice",
        b'{"%b": 1, "%b": 2}' % (b"k" * 300, b"k" * 300),
        "json",
        f"body: has the key '{'k' * 100}…' twice in one object",
    ),
    (
        "a key twice among very many",
        b"{%b, %b}" % (b", ".join(b'"%d": 0' % n for n in range(60_000)), b'"z": 0, "z": 0'),
        "json",
        "body: has the key 'z' twice in one object",
    ),
    ("very deep lists", b"[" * 500_000, "json", TOO_DEEP),
    ("very deep objects", b'{"x":' * 200_000, "json", TOO_DEEP),
    ("deep lists", b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}", "json", TOO_DEEP),
    ("deep objects", b'{"x":' * 100 + b"{}" + b"}" * 100, "json", TOO_DEEP),
    (
        "a lone surrogate in a key",
        b'{"\\ud800": 1}',
        "characters",
        "body: must not hold lone surrogates",
    ),
    ("null", b"null", "type", "body: must be an object, not null"),
    ("true", b"true", "type", "body: must be an object, not true or false"),
    ("a list", b"[]", "type", "body: must be an object, not an array"),
    ("a list of objects", b"[{}]", "type", "body: must be an object, not an array"),
    ("a string", b'"{}"', "type", "body: must be an object, not a string"),
    ("an integer", b"415", "type", "body: must be an object, not an integer"),
    ("a decimal number", b"4.5", "type", "body: must be an object, not a decimal number"),
    ("an unknown field", b'{"": 1}', "unknown_field", "'': is not a field of this request"),
]

# Bodies that are good but for a key that stands twice.
TWICE: list[tuple[str, bytes, str]] = [
    ("create", b'{"phone_number": "+12025550123", "phone_number": "+12025550123"}', "phone_number"),
    ("create", b'{"phone_number": "+12025550123", "nickname": "a", "nickname": null}', "nickname"),
    ("change", b'{"nickname": "a", "nickname": "b"}', "nickname"),
    ("change", b'{"nickname": "a", "\\u006eickname": "a"}', "nickname"),
    ("list", b'{"page": 0, "page": 0}', "page"),
    ("list", b'{"filter_criteria": {"area_code": 415, "area_code": 415}}', "area_code"),
]

_ROUTES = {"create": ("POST", CREATE), "change": ("PATCH", ONE), "list": ("POST", LIST)}

ROWS = (
    [
        Bad(f"{route}: {name}", method, target, body, 400, f"validation.{code}", error)
        for route, (method, target) in _ROUTES.items()
        for name, body, code, error in BODIES
    ]
    + [
        Bad(
            f"{route}: an empty body",
            *_ROUTES[route],
            b"",
            400,
            "validation.json",
            "body: is empty; send a JSON object",
        )
        for route in ("create", "change")
    ]
    + [
        Bad(
            f"{route}: {body.decode()}",
            *_ROUTES[route],
            body,
            400,
            "validation.json",
            f"body: has the key '{key}' twice in one object",
        )
        for route, body, key in TWICE
    ]
)
