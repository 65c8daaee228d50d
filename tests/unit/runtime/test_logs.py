import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from cordboard.runtime.telemetry.logs import configure_logs

NUMBER = "+14157774444"
SECRET = "s3cr3t_abcdefghijklmnopqrstuvwxyz"


class Log:
    """What was logged at one level in one format."""

    def __init__(self, level: str, log_format: str) -> None:
        self._stream = io.StringIO()
        configure_logs(level, log_format, self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a test configures, for whoever logs next."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def crash(phone_number: str, api_secret: str) -> None:
    password = "hunter2"
    raise ValueError(f"cannot call {phone_number} with {api_secret} {len(password)}")


def log_a_crash() -> None:
    try:
        crash(NUMBER, SECRET)
    except ValueError as error:
        structlog.get_logger("cordboard.test").error("call_failed", exc_info=error)


def test_an_event_is_one_line_of_json_with_time_level_and_name_first() -> None:
    log = Log("info", "json")
    structlog.get_logger("cordboard.test").info("number_released", count=2)
    (line,) = log.lines
    assert list(line) == ["timestamp", "level", "event", "count"]
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["event"], line["count"]) == ("info", "number_released", 2)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_values_of_variables_and_no_secret(log_format: str) -> None:
    log = Log("info", log_format)
    log_a_crash()
    assert "crash" in log.text
    assert "ValueError" in log.text
    for secret in (NUMBER, "4157774", SECRET, "hunter2"):
        assert secret not in log.text


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_values_are_masked_by_their_name_and_once_more_by_their_look(log_format: str) -> None:
    log = Log("info", log_format)
    structlog.get_logger("cordboard.test").info(
        "x_happened", phone_number=NUMBER, api_secret="short", text=f"to {NUMBER} by {SECRET}"
    )
    for secret in (NUMBER, "short", SECRET):
        assert secret not in log.text


@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio", "somebody.else"])
def test_libraries_take_the_same_way(name: str) -> None:
    log = Log("info", "json")
    try:
        crash(NUMBER, SECRET)
    except ValueError:
        logging.getLogger(name).exception("Failed for %s", NUMBER)
    (line,) = log.lines
    assert (line["event"], line["logger"], line["level"]) == ("library_reported", name, "error")
    assert line["text"] == "Failed for +14***44"
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert NUMBER not in log.text


def test_what_clients_send_wrongly_is_no_line() -> None:
    log = Log("info", "json")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.access").error('127.0.0.1 - "GET /api/phone-numbers/+1415"')
    assert log.lines == []


def test_a_warning_of_python_is_a_line() -> None:
    log = Log("info", "json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old {NUMBER}", stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = log.lines
    assert line["logger"] == "py.warnings"
    assert NUMBER not in log.text


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["a", "b", "c", "d"]),
        ("info", ["b", "c", "d"]),
        ("warning", ["c", "d"]),
        ("error", ["d"]),
    ],
)
def test_only_what_is_severe_enough_is_kept(level: str, expected: list[str]) -> None:
    log = Log(level, "json")
    logger = structlog.get_logger("cordboard.test")
    logger.debug("a")
    logger.info("b")
    logger.warning("c")
    logger.error("d")
    assert [line["event"] for line in log.lines] == expected


def test_a_stream_that_is_no_terminal_gets_json_unless_told_otherwise() -> None:
    stream = io.StringIO()
    configure_logs("info", None, stream)
    structlog.get_logger("cordboard.test").info("x_happened")
    assert json.loads(stream.getvalue())["event"] == "x_happened"
