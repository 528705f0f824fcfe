"""Commands: what an export is of, and the audit entries of those that were made."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere import customers
from app.errors import Conflict
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.hierarchy import own_and_descendants
from app.organizations.models import Organization
from app.transfer.exports.rows import Scope
from app.transfer.exports.writing import ExportPlan


def of_organization(
    session: Session, organization_id: UUID, *, livemode: bool | None, passphrase: str | None, at: datetime
) -> ExportPlan:
    """An export of an organization and all below it, in one mode or, with None, in both.

    Raises as `require_restorable`.
    """
    scope = Scope(own_and_descendants(session, organization_id), livemode)
    require_restorable(session, scope, passphrase)
    return ExportPlan((organization_id,), scope, passphrase, at)


def of_installation(session: Session, *, livemode: bool | None, passphrase: str | None, at: datetime) -> ExportPlan:
    """An export of all organizations; the roots are the merchants that are below no other.

    Raises as `require_restorable`.
    """
    found = session.execute(select(Organization.id, Organization.parent_id, Organization.kind)).all()
    roots = tuple(row.id for row in found if row.parent_id is None and row.kind == "merchant")
    scope = Scope(tuple(row.id for row in found), livemode)
    require_restorable(session, scope, passphrase)
    return ExportPlan(roots, scope, passphrase, at)


def require_restorable(session: Session, scope: Scope, passphrase: str | None) -> None:
    """Return unless an archive without a passphrase would lose an address that Stripe is still to be asked for.

    Without the address, what the customer paid earlier would never count, and partners would be paid extra months.

    Raises:
        Conflict: `passphrase_required`.
    """
    if passphrase is None and customers.has_unasked(session, scope.owners, livemode=scope.livemode):
        raise Conflict(
            "earlier payments of imported customers were not fetched from Stripe yet, and the customers' addresses, "
            "which this needs, are in an archive only with a passphrase; give a passphrase, or wait until the look-ups "
            "are done",
            code="passphrase_required",
        )


def add_entries(session: Session, actor: Actor, plan: ExportPlan, sha256: str) -> None:
    """Add an entry to the audit trail of each merchant whose data was exported."""
    details = {"sha256": sha256, "has_destinations": plan.passphrase is not None}
    for root in plan.roots:
        public_id = ids.encode(ids.ORGANIZATION, root)
        audit.add_entry(
            session,
            actor,
            "organization.exported",
            public_id,
            details,
            organization_id=root,
            livemode=plan.scope.livemode,
        )
