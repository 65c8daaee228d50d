"""Clients that register, change and delete numbers as fast as they can, and note what they hear."""

import threading
import time
from collections.abc import Callable, Iterable
from enum import Enum
from http.client import HTTPException
from itertools import count
from typing import NamedTuple, Self

from tests.support.builders import a_name, a_number
from tests.support.caller import CREATE, Answer, Caller, path_of

PATIENCE_S = 60
UNKNOWN_OUTCOME = "write.indeterminate"


class Told(NamedTuple):
    """One request about a number, and the answer: None when the connection broke first."""

    phone_number: str
    method: str
    body: object
    key: str | None
    answer: Answer | None

    @property
    def is_done(self) -> bool:
        """Whether the client was told that it was done."""
        return self.answer is not None and self.answer.status == 200

    @property
    def is_unknown(self) -> bool:
        """Whether the client cannot know."""
        if self.answer is None:
            return True
        return self.answer.status >= 500 and self.answer.json["code"] == UNKNOWN_OUTCOME


class State(Enum):
    """What a client knows of a number of its own."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Known(NamedTuple):
    """What a client knows of a number, with its entity tag where it is present."""

    state: State
    etag: str | None = None


class LoadClient(threading.Thread):
    """One client with a connection of its own; it ends when told to, or when its wire breaks."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(name=a_name("client"))
        self.told: list[Told] = []
        self.is_over = False
        self._caller = caller

    def run(self) -> None:
        """Register number after number; change each second and delete each third."""
        for turn in count():
            phone_number = a_number()
            key = a_name("key")
            body = {"phone_number": phone_number, "nickname": f"turn {turn}"}
            if self.is_over or not self._ask(phone_number, "POST", body, key):
                return
            if turn % 2 and not self._ask(phone_number, "PATCH", {"nickname": f"changed {turn}"}):
                return
            if turn % 3 == 0 and not self._ask(phone_number, "DELETE"):
                return

    def _ask(
        self, phone_number: str, method: str, body: object = None, key: str | None = None
    ) -> bool:
        """Send one request and note what came of it; False when the wire broke."""
        answer = None
        try:
            answer = self._caller.request(
                method,
                CREATE if method == "POST" else path_of(phone_number),
                body,
                {"Idempotency-Key": key},
            )
        except (HTTPException, OSError):
            return False
        finally:
            self.told.append(Told(phone_number, method, body, key, answer))
        return True


class Load:
    """Several clients at work for the time of a block."""

    def __init__(self, callers: Iterable[Caller]) -> None:
        self._clients = [LoadClient(caller) for caller in callers]

    def __enter__(self) -> Self:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.is_over = True
        for client in self._clients:
            client.join(PATIENCE_S)

    @property
    def told(self) -> list[Told]:
        """What they were told so far; of one number in the order it was asked."""
        return [told for client in self._clients for told in list(client.told)]

    def wait_until(self, is_so: Callable[[list[Told]], bool]) -> None:
        """Wait while they work."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so(self.told):
            assert time.monotonic() < deadline, f"after {len(self.told)} requests"
            time.sleep(0.005)


def known(told: Iterable[Told]) -> dict[str, Known]:
    """Return what the clients know of each number they have asked for."""
    numbers: dict[str, Known] = {}
    for one in told:
        if one.is_unknown:
            numbers[one.phone_number] = Known(State.UNKNOWN)
        elif not one.is_done:
            numbers.setdefault(one.phone_number, Known(State.ABSENT))
        elif one.method == "DELETE":
            numbers[one.phone_number] = Known(State.ABSENT)
        else:
            assert one.answer is not None
            numbers[one.phone_number] = Known(State.PRESENT, one.answer.headers["etag"])
    return numbers
