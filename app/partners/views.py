"""Views of partners: `/partners` in snake_case, `/affiliates` in camelCase."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from app import ids
from app.ledger.sums import Sums
from app.paging import HasMore
from app.partners.enrollment import EmailState
from app.partners.figures import statistics
from app.partners.figures.statistics import in_currency
from app.partners.models import Partner, Snapshot
from app.partners.payout_methods import stored
from app.partners.payout_methods.destinations.fields import Method
from app.partners.payout_methods.models import PayoutMethod
from app.partners.terms import snapshots
from app.partners.validation import (
    AffiliateStatus,
    PartnerStatus,
    affiliate_status,
    partner_status,
    percent_text,
)
from app.programs.models import Program
from app.programs.shapes import shape_of
from app.views import Camel, Instant, Snake

EMAIL_STATE: Final = (
    "`given`: by the program's owner; `unconfirmed`: by the partner itself, so it is not used yet; "
    "`confirmed`: by a link mailed to it; `approved`: unconfirmed, but the owner approved the partner."
)


class PartnerBody(Snake):
    """One affiliate's enrollment in one program."""

    id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    email: str
    email_state: EmailState = Field(description=EMAIL_STATE)
    first_name: str | None
    last_name: str | None
    slug: str
    status: PartnerStatus
    commission_pct: float | None = Field(
        description="The partner's own rate; null if the program's terms apply, or its commission is not a single rate."
    )
    payout_method: Method | None
    payout_email: str | None = Field(description="The address that `paypal`, `payoneer` and `wise` pay to.")
    stripe_account_id: str | None
    metadata: dict[str, Any]
    parent_id: str | None = Field(description="Its upline; null: none.")
    created_at: Instant


class Totals(Snake):
    """Integers in the currency's smallest unit; total_earned = pending + approved + paid."""

    total_commissions: int
    total_earned_cents: int
    pending_cents: int
    approved_cents: int
    paid_cents: int


class CurrencyTotals(Totals):
    """Totals in one currency."""

    currency: str


class PartnerWithStats(PartnerBody):
    """A partner with its statistics, which are left out for keys that may not read commissions."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    stats: Totals | None = Field(default=None, description="In the program's currency.")
    stats_by_currency: list[CurrencyTotals] | None = None


class PartnerPage(Snake):
    """A page of partners."""

    data: list[PartnerBody]
    total: int
    page: int
    per_page: int
    has_more: HasMore


class AffiliateBody(Camel):
    """A partner, under the name that other systems use."""

    id: str = Field(examples=["aff_01h455vb4pex5vsknk084sn02q"])
    name: str | None
    email: str
    email_state: EmailState = Field(description=EMAIL_STATE)
    short_code: str
    status: AffiliateStatus
    commission_override: str | None = Field(description="The partner's own rate in percent.", examples=["25"])
    created_at: Instant
    activated_at: Instant | None


class AffiliatePage(Camel):
    """A page of affiliates."""

    data: list[AffiliateBody]
    page: int
    limit: int
    has_more: HasMore


def partner_body(partner: Partner, snapshot: Snapshot | None, method: PayoutMethod | None) -> PartnerBody:
    """The partner with the rate of this snapshot and how it is paid."""
    return PartnerBody(**_partner_fields(partner, snapshot, method))


def partner_with_stats(
    partner: Partner,
    snapshot: Snapshot | None,
    method: PayoutMethod | None,
    sums_by_currency: list[Sums],
    program_currency: str,
) -> PartnerWithStats:
    """The partner with its statistics, in the program's currency and in each currency."""
    by_currency = [CurrencyTotals(currency=sums.currency, **_totals(sums)) for sums in sums_by_currency]
    stats = Totals(**_totals(in_currency(sums_by_currency, program_currency)))
    return PartnerWithStats(**_partner_fields(partner, snapshot, method), stats=stats, stats_by_currency=by_currency)


def affiliate_body(partner: Partner, snapshot: Snapshot | None) -> AffiliateBody:
    """The partner as the `/affiliates` surface shows it."""
    rate_bps = _override_bps(snapshot)
    return AffiliateBody(
        id=ids.encode(ids.AFFILIATE, partner.id),
        name=partner.full_name,
        email=partner.email,
        email_state=cast("EmailState", partner.email_state),
        short_code=partner.slug,
        status=affiliate_status(partner.status),
        commission_override=None if rate_bps is None else percent_text(rate_bps),
        created_at=partner.created_at,
        activated_at=partner.activated_at,
    )


def load_partner_bodies(session: Session, partners: Sequence[Partner]) -> list[PartnerBody]:
    """These partners with the rates of their snapshots in force and how they are paid, in the same order."""
    partner_ids = [partner.id for partner in partners]
    stamped, methods = snapshots.in_force_of_each(session, partner_ids), stored.load_rows(session, partner_ids)
    return [partner_body(partner, stamped.get(partner.id), methods.get(partner.id)) for partner in partners]


def load_affiliate_bodies(session: Session, partners: Sequence[Partner]) -> list[AffiliateBody]:
    """The same as the affiliates surface shows them."""
    stamped = snapshots.in_force_of_each(session, [partner.id for partner in partners])
    return [affiliate_body(partner, stamped.get(partner.id)) for partner in partners]


def load_partner_with_stats(session: Session, partner: Partner, *, livemode: bool) -> PartnerWithStats:
    """The partner with its rate, how it is paid, and what it earned in live or in test mode."""
    program = session.get_one(Program, partner.program_id)
    every = statistics.load_for_partner(session, partner, program, livemode=livemode)
    method = stored.load_rows(session, [partner.id]).get(partner.id)
    return partner_with_stats(partner, snapshots.in_force(session, partner.id), method, every, program.currency)


def _partner_fields(partner: Partner, snapshot: Snapshot | None, method: PayoutMethod | None) -> dict[str, Any]:
    rate_bps = _override_bps(snapshot)
    created_at: datetime = partner.created_at
    return {
        "id": ids.encode(ids.PARTNER, partner.id),
        "program_id": ids.encode(ids.PROGRAM, partner.program_id),
        "email": partner.email,
        "email_state": partner.email_state,
        "first_name": partner.first_name,
        "last_name": partner.last_name,
        "slug": partner.slug,
        "status": partner_status(partner.status),
        # A rate to show, not to compute with; a float and its JSON represent two decimals exactly.
        "commission_pct": None if rate_bps is None else rate_bps / 100,
        "payout_method": method and method.method,
        "payout_email": stored.email_of(method),
        "stripe_account_id": partner.stripe_account_id,
        "metadata": partner.details,
        "parent_id": ids.encode(ids.PARTNER, partner.parent_id) if partner.parent_id else None,
        "created_at": created_at,
    }


def _totals(sums: Sums) -> dict[str, int]:
    return {
        "total_commissions": sums.commission_count,
        "total_earned_cents": sums.earned_minor,
        "pending_cents": sums.pending_minor,
        "approved_cents": sums.approved_minor,
        "paid_cents": sums.paid_minor,
    }


def _override_bps(snapshot: Snapshot | None) -> int | None:
    if snapshot is None or not snapshot.is_override:
        return None
    # Tiers are no single rate; a client that sends the first tier's rate back would remove the tiers.
    commission = shape_of(snapshot.commission)
    return commission.own_rate(0).bps if commission.most_counted is None else None
