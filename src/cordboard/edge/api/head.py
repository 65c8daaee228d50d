"""HEAD, answered for every path that takes GET (RFC 9110, section 9.3.2)."""

from collections.abc import Iterable

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send


def answering_head(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that it takes HEAD for GET; the server leaves the body out.

    Whatever watches answers inside, such as the metrics, sees a GET.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.HEAD:
            # The server's own scope still says HEAD, by which it knows to send no body.
            scope = scope.copy()
            scope["method"] = HttpMethod.GET
        await app(scope, receive, send)

    return answer


def with_head(methods: Iterable[str]) -> list[str]:
    """Return the methods of a path in their order, with HEAD where there is GET."""
    names = set(methods)
    return sorted(names | {HttpMethod.HEAD.value} if HttpMethod.GET in names else names)
