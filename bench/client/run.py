"""Start the load client as a process of its own and read its report."""

import subprocess
import sys

import msgspec

from bench.client.plan import Plan, Report


def run_client(plan: Plan) -> Report:
    """Run a plan in a fresh process.

    Raises:
        subprocess.CalledProcessError: The client failed; its words are on stderr.
        subprocess.TimeoutExpired: It did not end a minute after its time was up.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.client"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        check=True,
        timeout=plan.seconds + 60,
    )
    return msgspec.json.decode(done.stdout, type=Report)
