"""A caller on real SIP: one SIPp for each call, and its message trace read as a ladder."""

import asyncio
import re
import secrets
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from tests.e2e.processes import free_port

SCENARIO = Path(__file__).with_name("caller.xml")
LOOK_EVERY_S = 0.02
GAVE_UP = 487
OK = 200
LONGEST_CALL_S = 120

T = TypeVar("T")

_MESSAGE = re.compile(
    r"^-+ (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\n"
    r"UDP message (?P<way>sent|received) .*\n\n?"
    r"(?P<first>.*)$",
    re.MULTILINE,
)


class Ended(msgspec.Struct, frozen=True):
    """How a call ended: the final response to its INVITE, and seconds since that was sent."""

    status: int
    after_s: float


class Phone:
    """A call as its caller knows it.

    SIPp 3.6 plays ``caller.xml``. It has no hand to hang up with, so it is told by an INFO that
    comes in the call's own dialogue, from this process and not from the far end.
    """

    def __init__(self, folder: Path, source: str) -> None:
        """Take a port at an address; nothing is sent yet."""
        self._name = secrets.token_hex(8)
        self._source = source
        self._port = free_port()
        self._trace = folder / f"call-{self._name}.log"
        self._console = folder / f"call-{self._name}.out"
        self._process: asyncio.subprocess.Process

    async def dial(self, to: str, caller: str, *, from_host: str, gateway: tuple[str, int]) -> None:
        """Send the INVITE."""
        host, port = gateway
        options = {
            "-sf": SCENARIO,
            "-i": self._source,
            "-p": self._port,
            "-mi": self._source,
            "-mp": free_port(),
            "-s": to,
            "-cid_str": self._name,
            "-m": 1,
            "-l": 1,
            "-timeout": LONGEST_CALL_S,
            "-message_file": self._trace,
        }
        keys = {"caller": caller, "fromhost": from_host, "invite": f"z9hG4bK{self._name}"}
        words = [f"{host}:{port}", "-nostdin", "-trace_msg"]
        for option, value in options.items():
            words += [option, str(value)]
        for key, value in keys.items():
            words += ["-key", key, value]
        with self._console.open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                "sipp", *words, stdout=console, stderr=console
            )

    @property
    def ladder(self) -> list[tuple[float, str]]:
        """Milliseconds since the INVITE, and what was said; what is repeated counts once."""
        rungs: list[tuple[float, str]] = []
        began_at: datetime | None = None
        for at, said in self._said():
            began_at = began_at or at
            if not rungs or rungs[-1][1] != said:
                rungs.append((round((at - began_at).total_seconds() * 1000, 1), said))
        return rungs

    def _said(self) -> list[tuple[datetime, str]]:
        """Return the INVITE, responses to it, and whose BYE it was; nothing else is a rung."""
        text = self._trace.read_text(errors="replace") if self._trace.exists() else ""
        found = []
        is_over = False
        for message in _MESSAGE.finditer(text):
            first = message["first"].split()
            said = first[1] if first[0] == "SIP/2.0" else first[0]
            is_over = is_over or said in {"BYE", "CANCEL"}
            if said in {"INVITE", "BYE", str(GAVE_UP)} or (said.isdigit() and not is_over):
                at = datetime.fromisoformat(f"{message['at']}+00:00")
                found.append((at, said))
        return found

    async def until_ringing(self, within_s: float | None = None) -> None:
        """Wait for the first 180.

        Raises:
            TimeoutError: It did not come.
        """
        await _until(lambda: self._when("180"), within_s)

    async def until_answered(self, within_s: float | None = None) -> None:
        """Wait for the 200.

        Raises:
            TimeoutError: It did not come.
        """
        await _until(lambda: self._when(str(OK)), within_s)

    async def until_ended(self, within_s: float | None = None) -> Ended:
        """Wait until the call is over.

        Raises:
            TimeoutError: It is not.
        """
        return await _until(self._ended, within_s)

    def _ended(self) -> Ended | None:
        for after_ms, said in self.ladder:
            if said.isdigit() and int(said) > OK:
                return Ended(int(said), after_ms / 1000)
            if said == "BYE":
                return Ended(OK, after_ms / 1000)
        return None

    def _when(self, what: str) -> float | None:
        return next((after_ms for after_ms, said in self.ladder if said == what), None)

    def hang_up(self) -> None:
        """Give up, or say goodbye."""
        request = (
            f"INFO sip:caller@{self._source} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._source}:9;branch=z9hG4bKhangup{self._name}",
            "From: <sip:test@test.invalid>;tag=test",
            f"To: <sip:caller@{self._source}>;tag=caller",
            f"Call-ID: {self._name}",
            "CSeq: 9 INFO",
            "Content-Length: 0",
            "\r\n",
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand:
            hand.sendto("\r\n".join(request).encode(), (self._source, self._port))

    async def put_away(self) -> None:
        """End SIPp, whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def _until(look: Callable[[], T | None], within_s: float | None) -> T:
    async with asyncio.timeout(within_s):
        while True:
            found = look()
            if found is not None:
                return found
            await asyncio.sleep(LOOK_EVERY_S)
