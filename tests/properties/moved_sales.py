"""A story of sales that arrive in parts, are credited again, refunded and paid, all by chance, with its oracle."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app import db, ids
from app.commissions.decisions import commands as decisions
from app.commissions.models import Conversion
from app.errors import Conflict
from app.organizations.actors import CLI
from tests.conftest import Deliver, Drain
from tests.payouts.till import Body, Till
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase, Refund
from tests.stripe_stories.families import ACACIA, CLOVER

from .oracle import Fraction, to_nearest
from .payout_years.shop import now

CODES = ("ada", "ben")

_CONVERSIONS = text("SELECT id FROM conversions ORDER BY id")
_PAYMENT = text("SELECT id FROM payments WHERE merged_into_id IS NULL AND key = :key")


@dataclass
class Sold:
    """A sale, the partner that is credited last, and its events that have not arrived."""

    customer: Customer
    purchase: Purchase
    code: str
    gross_minor: int
    waiting: list[Event]
    refunds: list[Refund] = field(default_factory=list)
    refunded_minor: int = 0

    @property
    def worth_minor(self) -> int:
        """A fifth of what it brought, less the share of what was given back."""
        share = to_nearest(Fraction(self.gross_minor, 5))
        return share - to_nearest(Fraction(share * self.refunded_minor, self.gross_minor))


@dataclass
class Story:
    """What has happened so far."""

    chance: random.Random
    till: Till
    deliver: Deliver
    drain: Drain
    sold: list[Sold] = field(default_factory=list)
    left_minor: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODES, 0))
    payouts: dict[str, str] = field(default_factory=dict)
    plot: list[str] = field(default_factory=list)

    def goes_on(self) -> None:
        """One random thing happens, if it can."""
        likely: dict[Callable[[], None], int] = {
            self.sells: 3,
            self.arrives: 6,
            self.refunds: 1,
            self.moves: 2,
            self.approves: 4,
            self.rejects: 1,
            self.pays_out: 4,
            self.finishes: 4,
            self.comes_back: 1,
        }
        [act] = self.chance.choices(list(likely), list(likely.values()))
        act()

    def ends(self) -> None:
        """Everything arrives, is approved and paid."""
        for sold in self.sold:
            self.deliver(sold.waiting)
            sold.waiting = []
        self.drain()
        self.approves()
        for _ in range(2):
            for payout_id in self._payouts("pending"):
                self.finish(payout_id, "confirm")
            self.pays_out()
        assert not self._payouts("pending"), self.plot

    def worth_minor(self, code: str) -> int:
        return sum(sold.worth_minor for sold in self.sold if sold.code == code)

    def sells(self) -> None:
        code, gross = self.chance.choice(CODES), self.chance.randint(500, 30_000)
        marks = Marks(payment=code, subscription=code, invoice=code, customer=code)
        customer = Customer(self.chance.choice([ACACIA, CLOVER]), marks)
        purchase = customer.subscribes(Bill(gross))
        events = list(purchase.events)
        self.chance.shuffle(events)
        self.sold.append(Sold(customer, purchase, code, gross, events))
        self.plot.append(f"{len(self.sold) - 1}: {code} sells for {gross}")

    def arrives(self) -> None:
        sold = self._any(lambda one: bool(one.waiting))
        if sold is not None:
            count = self.chance.randint(1, len(sold.waiting))
            self.happens(sold.waiting[:count])
            sold.waiting = sold.waiting[count:]
            self.plot.append(f"{self.sold.index(sold)}: {count} events arrive")

    def refunds(self) -> None:
        sold = self._any(lambda one: one.refunded_minor < one.gross_minor)
        if sold is not None:
            left = sold.gross_minor - sold.refunded_minor
            minor = self.chance.choice([left, self.chance.randint(1, left)])
            sold.refunds.append(sold.customer.is_refunded(sold.purchase, minor, before=sold.refunds))
            sold.refunded_minor += minor
            self.happens(list(sold.refunds[-1].events))
            self.plot.append(f"{self.sold.index(sold)}: {minor} refunded")

    def moves(self) -> None:
        """A sale is credited to a partner by hand, also what was paid."""
        sold = self._any(lambda one: not one.waiting)
        if sold is None:
            return
        with db.transaction() as session:
            payment_id = session.scalar(_PAYMENT, {"key": f"invoice:{sold.purchase.invoice}"})
        assert payment_id is not None
        sold.code = self.chance.choice(CODES)
        body = {"partner_id": self.till.partner(sold.code), "reason": "they asked", "include_paid": True}
        path = f"/api/v1/payments/{ids.encode(ids.PAYMENT, payment_id)}/attribution"
        answer = self.till.caller.post(path, body)
        assert answer.status_code == 200, answer.text
        self.plot.append(f"{self.sold.index(sold)}: credited to {sold.code}")

    def approves(self) -> None:
        for conversion_id in self._conversions():
            self.decide(conversion_id, is_approval=True)
        self.plot.append("all approved")

    def rejects(self) -> None:
        if every := self._conversions():
            self.decide(self.chance.choice(every), is_approval=False)
            self.plot.append("one rejected")

    def decide(self, conversion_id: Any, *, is_approval: bool) -> None:
        try:
            with db.transaction() as session:
                conversion = session.get_one(Conversion, conversion_id)
                if is_approval:
                    decisions.approve(session, CLI, conversion, now())
                else:
                    decisions.reject(session, CLI, conversion, now(), reason="as it is")
        except Conflict as refusal:
            self.plot.append(f"refused: {refusal.code}")

    def pays_out(self) -> None:
        payouts = self.till.runs()["payouts"]
        self.payouts |= {payout["id"]: "pending" for payout in payouts}
        self.plot.append(f"pays out {[payout['gross_cents'] for payout in payouts]}")

    def finishes(self) -> None:
        if pending := self._payouts("pending"):
            self.finish(self.chance.choice(pending), self.chance.choice(["confirm", "confirm", "fail", "cancel"]))

    def finish(self, payout_id: str, step: str) -> None:
        done = self.till.did(payout_id, step, **({} if step == "confirm" else {"reason": "as it is"}))
        self.payouts[payout_id] = done["status"]
        if step == "confirm":
            self.left_minor[self._code(done)] += done["gross_cents"]
        self.plot.append(f"{done['gross_cents']}: {step}")

    def comes_back(self) -> None:
        if not (paid := self._payouts("paid")):
            return
        payout_id = self.chance.choice(paid)
        net_minor = self.till.sees(payout_id)["net_cents"]
        minor = self.chance.choice([net_minor, self.chance.randint(1, net_minor)])
        done = self.till.did(payout_id, "return", amount_cents=minor, reason="sent back")
        self.payouts[payout_id] = done["status"]
        self.left_minor[self._code(done)] -= sum(back["gross_cents"] for back in done["returns"])
        self.plot.append(f"{done['gross_cents']}: {minor} came back")

    def happens(self, events: list[Event]) -> None:
        self.deliver(events)
        self.drain()

    def _conversions(self) -> list[Any]:
        with db.transaction() as session:
            return list(session.scalars(_CONVERSIONS))

    def _payouts(self, status: str) -> list[str]:
        return [payout_id for payout_id, found in self.payouts.items() if found == status]

    def _code(self, payout: Body) -> str:
        return next(code for code in CODES if self.till.partner(code) == payout["partner_id"])

    def _any(self, fits: Callable[[Sold], bool]) -> Sold | None:
        fitting = [one for one in self.sold if fits(one)]
        return self.chance.choice(fitting) if fitting else None
