"""The explanation of an opening balance: where it comes from, every entry, and what is left of it."""

from collections.abc import Iterator

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.elsewhere.views import OpeningBalanceBody, opening_balance_body
from app.explanations.payment_sentences import entry_sentence
from app.explanations.payments import entries_of
from app.explanations.views import EntryNote
from app.partners.models import Partner
from app.programs.models import Program
from app.sentences.say import Day, Money, say
from app.views import Snake


class OpeningBalanceExplanation(Snake):
    """An opening balance with everything that was posted for it."""

    summary: str
    sentences: list[str] = Field(description="The whole explanation, for people.")
    time_zone: str = Field(description="The zone of the days in its sentences: the program's.")
    opening_balance: OpeningBalanceBody
    entries: list[EntryNote]


def explain_opening_balance(session: Session, balance: OpeningBalance) -> OpeningBalanceExplanation:
    """The explanation for the program's owner. `session` sees the partner and its program."""
    zone = session.get_one(Program, balance.program_id).time_zone
    entries = entries_of(session, [balance.id], zone=zone).get(balance.id, [])
    head = _head(session, balance, zone)
    lines = [head, *(entry_sentence(entry, zone) for entry in entries), *_left(balance)]
    return OpeningBalanceExplanation(
        summary=head,
        sentences=lines,
        time_zone=zone,
        opening_balance=opening_balance_body(balance),
        entries=entries,
    )


def explain_own_opening_balance(session: Session, balance: OpeningBalance) -> OpeningBalanceExplanation:
    """The explanation for the partner itself: without the entries, which say who decided what."""
    zone = session.get_one(Program, balance.program_id).time_zone
    head = _head(session, balance, zone)
    return OpeningBalanceExplanation(
        summary=head,
        sentences=[head, *_left(balance)],
        time_zone=zone,
        opening_balance=opening_balance_body(balance),
        entries=[],
    )


def _head(session: Session, balance: OpeningBalance, zone: str) -> str:
    partner = session.get_one(Partner, balance.partner_id)
    return say(
        "opening.earned" if balance.amount_minor > 0 else "opening.owed",
        id=ids.encode(ids.OPENING_BALANCE, balance.id),
        partner=partner.slug,
        amount=Money(abs(balance.amount_minor), balance.currency),
        source=balance.source,
        name=balance.source_id,
        day=Day(balance.occurred_at, zone),
    )


def _left(balance: OpeningBalance) -> Iterator[str]:
    """What became of it, account by account."""
    paid_minor = balance.paid_minor + balance.fee_minor
    for code, minor in (
        ("opening.payable", balance.payable_minor),
        ("opening.in_payout", balance.clearing_minor),
        ("opening.paid", paid_minor),
        ("opening.written_off", balance.written_off_minor),
    ):
        if minor:
            yield say(code, amount=Money(minor, balance.currency))
