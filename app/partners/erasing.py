"""Erases a partner: address, names, metadata, payout method and invitations. Its code and its terms stay.

A code is in links, and in the documents of the customers it brought. It stays reserved, so that no other partner earns
by it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app import ids
from app.partners.joining.applications.models import Application
from app.partners.joining.models import EmailConfirmation, Invitation
from app.partners.models import Partner
from app.partners.payout_methods.models import PayoutMethod
from app.partners.queries import directory
from app.partners.validation import fold_code
from app.tombstones.subjects import Subject

ERASED_DOMAIN: Final = "erased.invalid"
"""A domain that never exists. Source: RFC 2606, 2."""
_ONLY_HERE: Final = text("""
    SELECT DISTINCT partner_organization_id FROM partners AS mine
    WHERE id = ANY(:partner_ids) AND partner_organization_id IS NOT NULL AND partner_organization_id <> organization_id
      AND NOT EXISTS (SELECT FROM partners AS other
                      WHERE other.partner_organization_id = mine.partner_organization_id
                        AND other.id <> ALL(:partner_ids))
""")


def partners_with(session: Session, organization_id: UUID, addresses: Sequence[str]) -> frozenset[UUID]:
    """The partners of the organization's programs with one of these addresses, which are lower case."""
    chosen = select(Partner.id).where(Partner.organization_id == organization_id, Partner.email.in_(addresses))
    return frozenset(session.scalars(chosen))


def partners_names(session: Session, organization_id: UUID) -> Callable[[str], bool]:
    """A function that says whether a name is a code or id of a partner of the organization; it asks once per name."""

    @cache
    def is_partner(name: str) -> bool:
        folded = fold_code(name)
        return directory.load_directory(session, organization_id, names=[folded]).find(folded) is not None

    return is_partner


def programs_of(session: Session, subject: Subject) -> frozenset[UUID]:
    """The programs of the subject's partners."""
    return frozenset(session.scalars(select(Partner.program_id).where(Partner.id.in_(subject.partner_ids))))


def load(session: Session, subject: Subject) -> Sequence[Partner]:
    """The subject's partners, locked."""
    chosen = select(Partner).where(Partner.id.in_(subject.partner_ids)).order_by(Partner.id)
    return session.scalars(chosen.with_for_update().execution_options(populate_existing=True)).all()


def organizations_only_of(session: Session, subject: Subject) -> list[UUID]:
    """The affiliates' own organizations that take part only as these partners: nothing else of theirs would stay."""
    return list(session.scalars(_ONLY_HERE, {"partner_ids": list(subject.partner_ids)}))


def erase(session: Session, subject: Subject) -> Mapping[str, int]:
    """Empty the partners' rows and deactivate them; returns their number."""
    partners = load(session, subject)
    for partner in partners:
        partner.email = f"{ids.encode(ids.PARTNER, partner.id)}@{ERASED_DOMAIN}"
        partner.email_state = "given"
        partner.first_name = partner.last_name = partner.stripe_account_id = partner.rejection_reason = None
        partner.details = {}
        if partner.status != "banned":
            partner.status = "deactivated"
    for model in (Application, PayoutMethod, EmailConfirmation, Invitation):
        session.execute(delete(model).where(model.partner_id.in_(subject.partner_ids)))
    session.flush()
    return {"partners": len(partners)}
