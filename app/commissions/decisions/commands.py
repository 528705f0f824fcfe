"""Approving and rejecting a conversion, each with its audit entry."""

from sqlalchemy.orm import Session

from app import ids
from app.commissions.decisions import approval
from app.commissions.models import Conversion
from app.commissions.settling.settlement import Cause
from app.commissions.views import ConversionBody, load_conversion_body
from app.organizations import actors, audit


def approve(
    session: Session, actor: actors.Actor, conversion: Conversion, by: Cause, *, reason: str = "", force: bool = False
) -> ConversionBody:
    """Make a conversion's commissions payable now, on every level, also if it was rejected.

    Raises as `approval.approve`.
    """
    approval.approve(session, conversion, by=by, decided_by=actors.name_of(actor), reason=reason, force=force)
    return _noted(session, actor, "conversion.approved", conversion)


def reject(session: Session, actor: actors.Actor, conversion: Conversion, by: Cause, *, reason: str) -> ConversionBody:
    """Take back a conversion's commissions, on every level. Raises as `approval.reject`."""
    approval.reject(session, conversion, by=by, decided_by=actors.name_of(actor), reason=reason)
    return _noted(session, actor, "conversion.rejected", conversion)


def _noted(session: Session, actor: actors.Actor, action: str, conversion: Conversion) -> ConversionBody:
    subject_id = ids.encode(ids.CONVERSION, conversion.id)
    owner, livemode = conversion.organization_id, conversion.livemode
    audit.add_entry(session, actor, action, subject_id, organization_id=owner, livemode=livemode)
    return load_conversion_body(session, conversion)
