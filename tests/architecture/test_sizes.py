"""Files and functions that can be read in one sitting."""

from collections.abc import Iterable, Iterator

from tests.architecture.source import (
    FOLDERS,
    Finding,
    Source,
    assert_none,
    sample,
    sources,
    unexcused,
)

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40

# "path": "reason"
LONG_FILES: dict[str, str] = {}

# "path::name": "reason"
LONG_FUNCTIONS: dict[str, str] = {}


def find_long_files(files: Iterable[Source]) -> Iterator[Finding]:
    """Files of more lines than can be read top to bottom in one sitting."""
    for file in files:
        lines = len(file.text.splitlines())
        if lines > MOST_LINES_OF_A_FILE:
            yield Finding(file.path, lines, f"{lines} lines")


def find_long_functions(files: Iterable[Source]) -> Iterator[Finding]:
    """Functions longer than a screen, from `def` to the last line, docstring included."""
    for file in files:
        for name, function in file.functions:
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                yield Finding(file.named(name), function.lineno, f"{lines} lines")


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    assert_none(find_long_files(sources(*FOLDERS)), LONG_FILES)


def test_no_function_is_longer_than_a_screen() -> None:
    assert_none(find_long_functions(sources(*FOLDERS)), LONG_FUNCTIONS)


def test_a_file_of_401_lines_is_found_and_one_of_400_is_not() -> None:
    files = [sample("a.py", "x = 1\n" * 401), sample("b.py", "x = 1\n" * 400)]
    assert [finding.key for finding in find_long_files(files)] == ["a.py"]


def test_a_method_of_41_lines_is_found_and_one_of_40_is_not() -> None:
    body = "        x = 1\n"
    text = f"class A:\n    def long(self):\n{body * 40}\n    async def short(self):\n{body * 39}"
    assert [f.key for f in find_long_functions([sample("a.py", text)])] == ["a.py::A.long"]


def test_an_exception_that_nothing_needs_is_an_error() -> None:
    assert unexcused([], {"gone.py": "was long"}) == ["gone.py: an exception that nothing needs"]
