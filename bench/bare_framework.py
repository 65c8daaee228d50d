"""The framework alone: Litestar on uvicorn (uvloop, httptools), none of our code, one constant."""

import sys
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, get, post

from bench.constants import CREATE_PATH, CREATED, NUMBER_TEMPLATE, SHOWN


@post(CREATE_PATH, status_code=200)
async def create_constant(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Receive the body and answer like a create."""
    await request.body()
    return Response(CREATED, media_type="application/json")


@get(NUMBER_TEMPLATE)
async def get_constant(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer like a get of one number."""
    del request
    return Response(SHOWN, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        Litestar([create_constant, get_constant], openapi_config=None, logging_config=None),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
