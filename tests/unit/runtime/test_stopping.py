"""A process that is told to stop before it has begun ends as one that has."""

import signal
import subprocess
import sys

import pytest

WAITS = """
import time
from cordboard.runtime.stopping import end_when_told
end_when_told()
print("here", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_has_not_begun_ends_with_status_0(how: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(how)
        assert process.wait(25) == 0
