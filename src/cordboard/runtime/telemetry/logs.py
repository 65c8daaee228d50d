"""The log: one event per line on standard error, in the past tense, masked in one place.

Events of our code, of uvicorn, of asyncio and Python's warnings take the same way. A traceback
never shows local variables, because they hold secrets and bodies.
"""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from cordboard.runtime.telemetry.masking import masked_text, masked_values

LIBRARIES = ("asyncio", "uvicorn", "uvicorn.error", "uvicorn.access", "py.warnings")
QUIET = ("uvicorn.access", "uvicorn.asgi")
"""Their lines hold the path, and so a phone number; our own line for a request names the route."""


def configure_logs(level: str, log_format: str | None, stream: TextIO | None = None) -> None:
    """Send all events to ``stream`` from now on.

    Args:
        level: The least severe that is kept: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: ``console``, ``json``, or None for console on a terminal and else JSON.
        stream: Where the lines go, None for standard error.
    """
    stream = stream or sys.stderr
    is_console = log_format == "console" or (log_format is None and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(is_console=is_console, has_colors=stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in LIBRARIES:
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name not in QUIET
    # Its warnings are about what clients send, and any stranger could fill the log with them.
    logging.getLogger("uvicorn.error").setLevel(logging.DEBUG if level == "debug" else "ERROR")
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _formatter(*, is_console: bool, has_colors: bool) -> logging.Formatter:
    if is_console:
        renderer: list[Processor] = [
            structlog.dev.ConsoleRenderer(
                colors=has_colors, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    else:
        renderer = [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(sort_keys=False),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_named_by_library],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked_and_ordered,
            *renderer,
            _with_masked_text,
        ],
    )


def _named_by_library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Make an event of a library's line: it was reported, and by whom."""
    record: logging.LogRecord = event["_record"]
    event["text"] = event["event"]
    event["event"] = "library_reported"
    event["logger"] = record.name
    return event


def _masked_and_ordered(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask by name, and put first what a reader looks for first."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return {**first, **masked_values(event)}


def _with_masked_text(_logger: WrappedLogger, _method: str, line: object) -> str:
    """Mask what slipped into a sentence or a traceback."""
    return masked_text(str(line))
