"""A payout that is reserved, to read about; by the job's own functions, in the caller's transaction."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app import ids
from app.commissions.decisions import approval
from app.commissions.models import Conversion
from app.commissions.settling.settlement import Cause
from app.partners.models import Partner
from app.partners.payout_methods.commands import apply_fields
from app.payouts.models import Payout, PayoutRun
from app.payouts.reserving import items, plans, requests, reservation
from app.payouts.reserving.requests import RunRequest
from app.programs.models import Program
from tests.api.sales import Sale
from tests.cast import Merchant


class Reserved(NamedTuple):
    """The public ids of a payout, its run and its file."""

    payout_id: str
    payout_run_id: str
    file_id: str


def approve(session: Session, merchant: Merchant, code: str, sale: Sale) -> datetime:
    """Approve the sale, and let the partner be paid by PayPal; gives the time of the approval."""
    now = datetime.now(UTC)
    conversion_id = ids.decode(sale.conversion_id, ids.CONVERSION)
    conversion = session.get_one(Conversion, conversion_id)
    approval.approve(session, conversion, by=Cause("job:tests", now), decided_by="tests")
    partner = session.get_one(Partner, merchant.partners[code])
    apply_fields(session, partner, {"payout_method": "paypal", "payout_email": f"{code}@wallet.example"})
    return now


def reserve(session: Session, merchant: Merchant, code: str, sale: Sale, *, livemode: bool = False) -> Reserved:
    """Approve the sale, reserve all that is payable to the partner, and make the file."""
    now = approve(session, merchant, code, sale)
    partner = session.get_one(Partner, merchant.partners[code])
    program = session.get_one(Program, merchant.program_id)
    asked = requests.stored_form(RunRequest(partner_ids=[ids.encode(ids.PARTNER, partner.id)]))
    run = PayoutRun(
        id=ids.new(),
        organization_id=merchant.organization_id,
        program_id=program.id,
        livemode=livemode,
        cutoff_at=now,
        request=asked,
        created_by="tests",
    )
    session.add(run)
    session.flush()
    selection = requests.selection_of(session, program, asked, now, livemode=livemode)
    items.insert(session, run, plans.load_plans(session, program, selection))
    while run.status == "reserving":
        reservation.reserve_batch(session, run)
        session.refresh(run)
    payout = session.query(Payout).filter_by(run_id=run.id).one()
    assert payout.file_id is not None
    return Reserved(
        ids.encode(ids.PAYOUT, payout.id),
        ids.encode(ids.PAYOUT_RUN, run.id),
        ids.encode(ids.PAYOUT_FILE, payout.file_id),
    )
