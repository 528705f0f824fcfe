"""Views for an owner's management of a program's partners, in snake_case; they are called affiliates."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from app import ids
from app.ledger.sums import Sums
from app.paging import HasMore
from app.partners.enrollment import EmailState
from app.partners.figures.statistics import in_currency
from app.partners.joining import invitations
from app.partners.managing import program_partners
from app.partners.models import Partner, Snapshot
from app.partners.terms import snapshots
from app.partners.validation import AffiliateStatus, affiliate_status
from app.partners.views import EMAIL_STATE, Totals
from app.programs.models import Program
from app.programs.shapes import StoredCommission
from app.views import Instant, ShownOnce, Snake


class Earnings(Totals):
    """Earnings in one currency, without what was reversed."""

    total_conversions: int


class CurrencyEarnings(Earnings):
    """Earnings in one currency, with the currency."""

    currency: str


class ProgramAffiliate(Snake):
    """One affiliate's enrollment in the program."""

    id: str = Field(examples=["aff_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    organization_id: str | None = Field(description="Its own organization; null until it has one.")
    email: str
    email_state: EmailState = Field(description=EMAIL_STATE)
    first_name: str | None
    last_name: str | None
    slug: str
    status: AffiliateStatus
    commission: StoredCommission | None = Field(
        description="The commission of its snapshot in force; null until it is approved."
    )
    holdback_days: int | None
    created_at: Instant
    activated_at: Instant | None


class AffiliateWithTotals(ProgramAffiliate):
    """Totals are left out for keys that may not read commissions."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    totals: Earnings | None = Field(default=None, description="In the program's currency.")
    totals_by_currency: list[CurrencyEarnings] | None = None


class ProgramAffiliatePage(Snake):
    """A page of a program's partners."""

    data: list[AffiliateWithTotals | ProgramAffiliate]
    has_more: HasMore


class Invited(ProgramAffiliate):
    """The invited partner, and the link by which it joins."""

    signup_url: ShownOnce = Field(
        description="Shown this once and good for one use; null for an organization, which accepts with its own key."
    )
    expires_at: Instant | None


def load_affiliate(session: Session, partner: Partner) -> ProgramAffiliate:
    """The partner with its snapshot in force."""
    return ProgramAffiliate(**affiliate_fields(partner, snapshots.in_force(session, partner.id)))


def load_affiliates(session: Session, partners: Sequence[Partner]) -> list[ProgramAffiliate]:
    """These partners with their snapshots in force, in the same order."""
    stamped = snapshots.in_force_of_each(session, [partner.id for partner in partners])
    return [ProgramAffiliate(**affiliate_fields(partner, stamped.get(partner.id))) for partner in partners]


def load_with_totals(
    session: Session, program: Program, partners: Sequence[Partner], *, livemode: bool
) -> list[AffiliateWithTotals]:
    """The same with what each of them earned in the program, in live or in test mode."""
    partner_ids = [partner.id for partner in partners]
    stamped = snapshots.in_force_of_each(session, partner_ids)
    every = program_partners.load_totals(session, program, partner_ids, livemode=livemode)
    return [
        with_totals(partner, stamped.get(partner.id), every.get(partner.id, ()), program.currency)
        for partner in partners
    ]


def load_invited(session: Session, invited: invitations.Invited, public_url: str) -> Invited:
    """The partner that was invited, with the link that it joins by."""
    return Invited(
        **affiliate_fields(invited.partner, snapshots.in_force(session, invited.partner.id)),
        signup_url=invitations.link(public_url, invited.token) if invited.token else None,
        expires_at=invited.expires_at,
    )


def affiliate_fields(partner: Partner, snapshot: Snapshot | None) -> dict[str, Any]:
    """The fields that every view of a partner on this surface has."""
    organization_id = partner.partner_organization_id
    return {
        "id": ids.encode(ids.AFFILIATE, partner.id),
        "program_id": ids.encode(ids.PROGRAM, partner.program_id),
        "organization_id": ids.encode(ids.ORGANIZATION, organization_id) if organization_id else None,
        "email": partner.email,
        "email_state": partner.email_state,
        "first_name": partner.first_name,
        "last_name": partner.last_name,
        "slug": partner.slug,
        "status": affiliate_status(partner.status),
        "commission": snapshot.commission if snapshot else None,
        "holdback_days": snapshot.holdback_days if snapshot else None,
        "created_at": partner.created_at,
        "activated_at": partner.activated_at,
    }


def with_totals(
    partner: Partner, snapshot: Snapshot | None, totals: Iterable[Sums], program_currency: str
) -> AffiliateWithTotals:
    """The partner with all it ever earned, in the program's currency and in each currency."""
    by_currency = list(totals)
    return AffiliateWithTotals(
        **affiliate_fields(partner, snapshot),
        totals=Earnings(**earnings(in_currency(by_currency, program_currency))),
        totals_by_currency=[CurrencyEarnings(currency=sums.currency, **earnings(sums)) for sums in by_currency],
    )


def earnings(sums: Sums) -> dict[str, int]:
    """The fields of `Earnings` for these sums."""
    return {
        "total_conversions": sums.conversion_count,
        "total_commissions": sums.commission_count,
        "total_earned_cents": sums.earned_minor,
        "pending_cents": sums.pending_minor,
        "approved_cents": sums.approved_minor,
        "paid_cents": sums.paid_minor,
    }
