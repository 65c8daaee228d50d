"""What can be measured: creates, gets and the raw driver, each as a contender."""

import subprocess
import sys

import msgspec

from bench.client.plan import Report
from bench.client.run import run_client
from bench.race import Contender, Sample, served
from bench.servers import KeyPair, Server

US, FRAMEWORK, CEILING = "Cordboard", "Litestar alone", "ceiling"
CORE, UNIT_OF_WORK = "reference", "reference with ORM sessions"
CREATE_PATH = "/api/phone-numbers/create"
NUMBER_PATH = "/api/phone-numbers/{value}"

_KNOWN = 1_000
_PER_RUN = 100_000


def phone_numbers(run: int, count: int = _PER_RUN) -> list[str]:
    """Return numbers that no other run creates; run -1 is what everybody has from the start."""
    first = 4_000_000_000 + (run + 1) * _PER_RUN
    return [f"+1{first + index}" for index in range(count)]


def known_numbers() -> list[str]:
    """Return the numbers that every server has after `create_known`."""
    return phone_numbers(-1, _KNOWN)


def create_known(server: Server) -> None:
    """Create the numbers that every server has from the start.

    Raises:
        RuntimeError: One of them was refused.
    """
    report = run_client(server.create_plan(CREATE_PATH, known_numbers(), 60.0))
    if report.answered != _KNOWN:
        message = f"{server.name} created {report.answered} of {_KNOWN} numbers: {report.wrong}"
        raise RuntimeError(message)


def creating(name: str, server: Server, path: str, seconds: float) -> Contender:
    """Return a contender that creates other numbers in each run."""
    return Contender(
        name, lambda run: served(server, server.create_plan(path, phone_numbers(run), seconds))
    )


def getting(name: str, server: Server, path: str, seconds: float) -> Contender:
    """Return a contender that gets the known numbers again and again."""
    return Contender(
        name, lambda _: served(server, server.get_plan(path, known_numbers(), seconds))
    )


def driving(name: str, database_url: str, key_pair: KeyPair, seconds: float) -> Contender:
    """Return the raw driver as a contender; its CPU is not noted, it is no server."""
    arguments = [database_url, key_pair.organization_id, key_pair.api_key, str(seconds)]

    def measure(run: int) -> Sample:
        done = subprocess.run(
            [sys.executable, "-m", "bench.raw_driver", *arguments, str(run)],
            stdout=subprocess.PIPE,
            check=True,
        )
        return Sample(msgspec.json.decode(done.stdout, type=Report), 0.0)

    return Contender(name, measure)
