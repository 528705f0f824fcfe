"""Approving and rejecting a conversion as a key or the command line does it, with its entry in the audit trail."""

from sqlalchemy.orm import Session

from app import ids
from app.commissions.decisions import approval
from app.commissions.models import Conversion
from app.commissions.settling.settlement import Cause
from app.organizations import actors, audit


def approve(
    session: Session, actor: actors.Actor, conversion: Conversion, by: Cause, *, reason: str = "", force: bool = False
) -> None:
    """Make what a conversion earns payable now, on every level; also one that was rejected.

    Raises as `approval.approve`.
    """
    approval.approve(session, conversion, by=by, decided_by=actors.name_of(actor), reason=reason, force=force)
    _note(session, actor, "conversion.approved", conversion)


def reject(session: Session, actor: actors.Actor, conversion: Conversion, by: Cause, *, reason: str) -> None:
    """Take back what a conversion earned, on every level. Raises as `approval.reject`."""
    approval.reject(session, conversion, by=by, decided_by=actors.name_of(actor), reason=reason)
    _note(session, actor, "conversion.rejected", conversion)


def _note(session: Session, actor: actors.Actor, action: str, conversion: Conversion) -> None:
    subject_id = ids.encode(ids.CONVERSION, conversion.id)
    audit.add_entry(session, actor, action, subject_id, organization_id=conversion.organization_id)
