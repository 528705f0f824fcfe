"""The start of every process of the worker: settings, logs and connections."""

from app import config, db, jobs, logs, metrics, sealing
from app.config import Settings
from app.runtime import logins
from app.sentences import catalogue
from app.stripe_sync import api_keys
from worker.mail import sender


def connect(*, pool_size: int) -> Settings:
    """The settings of this process, which is configured and connected by them. The login's rights are checked."""
    settings = config.load()
    logs.configure(settings.log_format, level=settings.log_level)
    catalogue.use(settings.language)
    db.connect(settings.database_url, pool_size=pool_size)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    api_keys.connect(settings)
    sealing.connect(settings)
    sender.connect(settings)
    logins.warn_of_excess_rights(settings.database_url, for_web=False)
    return settings
