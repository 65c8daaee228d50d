"""``/docs``: the API to look at and to try, on one page that needs nothing from elsewhere.

Style and script stand in the page itself; the content security policy names their hashes, so that
nothing else can run where a key pair is typed in.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib import resources

from litestar import Response, get

from cordboard.edge.api.documented import Operation

HTML = "text/html; charset=utf-8"

OPERATION = Operation(
    summary="This description as a page",
    description="To look at and to try, without anything from elsewhere.",
    message="",
    data=str,
    media_type=HTML,
    tag="Operation",
)


@get("/docs", operation=OPERATION)
async def show_docs() -> Response[bytes]:
    """Answer the page."""
    content, policy = _page()
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Response(content, media_type="text/html", headers=headers)


@cache
def _page() -> tuple[bytes, str]:
    """Return the page and the policy that lets its own style and script run, and no other."""
    style, script = _file("docs.css"), _file("docs.js")
    page = _file("docs.html").replace("/*STYLE*/", style).replace("/*SCRIPT*/", script)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return page.encode(), policy


def _file(name: str) -> str:
    return (resources.files("cordboard.edge.api") / "static" / name).read_text("utf-8")


def _hash(text: str) -> str:
    """Return a source expression for an inline part (Content Security Policy Level 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
