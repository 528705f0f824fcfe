"""Logging: one format for all log lines, those of Gunicorn, RQ and SQLAlchemy too.

JSON in production, columns in a terminal, always on standard error, so that it does not mix with a command's output.
Event names are constant (`stripe_event_received`), values are keywords. Values that must not be logged are replaced.
"""

import logging.config
import sys
from collections.abc import Iterable
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED: Final = "[not logged]"
NEVER_LOGGED: Final = frozenset(
    {
        "api_key",
        "authorization",
        "body",
        "email",
        "first_name",
        "last_name",
        "parameters",
        "password",
        "payload",
        "secret",
        "secret_key",
        "signature",
        "token",
        "webhook_secret",
    }
)
OURS: Final = ("app", "worker")
"""The only packages that "debug" is for: at that level others write requests and their bodies."""
QUIET: Final = ("alembic", "mcp", "rq", "sse_starlette", "urllib3", "uvicorn", "werkzeug")
"""They log every step; only their warnings are needed."""


def configure(log_format: Literal["auto", "json", "console"] = "auto", *, level: str = "info") -> None:
    """Configure all loggers of this process with our formatter. Call it once, before the first log line."""
    columns = sys.stderr.isatty() if log_format == "auto" else log_format == "console"
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _shared_processors(),
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last_processors(columns=columns)],
    }
    handler = {"class": "logging.StreamHandler", "formatter": "accrual", "stream": "ext://sys.stderr"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"accrual": formatter},
            "handlers": {"accrual": handler},
            "root": {"handlers": ["accrual"], "level": "WARNING" if level == "warning" else "INFO"},
            "loggers": {
                **{name: {"level": "WARNING"} for name in QUIET},
                **{name: {"level": level.upper()} for name in OURS},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace payloads, e-mails, names and secrets in a log line: a last guard; callers must not pass them at all."""
    for name in NEVER_LOGGED & event.keys():
        event[name] = REDACTED
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]


def _last_processors(*, columns: bool) -> Iterable[Processor]:
    if columns:
        # Plain tracebacks, because the rich ones print local variables, such as payloads.
        yield structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    yield structlog.processors.ExceptionRenderer(without_locals)
    yield structlog.processors.JSONRenderer()
