"""`python -m bench.pinned CORE PROGRAM …`: run a program, and its threads, on one core."""

import os
import sys

if hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(sys.argv[1]) % len(cores)]})
os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the benchmark's own program
