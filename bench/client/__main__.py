"""Read a plan from standard input, run it, and write the report to standard output."""

import gc
import sys

import msgspec

from bench.client.loop import run_plan
from bench.client.plan import Plan


def main() -> None:
    """Run one plan with the garbage collector off, so that its pauses are not measured."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    gc.disable()
    sys.stdout.buffer.write(msgspec.json.encode(run_plan(plan)))


main()
