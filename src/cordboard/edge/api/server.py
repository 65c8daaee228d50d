"""The HTTP server: where it listens, how it starts, and how it stops without dropping a request."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

import uvicorn
from litestar.types import ASGIApp

from cordboard.edge.api.connections import BoundedProtocol
from cordboard.runtime.errors import StartError

KEEP_ALIVE_S = 75
"""Longer than the 60 s for which nginx and load balancers of clouds keep their side open, so that
a proxy never sends a request into a connection that we are closing."""

GRACE_S = 5
"""How long requests in flight may take, and clients with their part, once the server shall stop."""

BACKLOG = 2048
NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bound_sockets(host: str, port: int) -> list[socket.socket]:
    """Take the addresses that ``host`` stands for, without listening yet.

    Raises:
        StartError: The port is in use or not allowed, or the host is no address of this machine.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return _bound([(family, address) for family, _, _, _, address in addresses])
    except socket.gaierror as error:
        message = f"CORDBOARD_HOST: {host!r} is no address: {error.strerror}"
        raise StartError(message) from error
    except OSError as error:
        raise StartError(_not_bound(host, port, error)) from error


def _bound(addresses: list[tuple[int, tuple[object, ...]]]) -> list[socket.socket]:
    """Bind each address that this machine has; localhost may stand for one it has not."""
    bound: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in dict.fromkeys(addresses):
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
            bound.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and len(addresses) > 1:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
        except OSError as error:
            if error.errno not in NOT_HERE:
                raise
            missing = error
            bound.pop().close()
    if missing is not None and not bound:
        raise missing
    return bound


def _not_bound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; stop what uses it, or set CORDBOARD_PORT (--port)"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has; set CORDBOARD_PORT (--port)"
    return f"cannot listen on {host}, port {port}: {error.strerror}; set CORDBOARD_HOST (--host)"


class _Server(uvicorn.Server):
    """uvicorn that is told to stop by us, and watches its connections."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again, and end the process by them."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._on_started()

    async def on_tick(self, counter: int) -> bool:
        """Look at the connections each second (uvicorn ticks ten times in one)."""
        if counter % 10 == 0:
            now_s = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.cut_off_if_late(now_s)
        return await super().on_tick(counter)

    def stop_listening(self) -> None:
        """Turn new clients away at once, not at the next tick: they may be our successor's.

        Those that are here learn from their next answer that it is the last.
        """
        for listening in getattr(self, "servers", []):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in flight, and cut off what is not finished in time.

        Those whose request is given up hear nothing rather than an error: what became of it is
        unknown, and a lost connection says so to every client.
        """
        asyncio.get_running_loop().call_later(GRACE_S, self._cut_off)
        await super().shutdown(sockets)

    def _cut_off(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, BoundedProtocol):
                connection.transport.abort()


async def serve_http(
    app: ASGIApp,
    sockets: list[socket.socket],
    stop: asyncio.Event,
    on_started: Callable[[], None],
) -> None:
    """Serve until ``stop`` is set, then finish the requests in flight, within 6 seconds.

    Args:
        app: The application.
        sockets: Bound, from :func:`bound_sockets`; closed at the end.
        stop: Set when the server shall stop.
        on_started: Called once connections are taken.
    """
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S + 1,
    )
    server = _Server(config, on_started)

    async def stop_when_told() -> None:
        await stop.wait()
        server.stop_listening()

    watching = asyncio.create_task(stop_when_told())
    try:
        await server.serve(sockets)
    finally:
        watching.cancel()


def base_url(host: str, sockets: list[socket.socket]) -> str:
    """Return the URL at which people on this machine find the server."""
    port: int = sockets[0].getsockname()[1]
    if host in {"127.0.0.1", "0.0.0.0", "::", "::1", "localhost"}:  # noqa: S104 - compared, not bound
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
