"""Logs as one JSON object per line, in which no personal data can appear: not in a message, not in an exception.

psycopg quotes the offending row in its messages, and so may any library: of an exception only its type, SQLSTATE and
frames are written; of a foreign logger only the template of its message, never its arguments.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import orjson
import structlog

TRUSTED: Final = ("ardoise", "uvicorn")
"""Loggers whose whole message is ours, or was read: addresses, process numbers, signals."""
QUIET: Final = ("uvicorn.access", "httpx", "httpcore", "asyncio", "eventsourcing", "psycopg", "psycopg.pool")
MOST_FRAMES: Final = 12

Event = MutableMapping[str, Any]


def describe(error: BaseException) -> dict[str, Any]:
    """An exception without its words: its type, where it happened, and what caused it."""
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    said: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "sqlstate": getattr(error, "sqlstate", None),
        "frames": [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames],
        "cause": None if cause is None else f"{type(cause).__module__}.{type(cause).__qualname__}",
    }
    return {name: value for name, value in said.items() if value is not None}


def without_words(_: Any, __: str, event: Event) -> Event:
    """Replace an exception by what may be said of it."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = describe(error)
    event.pop("stack_info", None)
    return event


class TemplateOnly(logging.Filter):
    """Drops the arguments of foreign messages, and the words of every exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, stripped of what it might quote."""
        if not record.name.split(".")[0].startswith(TRUSTED) and isinstance(record.msg, str):
            named = [type(value).__name__ for value in record.args or () if isinstance(value, BaseException)]
            record.args = ()
            record.msg = " ".join([record.msg.replace("%", "%%"), *named]) % ()
        elif isinstance(record.msg, BaseException):
            record.msg = type(record.msg).__name__
        if record.name == "uvicorn.error" and record.exc_info:
            record.msg, record.args = "exception in the application", ()
        return True


def render(_: Any, __: str, event: Event) -> str:
    """One line of JSON; a value JSON cannot say is named by its type."""
    return orjson.dumps(event, default=lambda value: type(value).__name__, option=orjson.OPT_NON_STR_KEYS).decode()


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send every logger of the process through these rules; called once, by the command line or a test."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.addFilter(TemplateOnly())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", *QUIET):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
