"""Places in rooms of a livekit-server, each taken by a process that is renewed in time.

LiveKit's client keeps some 12 MB of each participant, and with many it becomes slow; so a process
takes some, and the next one is there before it is needed.
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from livekit import rtc

from tests.e2e.seat_words import (
    Heard,
    Leave,
    Left,
    News,
    NotLetIn,
    Order,
    Out,
    Said,
    Say,
    Speak,
    Take,
    Taken,
)

SEATS_OF_A_PROCESS = 100
SAID_AT_THE_END = 2000
ROOT = Path(__file__).parents[2]


class NotLetInError(Exception):
    """The server does not let a participant in, or is not there."""


class Seat:
    """A participant's place in a room.

    Attributes:
        sid: The participant's.
        heard: Set once somebody's audio has come to a telephone.
        is_out: Set once the room is left, by whatever side.
        leaves_because: Told to the room when it is left from here.
    """

    def __init__(self, process: "_Process", number: int) -> None:
        self.sid = ""
        self.heard = asyncio.Event()
        self.is_out = asyncio.Event()
        self.leaves_because = rtc.DisconnectReason.CLIENT_INITIATED
        self._process, self._number = process, number
        self._taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._said, self._left = asyncio.Event(), asyncio.Event()
        self._lost: Exception | None = None

    def speak(self) -> None:
        """Be heard from now on."""
        self._process.tell(Speak(self._number))

    async def say(self, status: str) -> None:
        """Say how the call stands, as livekit-sip does."""
        if not self.is_out.is_set():
            self._said.clear()
            self._process.tell(Say(self._number, status))
            await self._said.wait()

    async def take(self, take: Take) -> None:
        """Join a room.

        Raises:
            NotLetInError: The server does not let it in, or is not there.
        """
        self._process.tell(take)
        self.sid = await self._taken

    async def leave(self) -> None:
        """Leave the room, unless that has been done."""
        if not self._left.is_set():
            self._process.tell(Leave(self._number, self.leaves_because))
            await self._left.wait()

    def hear_of(self, news: News) -> bool:
        """Note what became of it; return whether no more will be heard."""
        match news:
            case Taken(sid=sid) if not self._taken.done():
                self._taken.set_result(sid)
            case Heard():
                self.heard.set()
            case Said():
                self._said.set()
            case Out():
                self.is_out.set()
            case NotLetIn():
                self.lose(NotLetInError())
            case Left():
                self._left.set()
        return self._left.is_set()

    def check(self) -> None:
        """Make sure that the process did not end before the room was left.

        Raises:
            RuntimeError: It did.
        """
        if self._lost is not None:
            raise self._lost

    def lose(self, error: Exception) -> None:
        """Nobody sits there any more."""
        if self._taken.done():
            self._lost = error
        else:
            self._taken.set_exception(error)
        for event in (self.is_out, self._said, self._left):
            event.set()


class _Process:
    """A running `tests.e2e.sitting`.

    Attributes:
        given: How many seats it was given.
        is_over: Whether it gets no more; then it ends with its last one.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.given = 0
        self.is_over = False
        self._process, self._log = process, log
        self._seats: dict[int, Seat] = {}
        self._reading = asyncio.create_task(self._read())

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def seat(self, number: int) -> Seat:
        """Return a place that is still to be taken."""
        self.given += 1
        self._seats[number] = Seat(self, number)
        return self._seats[number]

    def tell(self, order: Order) -> None:
        """Give an order."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")

    def end_with_the_last(self) -> None:
        """Give it no more, and end it once nobody sits there."""
        self.is_over = True
        if not self._seats and self.is_running:
            # To end by itself, LiveKit's client would have to be quiet first.
            self._process.kill()

    async def kill(self) -> None:
        """End it, whoever sits there."""
        self.is_over = True
        if self._process.returncode is None:
            self._process.kill()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            news = msgspec.json.decode(line, type=News)
            if (seat := self._seats.get(news.seat)) is not None and seat.hear_of(news):
                del self._seats[news.seat]
                if self.is_over:
                    self.end_with_the_last()
        await self._process.wait()
        said = self._log.read_text(errors="replace")[-SAID_AT_THE_END:]
        for seat in self._seats.values():
            seat.lose(RuntimeError(f"LiveKit's client ended its process: {said}"))
        self._seats.clear()


class Seats:
    """Where places are had from."""

    def __init__(self, folder: Path, of_a_process: int) -> None:
        self._folder, self._of_a_process = folder, of_a_process
        self._numbers = itertools.count()
        self._processes: list[_Process] = []
        self._next: asyncio.Task[_Process] | None = None
        self._turn = asyncio.Lock()

    @property
    def running(self) -> int:
        """How many processes there are at which somebody sits or may."""
        return sum(process.is_running for process in self._processes)

    async def open(self) -> None:
        """Start the first process."""
        self._processes.append(await self._started())

    async def close(self) -> None:
        """End all of them."""
        if self._next is not None:
            self._processes.append(await self._next)
        await asyncio.gather(*(process.kill() for process in self._processes))

    @asynccontextmanager
    async def taken(
        self, url: str, token: str, pitch_hz: int, *, is_telephone: bool
    ) -> AsyncIterator[Seat]:
        """Be in a room for the time of a block.

        Raises:
            NotLetInError: The server does not let it in, or is not there.
            RuntimeError: The process has ended: LiveKit's client (1.2.1) aborts it, in one of some
                2,000 calls.
        """
        number = next(self._numbers)
        seat = (await self._process()).seat(number)
        try:
            await seat.take(Take(number, url, token, pitch_hz, is_telephone))
            yield seat
        finally:
            await seat.leave()
        seat.check()

    async def _process(self) -> _Process:
        """Return one that takes a seat more."""
        async with self._turn:
            process = self._processes[-1]
            is_full = process.given == self._of_a_process
            if self._next is None and process.given >= self._of_a_process // 2:
                self._next = asyncio.create_task(self._started())
            if is_full or not process.is_running:
                process.end_with_the_last()
                process = await (self._next or self._started())
                self._next = None
                self._processes.append(process)
            return process

    async def _started(self) -> _Process:
        log = self._folder / f"seats-{len(self._processes)}.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.e2e.sitting"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
            )
        return _Process(process, log)


class Server(msgspec.Struct, frozen=True):
    """A livekit-server: its Redis, a key that it takes, and where places in its rooms come from."""

    url: str
    redis_port: int
    api_key: str
    api_secret: str
    seats: Seats


@asynccontextmanager
async def opened_seats(
    folder: Path, of_a_process: int = SEATS_OF_A_PROCESS
) -> AsyncIterator[Seats]:
    """Have places for the time of a block; their processes write into the folder."""
    seats = Seats(folder, of_a_process)
    await seats.open()
    try:
        yield seats
    finally:
        await seats.close()
