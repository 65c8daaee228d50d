"""The loop that keeps every connection busy with one request at a time."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle

from bench.client.plan import PLACEHOLDER, Plan, Report

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_CHUNK = 1 << 18
_STALL_SECONDS = 60.0
_LOOPBACK = "127.0.0.1"


class ClosedByServerError(RuntimeError):
    """The server closed a keep-alive connection or stopped answering."""


class _Connection:
    """One keep-alive connection with at most one request in flight."""

    __slots__ = ("buffer", "expected", "sent_at", "sock", "status")

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection((_LOOPBACK, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.expected = 0
        self.status = 0
        self.sent_at = 0

    def send(self, request: bytes) -> None:
        """Send a request; it fits the socket's buffer because none is in flight."""
        self.sent_at = time.perf_counter_ns()
        self.sock.sendall(request)

    def receive(self) -> int:
        """Take what has arrived and return the answer's size once it is whole, else 0."""
        data = self.sock.recv(_CHUNK)
        if not data:
            message = "the server closed a keep-alive connection"
            raise ClosedByServerError(message)
        if self.buffer:
            data = self.buffer + data
        if not self.expected:
            self._read_head(data)
        if not self.expected or len(data) < self.expected:
            self.buffer = data
            return 0
        size, self.expected, self.buffer = self.expected, 0, b""
        return size

    def _read_head(self, data: bytes) -> None:
        end = data.find(_HEAD_END)
        if end < 0:
            return
        head = data[: end + 2].lower()
        self.status = int(head[9:12])
        at = head.index(_LENGTH) + len(_LENGTH)
        self.expected = end + len(_HEAD_END) + int(head[at : head.index(b"\r\n", at)])


def run_plan(plan: Plan) -> Report:
    """Send the plan's requests until its values or its seconds are used up.

    Requests in flight when the time is up are waited for and counted.

    Raises:
        ClosedByServerError: The server closed a connection or did not answer for a minute.
    """
    built = _requests(plan)
    requests = cycle(built) if plan.repeats else iter(built)
    selector = selectors.DefaultSelector()
    connections = [_Connection(plan.port) for _ in range(plan.connections)]
    for connection in connections:
        selector.register(connection.sock, selectors.EVENT_READ, connection)
    cpu_before, started_ns = time.process_time(), time.perf_counter_ns()
    tally = _drive(selector, connections, requests, plan)
    seconds = (time.perf_counter_ns() - started_ns) / 1e9
    cpu = time.process_time() - cpu_before
    for connection in connections:
        connection.sock.close()
    return tally.report(plan.status, seconds, cpu)


class _Tally:
    """What has been answered so far."""

    def __init__(self) -> None:
        self.latencies_ns: list[int] = []
        self.statuses: Counter[int] = Counter()
        self.answer_bytes = 0

    def report(self, status: int, seconds: float, cpu: float) -> Report:
        ordered = sorted(self.latencies_ns)
        return Report(
            answered=self.statuses[status],
            wrong={str(seen): n for seen, n in self.statuses.items() if seen != status},
            seconds=seconds,
            p50_ms=ordered[len(ordered) // 2] / 1e6,
            p99_ms=ordered[len(ordered) * 99 // 100] / 1e6,
            client_cpu=cpu / seconds,
            answer_bytes=self.answer_bytes,
        )


def _drive(
    selector: selectors.BaseSelector,
    connections: list[_Connection],
    requests: Iterator[bytes],
    plan: Plan,
) -> _Tally:
    tally = _Tally()
    deadline = time.perf_counter_ns() + int(plan.seconds * 1e9)
    in_flight = 0
    for connection, request in zip(connections, requests, strict=False):
        connection.send(request)
        in_flight += 1
    while in_flight:
        ready = selector.select(_STALL_SECONDS)
        if not ready:
            message = f"no answer within {_STALL_SECONDS:.0f} s"
            raise ClosedByServerError(message)
        for key, _ in ready:
            connection = key.data
            size = connection.receive()
            if not size:
                continue
            now = time.perf_counter_ns()
            tally.latencies_ns.append(now - connection.sent_at)
            tally.statuses[connection.status] += 1
            tally.answer_bytes = size
            following = next(requests, None) if now < deadline else None
            if following is None:
                in_flight -= 1
            else:
                connection.send(following)
    return tally


def _requests(plan: Plan) -> list[bytes]:
    before, _, after = plan.template.encode().partition(PLACEHOLDER.encode())
    if len({len(value) for value in plan.values}) > 1:
        message = "the values of a plan must have one length: the head is written once"
        raise ValueError(message)
    return [before + value.encode() + after for value in plan.values]
