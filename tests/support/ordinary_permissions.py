"""Runs a command that file permissions bind, even if root runs it.

Root may write where nobody may. Linux lets a process give that up for itself and what it starts
(capabilities(7): CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH leave the bounding set).
"""

import ctypes
import os
import sys

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def main(command: list[str]) -> None:
    """Give the privileges up and become the command."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "cannot give up root's privileges")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
