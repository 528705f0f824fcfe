"""`accrual migrate`: bring the database to the newest schema."""

from app import config, logs, schema
from app.cli.options import DataDir


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the newest schema; nothing happens when it is there already."""
    settings = config.load(data_dir)
    logs.configure(settings.log_format)
    schema.migrate(settings.database_url)
