"""Alembic's environment: runs migrations as the owner, one process at a time, with a short lock timeout."""

import re
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.base import ischema_names

import app.attribution.models
import app.attribution.promotions.models
import app.branding.models
import app.commissions.elsewhere.models
import app.commissions.models
import app.ledger.models
import app.organizations.models
import app.organizations.stored_responses
import app.outbox.models
import app.partners.joining.applications.models
import app.partners.joining.models
import app.partners.models
import app.partners.payout_methods.models
import app.payments.models
import app.payouts.files.models
import app.payouts.models
import app.payouts.owner_settings.models
import app.people.models
import app.programs.applying.models
import app.programs.models
import app.referrals.models
import app.signups.models
import app.stripe_events.models
import app.stripe_sync.models
import app.tombstones.models
import app.touchpoints.models
import app.transfer.exports.stored.models
import app.transfer.imports.models
from app import db

ischema_names["xid8"] = app.ledger.models.Xid8

PARTITION = re.compile(r"touchpoints_\w+")
"""Names of partitions, which the clock creates and drops; only their parent table is compared with the models."""
MIGRATION_LOCK = 0x41434352
"""Key of the advisory lock that prevents two migrations at the same time."""


def migrate(connection: Connection) -> None:
    """Run the pending migrations on `connection`, in its transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    context.configure(
        connection=connection,
        target_metadata=db.Base.metadata,
        compare_server_default=False,
        include_name=_is_no_partition,
        on_version_apply=context.config.attributes.get("on_version_apply"),
    )
    context.run_migrations()


def _is_no_partition(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or PARTITION.fullmatch(name or "") is None


def main() -> None:
    """Migrate the connection, or the database address, that `app.runtime.schema` passed."""
    passed = context.config.attributes.get("connection")
    if passed is not None:
        migrate(passed)
        return
    engine = db.create(context.config.attributes["database_url"], role=None)
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()


main()
