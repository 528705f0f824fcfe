"""Connects a process that serves agents: to the database as a web server, to the queue, the limits and the keys."""

from app import db, jobs, metrics, sealing
from app.config import Settings
from app.organizations import request_limits
from app.sentences import catalogue
from app.stripe_sync import api_keys


def connect(settings: Settings) -> None:
    """Connect this process; it does not contact database and queue yet."""
    db.connect_web(settings.web_database_url or settings.database_url, pool_size=settings.web_threads)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    request_limits.connect(settings)
    api_keys.connect(settings)
    sealing.connect(settings)
    catalogue.use(settings.language)
