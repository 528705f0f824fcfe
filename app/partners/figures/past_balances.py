"""Balances of partners at a time, for the owner of their program."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time import fences, past_balances
from app.ledger.recorded_time.fences import Begin
from app.ledger.recorded_time.past_balances import Balance
from app.organizations.permissions import Caller
from app.partners.queries.listing import get_partner
from app.programs.models import Program
from app.programs.programs import get_program
from app.views import ExactInstant, Snake


class PastBalance(Snake):
    """What a partner had in one currency, in the currency's smallest unit."""

    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    currency: str = Field(examples=["usd"])
    accrued_cents: int = Field(description="Earned and not approved.")
    payable_cents: int = Field(
        description="Approved and unpaid; negative if commissions were reversed after they were paid."
    )
    clearing_cents: int = Field(description="In a payout that was not confirmed.")
    paid_cents: int = Field(description="Paid in total, after the platform's fee.")
    fee_cents: int = Field(description="The platform's fees in total.")
    written_off_cents: int = Field(description="Written off in total: positive what was owed, negative debts.")


class PastBalances(Snake):
    """Balances as they were recorded at or before a time. An answer for a time never changes."""

    at: ExactInstant | None = Field(description="The time asked for; null: now.")
    data: list[PastBalance] = Field(description="By partner and currency; without those that had nothing posted yet.")


def days_of(program: Program) -> ProgramDays:
    """The program as the ledger's functions take it."""
    return ProgramDays(program.id, program.organization_id, program.time_zone)


def load_of_partner(begin: Begin, caller: Caller, partner_id: str, at: datetime | None) -> PastBalances:
    """A partner's balances at a time, by its public id; `begin` begins transactions for the caller.

    Raises:
        NotFound: there is no such partner among those of the caller's organizations.
        InvalidRequest: `at` is in the future.
    """

    def find(session: Session) -> tuple[Program, Sequence[UUID]]:
        partner = get_partner(session, caller.organization_ids, partner_id)
        return session.get_one(Program, partner.program_id), [partner.id]

    return _load(begin, caller, find, at)


def load_of_program(begin: Begin, caller: Caller, program_id: str, at: datetime | None) -> PastBalances:
    """The balances of all partners of a program at a time. Arguments and errors as for `load_of_partner`."""

    def find(session: Session) -> tuple[Program, None]:
        return get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id), None

    return _load(begin, caller, find, at)


def snapshot(begin: Begin, caller: Caller, program_id: str, at: datetime | None) -> tuple[Program, datetime]:
    """The program, and the time for `load_of_partners` at which its balances are those at `at`; None: now, by a fence.

    Arguments and errors as for `load_of_partner`.
    """
    with begin() as session:
        program = get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)
    if at is None:
        with begin() as session:
            at = fences.fence(session, program.organization_id, program.id)
    return program, fences.end_of_recorded(begin, program.organization_id, program.id, at)


def load_of_partners(
    session: Session, partner_ids: Sequence[UUID], program: Program, before: datetime, *, livemode: bool
) -> list[PastBalance]:
    """The balances of these partners of a program, with everything recorded before a time; see `snapshot`."""
    found = past_balances.load(session, days_of(program), before, livemode=livemode, partner_ids=partner_ids)
    return [_shown(balance) for balance in found]


def _load(
    begin: Begin,
    caller: Caller,
    find: Callable[[Session], tuple[Program, Sequence[UUID] | None]],
    at: datetime | None,
) -> PastBalances:
    """The balances of what `find` finds, in one transaction unless a fence must be taken first."""

    def answer(session: Session, before: datetime) -> PastBalances:
        found = past_balances.load(session, days_of(program), before, livemode=caller.livemode, partner_ids=partner_ids)
        return PastBalances(at=at, data=[_shown(balance) for balance in found])

    with begin() as session:
        program, partner_ids = find(session)
        before = fences.end_if_fenced(session, program.id, at)
        if before is not None:
            return answer(session, before)
    before = fences.end_of_recorded(begin, program.organization_id, program.id, at)
    with begin() as session:
        return answer(session, before)


def _shown(balance: Balance) -> PastBalance:
    return PastBalance(
        partner_id=ids.encode(ids.PARTNER, balance.partner_id),
        currency=balance.currency,
        accrued_cents=balance.accrued_minor,
        payable_cents=balance.payable_minor,
        clearing_cents=balance.clearing_minor,
        paid_cents=balance.paid_minor,
        fee_cents=balance.fee_minor,
        written_off_cents=balance.written_off_minor,
    )
