"""The ceiling: Cordboard's server, its edge and its authentication, answering a constant.

`python -m bench.ceiling PORT`, with the settings of `cordboard serve` in the environment. The
routes of the product are there too; these stand beside them. A POST's body is received, as it
has to be for any answer, and not decoded.
"""

import asyncio
import sys

import uvloop
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from bench.constants import CREATE_PATH, CREATED, NUMBER_TEMPLATE, OPEN_TEMPLATE, SHOWN
from cordboard.edge.api.app import build_app
from cordboard.edge.api.body import raw_body
from cordboard.edge.api.caller import authenticate
from cordboard.edge.api.context import Context, HTTPRequest
from cordboard.edge.api.server import bound_sockets, serve_http
from cordboard.numbers.model import NumberRules
from cordboard.operator.installation import opened_database, pepper_of, secret_key_of
from cordboard.organizations.authentication import Authenticator
from cordboard.runtime.clock import system_clock
from cordboard.runtime.settings import Settings, load_settings
from cordboard.runtime.stopping import stop_signal


@post(CREATE_PATH, status_code=200)
async def create_constant(request: HTTPRequest) -> Response[bytes]:
    """Authenticate, receive the body, and answer like a create."""
    await authenticate(request, "numbers:write")
    await raw_body(request)
    return Response(CREATED, media_type="application/json")


@get(NUMBER_TEMPLATE)
async def get_constant(request: HTTPRequest) -> Response[bytes]:
    """Authenticate and answer like a get of one number."""
    await authenticate(request, "numbers:read")
    return Response(SHOWN, media_type="application/json")


@get(OPEN_TEMPLATE)
async def get_open_constant() -> Response[bytes]:
    """Answer the same without authentication, to tell what authentication costs."""
    return Response(SHOWN, media_type="application/json")


ROUTES: list[ControllerRouterHandler] = [create_constant, get_constant, get_open_constant]


async def _serve(settings: Settings) -> None:
    with stop_signal() as stop:
        async with opened_database(settings, create=True, migrate=True) as db:
            pepper = pepper_of(await secret_key_of(db, settings))
            context = Context(
                db=db,
                authenticator=Authenticator(db, pepper, system_clock),
                pepper=pepper,
                clock=system_clock,
                number_rules=NumberRules(is_production=True),
            )
            sockets = bound_sockets(settings.host, settings.port)
            await serve_http(build_app(context, ROUTES), sockets, stop, asyncio.Event().set)


if __name__ == "__main__":
    uvloop.run(_serve(load_settings(port=int(sys.argv[1])).settings))
