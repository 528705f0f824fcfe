"""One shape for every log line, whoever writes it: ours, Gunicorn's, RQ's and SQLAlchemy's.

JSON in production, columns in a terminal, always on standard error, so that a command's output stays clean. Event names
are constant (`stripe_event_received`), values are keywords. What must never be logged is blanked on the way out.
"""

import logging.config
import sys
from collections.abc import Iterable
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

BLANK: Final = "[not logged]"
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
QUIET: Final = ("alembic", "rq", "urllib3", "werkzeug")  # they tell every step; their warnings are enough


def configure(log_format: Literal["auto", "json", "console"] = "auto", *, level: str = "INFO") -> None:
    """Send every logger of this process through our formatter. Call it once, before the first line."""
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
            "root": {"handlers": ["accrual"], "level": level},
            "loggers": {name: {"level": "WARNING"} for name in QUIET},
        }
    )
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def blank_what_is_never_logged(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A line whose payloads, e-mails, names and secrets are blanked: the last guard, not a licence to pass them."""
    for name in NEVER_LOGGED & event.keys():
        event[name] = BLANK
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        blank_what_is_never_logged,
    ]


def _last_processors(*, columns: bool) -> Iterable[Processor]:
    if columns:
        # Plain tracebacks: the rich ones print local variables, and with them payloads.
        yield structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    yield structlog.processors.ExceptionRenderer(without_locals)
    yield structlog.processors.JSONRenderer()
