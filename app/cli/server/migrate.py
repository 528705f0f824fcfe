"""`accrual migrate`: bring the database to the newest schema."""

from app.cli import printing
from app.cli.options import AsJson, DataDir


def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Apply the migrations that the database lacks, and print them."""
    from app import config, logs, sealing
    from app.runtime import schema, schema_version

    settings = config.load(data_dir)
    logs.configure(settings.log_format, level=settings.log_level)
    sealing.connect(settings)
    applied = schema.migrate(config.migrate_url(settings))
    if as_json:
        printing.as_document({"applied": applied, "schema": schema_version.newest()})
    elif not applied:
        printing.say(f"Nothing to do: the database has the newest schema, {schema_version.newest()}.")
    else:
        printing.say(f"The database has the newest schema now, {schema_version.newest()}. Applied {len(applied)}:")
        for revision in applied:
            printing.say(f"  {revision}")
