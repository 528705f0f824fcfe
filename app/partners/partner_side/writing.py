"""Writing as a partner: the one way to the few rows that a partner may change by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app import db
from app.errors import InvalidRequest, NotFound
from app.organizations import access
from app.organizations.permissions import Caller
from app.partners.models import Partner
from app.partners.partner_side import enrollments


@contextmanager
def own_transaction(caller: Caller, program_id: str | None) -> Iterator[tuple[Session, Partner]]:
    """A transaction in which the caller may write what belongs to its enrollment in one program, and reads no more.

    The enrollment is proven first, and row-level security proves it again with every row: in the tables that have a
    policy `partner_writes`, only rows of this partner can be written. The audit trail takes entries for its owner.

    Args:
        caller: whose organization is enrolled.
        program_id: the program's public id; None: the only program it is enrolled in.

    Raises:
        InvalidRequest: `program_required`: it is enrolled in several programs, and None was given.
        NotFound: `program_not_found`.
        Forbidden: `enrollment_ended`.
    """
    with access.affiliate_transaction(caller) as session:
        yield session, narrow_to_enrollment(session, caller, program_id)


def narrow_to_enrollment(session: Session, caller: Caller, program_id: str | None) -> Partner:
    """As `own_transaction`, in an affiliate's transaction that is open already; returns the partner."""
    partner = find_enrollment(session, caller, program_id)
    db.narrow_to_partner(session, partner.id)
    return partner


def find_enrollment(session: Session, caller: Caller, program_id: str | None) -> Partner:
    """The caller's enrollment in this program, or its only one. Raises as `own_transaction`."""
    if program_id is not None:
        partner, _ = enrollments.get_enrollment(session, caller, program_id)
        return partner
    enrolled = enrollments.load_enrollments(session, caller)
    if not enrolled:
        raise NotFound("you are enrolled in no program; accept an invitation first", code="program_not_found")
    if len(enrolled) > 1:
        raise InvalidRequest(
            f"you are enrolled in {len(enrolled)} programs; say which one with program_id",
            code="program_required",
            param="program_id",
        )
    return enrolled[0][0]


def find_as_owner(session: Session, caller: Caller, program_id: str | None) -> Partner:
    """As `find_enrollment`; the session then sees the rows of the program's owner, whose the sums and settings are."""
    partner = find_enrollment(session, caller, program_id)
    db.narrow_to_organizations(session, [partner.organization_id], livemode=caller.livemode)
    return partner
