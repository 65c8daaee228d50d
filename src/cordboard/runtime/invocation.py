"""How this process was started, for texts that tell somebody what to type."""

import shutil
import sys
from pathlib import Path

COMMAND = "cordboard"


def typed_command() -> str:
    """Return what to type for this command: it may lie in a virtual environment beside."""
    path = Path(sys.argv[0])
    if path.name != COMMAND or len(path.parts) == 1 or shutil.which(COMMAND) == str(path):
        return COMMAND
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
