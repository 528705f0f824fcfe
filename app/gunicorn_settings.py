"""Gunicorn's settings for `app.web`: `gunicorn --config python:app.gunicorn_settings "app.web:create_app()"`.

Requests run in threads, because a request mostly waits for Postgres; each thread has its own database connection. The
modules are imported here, before Gunicorn forks, so that its processes share their memory and start at once. The
application is created in each process after the fork, so that they share no connections.
"""

import gc
from typing import Any

import cryptography.fernet  # noqa: F401  (every process needs it for its first delivery)
from gunicorn import glogging

import app.web  # noqa: F401  (the module docstring says why)

# Gunicorn reads every name here that is one of its settings. `config` is one, so `from app import config` is not used.
from app.config import load
from app.logs import configure
from app.runtime.logins import warn_of_excess_rights

_settings = load()
configure(_settings.log_format, level=_settings.log_level)


class _Logger(glogging.Logger):  # type: ignore[misc]  # Gunicorn ships no types
    """Gunicorn's logger, with our formatter instead of its own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.propagate = True


def when_ready(_server: Any) -> None:
    """Called before the first worker starts: logs a warning if the database login has more rights than needed."""
    warn_of_excess_rights(_settings.web_database_url or _settings.database_url, for_web=True)
    gc.collect()
    gc.freeze()  # so that garbage collection in the workers does not write to the shared memory


logger_class = _Logger
errorlog = None  # Gunicorn adds no handler
worker_class = "app.web_worker.WebWorker"
workers = _settings.web_workers
threads = _settings.web_threads
worker_connections = 512  # of each process; with its other files below the 1,024 a process may open by default
timeout = 30
graceful_timeout = 10
keepalive = 75  # longer than a load balancer's idle time, so that it does not send into a connection we just closed
control_socket_disable = True  # it would be created in the home directory
