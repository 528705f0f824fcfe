"""How Gunicorn serves `app.web`: `gunicorn --config python:app.gunicorn_settings "app.web:create_app()"`.

Threads, because a request mostly waits for Postgres; each has a database connection of its own. The application is
made in each worker after the fork (no preload), so no two share a socket.
"""

from typing import Any

from gunicorn import glogging

# Gunicorn takes every name here that is one of its settings, `config` among them: hence no `from app import config`.
from app.config import load
from app.logs import configure
from app.runtime.logins import warn_of_excess

_settings = load()
configure(_settings.log_format)


class _Logger(glogging.Logger):  # type: ignore[misc]  # Gunicorn ships no types
    """Gunicorn's log lines, handed to our formatter instead of its own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.propagate = True


def when_ready(_server: Any) -> None:
    """Before the first worker starts: say once if the web server logs in with more rights than it needs."""
    warn_of_excess(_settings.web_database_url or _settings.database_url, for_web=True)


logger_class = _Logger
errorlog = None  # no handler of its own
worker_class = "app.web_worker.WebWorker"
workers = _settings.web_workers
threads = _settings.web_threads
worker_connections = 512  # of each process; with its own files below the 1,024 that a process may open by default
timeout = 30
graceful_timeout = 10
keepalive = 75  # longer than a load balancer's idle time, so that it never sends into a connection we just closed
control_socket_disable = True  # it would be made in the home directory
