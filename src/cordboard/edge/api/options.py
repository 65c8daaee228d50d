"""OPTIONS, answered for every path with the methods that it takes (RFC 9110, section 9.3.7).

The framework's own answer names the methods of the first handler of a path only.
"""

import re
from collections.abc import Iterable

from litestar import Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from cordboard.edge.api.context import HTTPRequest
from cordboard.edge.api.head import with_head

_TYPE = re.compile(r":\w+}")


def options_of(handlers: Iterable[HTTPRouteHandler]) -> HTTPRouteHandler:
    """Return what answers OPTIONS for the paths of some handlers; to be registered before them."""
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, {HttpMethod.OPTIONS.value}).update(handler.http_methods)
    allowed = {_TYPE.sub("}", path): ", ".join(with_head(names)) for path, names in methods.items()}

    @route([*methods], http_method=[HttpMethod.OPTIONS], status_code=204)
    async def show_methods(request: HTTPRequest) -> Response[None]:
        return Response(None, headers={"Allow": allowed[request.scope["path_template"]]})

    return show_methods
