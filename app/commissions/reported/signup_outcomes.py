"""What customer sign-ups mean for attribution: the partner that each names, or why it names none."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.rules import Named, NoCredit
from app.attribution.signups import partners
from app.attribution.signups.stated import Stated, stated_of
from app.commissions.reported.signups import EVENT
from app.partners.queries.directory import STRIPE_SIGNALS
from app.sentences.say import say
from app.signups.models import SignUp
from app.signups.views import SignUpBody

SIGNALS = {**STRIPE_SIGNALS, "event": EVENT}
"""A sign-up counts for programs that pay for payments, which may follow, and for those that pay for sign-ups."""


def load_bodies(session: Session, signups: Iterable[SignUp]) -> list[SignUpBody]:
    """The sign-ups as the API shows them."""
    rows = list(signups)
    stated = {row.id: stated_of(row) for row in rows}
    by_owner: dict[UUID, list[Stated]] = {}
    for each in stated.values():
        by_owner.setdefault(each.organization_id, []).append(each)
    named: dict[UUID, Named | NoCredit] = {}
    for owner, own in by_owner.items():
        named |= partners.credited(session, owner, own)
    return [_body(row, stated[row.id], named[row.id]) for row in rows]


def load_body(session: Session, signup: SignUp) -> SignUpBody:
    """One sign-up."""
    return load_bodies(session, [signup])[0]


def outcome_of(stated: Stated, named: Named | NoCredit) -> str:
    """The outcome code of a sign-up."""
    if isinstance(named, NoCredit):
        return "outside_window" if named.is_outside_window else "unattributed"
    if stated.is_claim:
        return "recorded"
    enrollment = named[0]
    if stated.email_mark and stated.email_mark == enrollment.email_mark:
        return "self_referral"
    verdict = enrollment.verdict(SIGNALS)
    return "bound" if verdict == "earns" else verdict


def _body(row: SignUp, stated: Stated, named: Named | NoCredit) -> SignUpBody:
    partner = None if isinstance(named, NoCredit) else ids.encode(ids.PARTNER, named[0].partner_id)
    outcome = outcome_of(stated, named)
    return SignUpBody(
        id=ids.encode(ids.SIGN_UP, row.id),
        program_id=ids.encode(ids.PROGRAM, row.program_id),
        livemode=row.livemode,
        customer_id=row.customer_id,
        source=row.source,
        partner_id=partner,
        outcome=outcome,
        sentence=say(f"signup.{outcome}", partner=partner or ""),
        session_id=row.session_id or None,
        stripe_customer_id=row.stripe_customer_id or None,
        has_email=bool(row.email_mark),
        occurred_at=row.occurred_at,
        created_at=row.created_at,
    )
