"""A wire to PostgreSQL that stops carrying anything, as a network or a machine does that hangs."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"


class StallingWire:
    """Carries connections until :meth:`stall`; a context manager.

    Attributes:
        url: The database's URL, by way of this wire.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._listening = socket.create_server((HOST, 0))
        self.url = f"postgresql://postgres@{HOST}:{self._listening.getsockname()[1]}{parts.path}"
        self._is_stalled = False
        self._sockets: list[socket.socket] = [self._listening]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    def stall(self) -> None:
        """Carry nothing from now on; connections are taken and stay open."""
        self._is_stalled = True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._upstream)
                self._sockets += [client, server]
                for way in ((client, server), (server, client)):
                    thread = threading.Thread(target=self._carry, args=way)
                    self._threads.append(thread)
                    thread.start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if not self._is_stalled:
                    there.sendall(data)
            if not self._is_stalled:
                there.shutdown(socket.SHUT_WR)
