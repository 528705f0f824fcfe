"""Statistics of an organization's own enrollments."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from app import db
from app.ledger.recorded_time import fences, past_balances
from app.ledger.recorded_time.fences import Begin
from app.ledger.recorded_time.past_balances import Balance
from app.ledger.sums import Sums
from app.organizations.permissions import Caller
from app.partners.figures import statistics
from app.partners.figures.past_balances import days_of
from app.partners.models import Partner
from app.partners.partner_side import enrollments


def load_own(session: Session, caller: Caller, program_id: str | None = None) -> list[tuple[Partner, Sums]]:
    """The sums of the caller's enrollments, newest first, or of that in one program, by currency.

    Raises:
        NotFound: the caller is not enrolled in this program.
        Forbidden: `enrollment_ended`.

    Effects: narrows the session to the owners of the programs, whose rows the sums are. The partners are selected
    before that, from the caller's own enrollments.
    """
    if program_id is None:
        enrolled = enrollments.load_enrollments(session, caller)
    else:
        enrolled = [enrollments.get_enrollment(session, caller, program_id)]
    owners = [program.organization_id for _, program in enrolled]
    db.narrow_to_organizations(session, owners, livemode=caller.livemode)
    earned = statistics.load_for_enrollments(session, enrolled, livemode=caller.livemode)
    return [(partner, sums) for partner, _ in enrolled for sums in earned[partner.id]]


def load_own_at(begin: Begin, caller: Caller, at: datetime) -> list[tuple[Partner, Sums]]:
    """As `load_own`, with what was recorded at or before a time, and without counts of commissions.

    `begin` begins transactions that see what the caller sees as a partner. Raises InvalidRequest if `at` is in the
    future.
    """
    with begin() as session:
        enrolled = enrollments.load_enrollments(session, caller)
    found: list[tuple[Partner, Sums]] = []
    for partner, program in enrolled:
        begin_as_owner = partial(_begin_as_owner, begin, program.organization_id, livemode=caller.livemode)
        before = fences.end_of_recorded(begin_as_owner, program.organization_id, program.id, at)
        with begin_as_owner() as session:
            balances = past_balances.load(
                session, days_of(program), before, livemode=caller.livemode, partner_ids=[partner.id]
            )
        found += [(partner, _sums(balance)) for balance in balances]
    return found


@contextmanager
def _begin_as_owner(begin: Begin, owner_id: UUID, *, livemode: bool) -> Iterator[Session]:
    """A transaction of the caller that is narrowed to an owner, whose rows the postings are."""
    with begin() as session:
        db.narrow_to_organizations(session, [owner_id], livemode=livemode)
        yield session


def _sums(balance: Balance) -> Sums:
    return Sums(
        balance.currency,
        accrued_minor=balance.accrued_minor,
        payable_minor=balance.payable_minor,
        clearing_minor=balance.clearing_minor,
        received_minor=balance.paid_minor,
        fee_minor=balance.fee_minor,
    )
