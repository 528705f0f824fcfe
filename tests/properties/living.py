"""A chapter of many lives at once, then the clock, then decisions by people; the oracle records all of it."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from app import db
from app.commissions.decisions import approval
from app.commissions.models import Conversion
from app.commissions.settling.settlement import Cause
from app.errors import Conflict
from app.payments.models import Payment
from tests.books import Books
from tests.conftest import Deliver
from tests.maturing import clock
from worker.inbox.drain import work_batch

from .lives import Life, Wish
from .orders import Copy, mixed


def deliver_chapter(lives: Sequence[Life], number: int, deliver: Deliver, chance: random.Random) -> None:
    """Deliver one chapter of all lives, mixed, work it in batches of any size, and let the oracles record it."""
    copies = [
        Copy(life.customer.token, tuple(event for event, _ in life.chapters[number]), Books({}))
        for life in lives
        if life.chapters[number]
    ]
    deliver(mixed(copies, chance))
    work_everything(chance)
    for life in lives:
        life.ledger.record(fact for _, fact in life.chapters[number] if fact is not None)


def work_everything(chance: random.Random) -> None:
    """Work the inbox in batches of any size until nothing is due."""
    while work_batch(chance.choice([3, 40, 500])):
        pass


def strike_clock(lives: Sequence[Life]) -> None:
    """Let the clock approve all that is due today, and the oracles too."""
    now = datetime.now(UTC)
    clock(now)
    for life in lives:
        life.ledger.approve_what_is_due(int(now.timestamp()))


def decide(life: Life, wish: Wish) -> None:
    """A person approves or rejects what a sale's payments earn; the oracle records only what was not refused."""
    sale = life.ledger.sales[wish.sale]
    for payment in life.ledger.payments(sale):
        key = f"{payment.kind}:{sale.purchase.invoice if payment.kind == 'invoice' else sale.purchase.payment_intent}"
        query = select(Conversion).join(Payment, Payment.id == Conversion.payment_id)
        by = Cause("request:r1", datetime.now(UTC))
        try:
            with db.transaction() as session:
                conversion = session.scalars(query.where(Payment.key == key)).one_or_none()
                if conversion is None:
                    continue
                if wish.is_approval:
                    approval.approve(session, conversion, by=by, decided_by="key_of_somebody")
                else:
                    approval.reject(session, conversion, by=by, decided_by="key_of_somebody", reason="a wish")
        except Conflict:
            continue
        life.ledger.decide(wish.sale, payment.kind, is_approval=wish.is_approval)
