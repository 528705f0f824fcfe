"""Views of the partner side: programs, links, statistics and balances, in snake_case."""

from collections.abc import Iterable, Sequence
from typing import cast

from pydantic import Field
from sqlalchemy.orm import Session

from app import db, ids
from app.branding import texts
from app.branding.brand import Brand
from app.ledger.sums import Sums
from app.organizations.permissions import Caller
from app.paging import HasMore
from app.partners.enrollment import EmailState
from app.partners.models import Partner, Snapshot
from app.partners.partner_side import enrollments
from app.partners.partner_side.enrollments import landing_link, redirect_link
from app.partners.terms import snapshots
from app.partners.terms.views import value_text
from app.partners.validation import AffiliateStatus, affiliate_status
from app.partners.views import EMAIL_STATE
from app.programs.models import Program, Terms
from app.programs.shapes import StoredCommission
from app.programs.terms import terms_in_force_of_each
from app.views import Instant, Snake


class MyProgram(Snake):
    """A program you are enrolled in, with your terms."""

    id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    name: str
    status: str = Field(description="The program's status; only an active program earns commissions.")
    currency: str
    landing_url: str | None
    attribution_model: str
    attribution_window_days: int
    partner_id: str
    enrollment_status: AffiliateStatus
    email_state: EmailState = Field(description=EMAIL_STATE)
    code: str
    commission: StoredCommission = Field(
        description="Your commission; until the owner approves you, the program's commission in force."
    )
    commission_value: str = Field(description="Percent, or a flat amount in the program's currency.")
    holdback_days: int | None
    created_at: Instant
    activated_at: Instant | None


class MyProgramPage(Snake):
    """A page of programs."""

    data: list[MyProgram]
    has_more: HasMore


class Referral(Snake):
    """Your code and links in one program."""

    program_id: str
    partner_id: str
    code: str = Field(examples=["ada"])
    codes: list[str] = Field(description="All your codes, earlier ones too; each works permanently.")
    link: str | None = Field(
        description="The link through this server, which records the visit; null without a landing page."
    )
    landing_link: str | None = Field(description="The link directly to the program's page.")
    landing_hosts: list[str] = Field(
        default=[], description="Hosts that links of this program may lead to.", examples=[["shop.example.com"]]
    )


class MyTotals(Snake):
    """Your earnings in one program and currency; total_earned = pending + approved + paid."""

    program_id: str
    partner_id: str
    currency: str
    total_commissions: int
    total_earned_cents: int
    pending_cents: int
    approved_cents: int
    paid_cents: int = Field(description="Paid, before the platform's fee.")


class MyStats(Snake):
    """Your statistics."""

    data: list[MyTotals]


class Balance(Snake):
    """Your balance in one program and currency, in the currency's smallest unit."""

    program_id: str
    currency: str
    accrued_cents: int = Field(description="Earned and not approved yet.")
    payable_cents: int = Field(
        description="Approved and unpaid; negative if commissions were reversed after they were paid."
    )
    in_payout_cents: int = Field(description="On its way to you.")
    paid_cents: int = Field(description="What you received.")
    fee_cents: int = Field(description="The platform's fee on your payouts.")


class CurrencyBalance(Snake):
    """Your balance in one currency over all your programs."""

    currency: str
    accrued_cents: int
    payable_cents: int
    in_payout_cents: int
    paid_cents: int
    fee_cents: int
    programs: list[Balance]


class MyBalance(Snake):
    """Your balances by currency; amounts in different currencies are never added."""

    data: list[CurrencyBalance]


def my_program(partner: Partner, program: Program, terms: Terms, snapshot: Snapshot | None) -> MyProgram:
    """The program with the partner's commission: by its snapshot, else by the program's `terms`."""
    stamped = snapshot or terms
    return MyProgram(
        id=ids.encode(ids.PROGRAM, program.id),
        name=program.name,
        status=program.status,
        currency=program.currency,
        landing_url=program.landing_url,
        attribution_model=program.attribution_model,
        attribution_window_days=program.attribution_window_days,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        enrollment_status=affiliate_status(partner.status),
        email_state=cast("EmailState", partner.email_state),
        code=partner.slug,
        commission=stamped.commission,
        commission_value=value_text(stamped.commission, program.currency),
        holdback_days=stamped.holdback_days,
        created_at=partner.created_at,
        activated_at=partner.activated_at,
    )


def load_my_programs(session: Session, enrolled: Sequence[tuple[Partner, Program]]) -> list[MyProgram]:
    """These enrollments with their programs' terms and the partners' snapshots of now."""
    terms = terms_in_force_of_each(session, [program.id for _, program in enrolled])
    stamped = snapshots.in_force_of_each(session, [partner.id for partner, _ in enrolled])
    return [my_program(partner, program, terms[program.id], stamped.get(partner.id)) for partner, program in enrolled]


def referral(partner: Partner, program: Program, codes: list[str], public_url: str, *, names_program: bool) -> Referral:
    """The code and links in this program; with `names_program`, the link has `program_id` (see `owns_bare_link`)."""
    landing, program_id = program.landing_url, ids.encode(ids.PROGRAM, program.id)
    return Referral(
        program_id=program_id,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        code=partner.slug,
        codes=codes,
        link=redirect_link(public_url, partner.slug, program_id if names_program else None) if landing else None,
        landing_link=landing_link(landing, partner.slug) if landing else None,
    )


def load_referral(session: Session, caller: Caller, program_id: str, public_url: str) -> Referral:
    """The caller's code and links in a program, in an affiliate's transaction. Raises NotFound, Forbidden."""
    partner, program = enrollments.get_enrollment(session, caller, program_id)
    codes = enrollments.codes_of(session, partner)
    with db.across_modes(session):  # sees the codes of all owners, as the redirect does
        leads_here = enrollments.owns_bare_link(session, partner)
    return referral(partner, program, codes, public_url, names_program=not leads_here)


def my_totals(partner: Partner, sums: Sums) -> MyTotals:
    """The partner's earnings in one currency."""
    return MyTotals(
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        partner_id=ids.encode(ids.PARTNER, partner.id),
        currency=sums.currency,
        total_commissions=sums.commission_count,
        total_earned_cents=sums.earned_minor,
        pending_cents=sums.pending_minor,
        approved_cents=sums.approved_minor,
        paid_cents=sums.paid_minor,
    )


def my_balance(figures: Iterable[tuple[Partner, Sums]]) -> MyBalance:
    """Balances by currency in alphabetical order, each with its programs."""
    by_currency: dict[str, list[Balance]] = {}
    for partner, sums in figures:
        by_currency.setdefault(sums.currency, []).append(
            Balance(
                program_id=ids.encode(ids.PROGRAM, partner.program_id),
                currency=sums.currency,
                accrued_cents=sums.accrued_minor,
                payable_cents=sums.payable_minor,
                in_payout_cents=sums.clearing_minor,
                paid_cents=sums.received_minor,
                fee_cents=sums.fee_minor,
            )
        )
    return MyBalance(data=[_currency_balance(currency, by_currency[currency]) for currency in sorted(by_currency)])


def _currency_balance(currency: str, balances: list[Balance]) -> CurrencyBalance:
    return CurrencyBalance(
        currency=currency,
        accrued_cents=sum(balance.accrued_cents for balance in balances),
        payable_cents=sum(balance.payable_cents for balance in balances),
        in_payout_cents=sum(balance.in_payout_cents for balance in balances),
        paid_cents=sum(balance.paid_cents for balance in balances),
        fee_cents=sum(balance.fee_cents for balance in balances),
        programs=balances,
    )


def welcome(brand: Brand, partner: Partner) -> list[str]:
    """What the program's owner says to the partner above its figures, by paragraphs."""
    values = {
        "program": brand.name,
        "partner": partner.full_name or partner.slug,
        "code": partner.slug,
        "support_email": brand.support_email or "",
    }
    return texts.paragraphs(brand.portal_text, values)
