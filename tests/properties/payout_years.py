"""A random year of a shop that pays its partners, lived in Accrual and in the oracle side by side."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.decisions import commands as decisions
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.commissions.models import Conversion
from app.commissions.settling.settlement import Cause
from app.errors import Conflict
from app.organizations.actors import CLI
from app.partners.managing import commands as managing
from app.partners.models import Partner
from app.partners.payout_methods import commands as payout_methods
from app.partners.payout_methods.destinations import kinds
from app.payouts.models import Payout as PayoutRow
from app.payouts.reserving import commands as runs
from app.payouts.reserving.requests import RunRequest
from app.payouts.steps import bans, write_offs
from app.payouts.steps import commands as steps
from app.programs.models import Program
from tests import cast
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase, Refund
from tests.stripe_stories.families import ACACIA, CLOVER
from tests.stripe_stories.troubles import DisputeStory
from worker.payouts import reserving

from . import oracle_payouts as oracle
from .oracle import to_nearest
from .oracle_payouts import POTS, Commission, Payout, Sale, planned

RATES_BPS = {0: 2000, 1: 500}
"""What the partner of a sale earns by its level; the second is for the partner above it."""
ABOVE = {"fay": "eva"}
METHODS = {"eva": "paypal", "fay": "paypal", "gus": "crypto"}
"""Ivy has chosen none."""
PARTNERS = ("eva", "fay", "gus", "ivy")
CURRENCIES = ("usd", "usd", "huf", "huf", "jpy", "kwd")
MINIMUMS = {"usd": 300, "huf": 2000}
DESTINATIONS = {
    "paypal": {"email": "partner@example.com"},
    "crypto": {"network": "bitcoin", "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
}
POT_OF = {
    "partner_accrued": "accrued",
    "partner_payable": "payable",
    "payout_clearing": "clearing",
    "partner_paid": "paid",
    "platform_fee": "fee",
    "written_off": "ended",
}

_POTS = text("""
    SELECT posting.commission_id, account.kind, -sum(posting.amount_minor)::bigint AS minor
    FROM postings AS posting JOIN accounts AS account ON account.id = posting.account_id
    GROUP BY posting.commission_id, account.kind HAVING sum(posting.amount_minor) <> 0
""")
_COLUMNS = text("""
    SELECT id, accrued_minor AS accrued, payable_minor AS payable, clearing_minor AS clearing, paid_minor AS paid,
           fee_minor AS fee, written_off_minor AS ended, status, paid_at IS NOT NULL AS is_paid
    FROM commissions
    UNION ALL
    SELECT id, 0, payable_minor, clearing_minor, paid_minor, fee_minor, written_off_minor, NULL, paid_at IS NOT NULL
    FROM opening_balances
""")
_OF_ACCOUNTS = text("""
    SELECT account.currency, account.kind, sum(posting.amount_minor)::bigint AS minor
    FROM postings AS posting JOIN accounts AS account ON account.id = posting.account_id
    GROUP BY account.currency, account.kind
""")
_EARNED = text("""
    SELECT commission.id, commission.level, partner.slug, conversion.id AS conversion_id
    FROM payments AS payment JOIN conversions AS conversion ON conversion.payment_id = payment.id
    JOIN commissions AS commission ON commission.conversion_id = conversion.id
    JOIN partners AS partner ON partner.id = commission.partner_id
    WHERE payment.key = :key
""")
_PAYOUTS = text("""
    SELECT payout.id, partner.slug AS partner, payout.currency, payout.status, payout.gross_minor, payout.fee_minor,
           payout.net_minor, payout.returned_net_minor
    FROM payouts AS payout JOIN partners AS partner ON partner.id = payout.partner_id
""")
_LINES = text("SELECT payout_id, commission_id, gross_minor, fee_minor FROM payout_lines")
_SKIPPED = text("""
    SELECT partner.slug AS partner, item.currency, item.reason
    FROM payout_run_items AS item JOIN partners AS partner ON partner.id = item.partner_id
    WHERE item.run_id = :run_id AND item.state = 'skipped'
""")
_STEPS = text("""
    SELECT split_part(entry.idempotency_key, ':', 1) AS payout_id, account.kind,
           -sum(posting.amount_minor)::bigint AS minor
    FROM journal_entries AS entry JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE entry.idempotency_key LIKE 'pyt\\_%'
    GROUP BY 1, 2
""")


@dataclass
class Bought:
    """A sale as Stripe and the oracle know it, with its conversion's id."""

    customer: Customer
    purchase: Purchase
    sale: Sale
    conversion_id: Any
    refunds: list[Refund] = field(default_factory=list)
    dispute: DisputeStory | None = None
    dispute_stage: str = "none"

    @property
    def left_minor(self) -> int:
        """What was not refunded."""
        return self.sale.gross_minor - sum(self.sale.refunds)

    def is_refunded(self, minor: int) -> Sequence[Event]:
        """The events of another refund."""
        refund = self.customer.is_refunded(self.purchase, minor, before=self.refunds)
        self.refunds.append(refund)
        self.sale.refunds.append(minor)
        return refund.events


@dataclass
class Year:
    """What has happened so far; each act changes Accrual and the oracle alike."""

    chance: random.Random
    merchant: Merchant
    deliver: Deliver
    drain: Drain
    fee_bps: int
    bought: list[Bought] = field(default_factory=list)
    brought_in: list[Commission] = field(default_factory=list)
    """Opening balances: commissions that no sale earns, payable from the beginning."""
    payouts: dict[Any, Payout] = field(default_factory=dict)
    plot: list[str] = field(default_factory=list)
    banned: set[str] = field(default_factory=set)
    moments: list[datetime] = field(default_factory=list)
    """When decisions were made, for runs that leave out later ones."""

    def lives(self, acts: int) -> None:
        """Let so many random things happen, and compare after each."""
        likely: dict[Callable[[], str | None], int] = {
            self.sells: 6,
            self.refunds: 3,
            self.refund_fails: 1,
            self.dispute_goes_on: 3,
            self.decides: 6,
            self.pays_out: 3,
            self.confirms: 4,
            self.fails_or_cancels: 2,
            self.money_comes_back: 2,
            self.writes_off: 1,
            self.brings_in: 2,
            self.bans_or_lets_back: 1,
        }
        happened = 0
        while happened < acts:
            [act] = self.chance.choices(list(likely), list(likely.values()))
            words = act()
            if words is not None:
                self.plot.append(words)
                self.compare()
                happened += 1

    @property
    def commissions(self) -> list[Commission]:
        return [*self.brought_in, *(commission for bought in self.bought for commission in bought.sale.commissions)]

    def happens(self, events: Sequence[Event]) -> None:
        self.deliver(events)
        self.drain()

    def sells(self) -> str:
        code = self.chance.choice([code for code in PARTNERS if code not in self.banned])
        currency = self.chance.choice(CURRENCIES)
        minor = self.chance.randint(101, 20_000)
        customer = Customer(self.chance.choice([CLOVER, ACACIA]), Marks(subscription=code))
        purchase = customer.subscribes(Bill(minor, currency=currency))
        self.happens(purchase.events)
        with db.transaction() as session:
            earned = session.execute(_EARNED, {"key": f"invoice:{purchase.invoice}"}).all()
        expected = {0: code, **({1: ABOVE[code]} if code in ABOVE else {})}
        assert {row.level: row.slug for row in earned} == expected
        commissions = [
            Commission(
                str(row.id), row.slug, currency, to_nearest(oracle.Fraction(minor * RATES_BPS[row.level], 10_000))
            )
            for row in earned
        ]
        sale = Sale(minor, commissions)
        sale.settles()
        self.bought.append(Bought(customer, purchase, sale, earned[0].conversion_id))
        return f"{len(self.bought) - 1}: {code} sells for {minor} {currency}"

    def refunds(self) -> str | None:
        bought = self._any(self.bought, lambda one: one.dispute is None and one.left_minor > 0)
        if bought is None:
            return None
        minor = bought.left_minor if self.chance.random() < 0.3 else self.chance.randint(1, bought.left_minor)
        self.happens(bought.is_refunded(minor))
        bought.sale.settles()
        return f"{self._name(bought)}: {minor} refunded"

    def refund_fails(self) -> str | None:
        bought = self._any(self.bought, lambda one: bool(one.refunds))
        if bought is None:
            return None
        self.happens(bought.refunds.pop().failure)
        bought.sale.refunds.pop()
        bought.sale.settles()
        return f"{self._name(bought)}: the last refund fails"

    def dispute_goes_on(self) -> str | None:
        bought = self._any(self.bought, lambda one: not one.refunds and one.dispute_stage not in ("lost", "won"))
        if bought is None:
            return None
        events, stage, sale = [], bought.dispute_stage, bought.sale
        if stage == "none":
            bought.dispute = DisputeStory(bought.customer, bought.purchase)
            events, bought.dispute_stage = [bought.dispute.opens()], "open"
        elif stage == "open":
            assert bought.dispute is not None
            events, bought.dispute_stage, sale.disputed_minor = (
                [bought.dispute.takes_the_money()],
                "taken",
                sale.gross_minor,
            )
        else:
            assert bought.dispute is not None
            bought.dispute_stage = self.chance.choice(["lost", "won"])
            events = [bought.dispute.closes(bought.dispute_stage)]
            if bought.dispute_stage == "won":
                events.append(bought.dispute.gives_it_back())
                sale.disputed_minor = 0
        self.happens(events)
        sale.settles()
        return f"{self._name(bought)}: dispute {bought.dispute_stage}"

    def decides(self) -> str | None:
        bought = self._any(self.bought, lambda _: True)
        if bought is None:
            return None
        is_approval = self.chance.random() < 0.85
        refused = self.decide(bought, is_approval=is_approval)
        return f"{self._name(bought)}: {refused or ('approved' if is_approval else 'rejected')}"

    def decide(self, bought: Bought, *, is_approval: bool) -> str | None:
        """A person approves or rejects a sale's conversion; gives why it was refused, if it was."""
        by = now()
        try:
            with db.transaction() as session:
                conversion = session.get_one(Conversion, bought.conversion_id)
                if is_approval:
                    decisions.approve(session, CLI, conversion, by)
                else:
                    decisions.reject(session, CLI, conversion, by, reason="as it is")
        except Conflict as refusal:
            return refusal.code
        self.moments = [*self.moments[-3:], by.occurred_at]
        bought.sale.decides(by.occurred_at, is_approval=is_approval)
        return None

    def pays_out(self) -> str:
        cutoff_at = self.chance.choice([*self.moments, now().occurred_at, now().occurred_at])
        payouts, skipped = planned(self.commissions, cutoff_at, METHODS, self.fee_bps, MINIMUMS, self.banned)
        asked = RunRequest(cutoff_at=cutoff_at)
        with self._program() as (session, program):
            if self.chance.random() < 0.5:
                token = runs.preview(session, program, asked, livemode=False).token
                asked = replace(asked, preview_token=token)
            run_id = runs.create(session, CLI, program, asked, livemode=False).id
        while reserving.work_slice(1.0):
            pass
        with db.transaction() as session:
            left_out = {
                (row.partner, row.currency): row.reason for row in session.execute(_SKIPPED, {"run_id": run_id})
            }
            made = [row for row in session.execute(_PAYOUTS) if row.id not in self.payouts]
        assert left_out == skipped
        by_pair = {(payout.partner, payout.currency): payout for payout in payouts}
        assert sorted((row.partner, row.currency) for row in made) == sorted(by_pair)
        for row in made:
            self.payouts[row.id] = payout = by_pair[row.partner, row.currency]
            payout.is_reserved()
        return f"pays out {[(one.partner, one.currency, one.gross_minor) for one in payouts]}, not {skipped}"

    def confirms(self) -> str | None:
        payout_id = self._any(list(self.payouts), lambda one: self.payouts[one].status == "pending")
        if payout_id is None:
            return None
        with db.transaction() as session:
            steps.confirm(session, CLI, session.get_one(PayoutRow, payout_id), now())
        self.payouts[payout_id].is_paid()
        return f"payout {self._payout(payout_id)} confirmed"

    def fails_or_cancels(self) -> str | None:
        payout_id = self._any(list(self.payouts), lambda one: self.payouts[one].status == "pending")
        if payout_id is None:
            return None
        ending = self.chance.choice(["failed", "canceled"])
        with db.transaction() as session:
            row = session.get_one(PayoutRow, payout_id)
            if ending == "failed":
                steps.fail(session, CLI, row, now(), reason="no such account")
            else:
                steps.cancel(session, CLI, row, now())
        self.payouts[payout_id].comes_to_nothing(ending)
        return f"payout {self._payout(payout_id)} {ending}"

    def money_comes_back(self) -> str | None:
        def has_left(one: Any) -> bool:
            payout = self.payouts[one]
            return payout.status in ("paid", "returned") and payout.back_minor < payout.net_minor

        payout_id = self._any(list(self.payouts), has_left)
        if payout_id is None:
            return None
        payout = self.payouts[payout_id]
        left = payout.net_minor - payout.back_minor
        minor = left if self.chance.random() < 0.4 else self.chance.randint(1, left)
        with db.transaction() as session:
            row = session.get_one(PayoutRow, payout_id)
            steps.give_back(session, CLI, row, now(), amount_minor=minor, reason="sent back")
        payout.comes_back(minor)
        return f"payout {self._payout(payout_id)}: {minor} came back"

    def writes_off(self) -> str | None:
        payable: Counter[tuple[str, str]] = Counter()
        for commission in self.commissions:
            payable[commission.partner, commission.currency] += commission.pots["payable"]
        pair = self._any([pair for pair, minor in payable.items() if minor], lambda _: True)
        if pair is None:
            return None
        whole = payable[pair]
        minor = self.chance.randint(1, abs(whole)) * (1 if whole > 0 else -1)
        code, currency = pair
        with db.transaction() as session:
            partner = session.get_one(Partner, self.merchant.partners[code])
            write_offs.write_off(
                session,
                CLI,
                partner,
                now(),
                livemode=False,
                currency=currency,
                amount_minor=minor,
                reason="too little",
            )
        own = [one for one in self.commissions if (one.partner, one.currency) == pair]
        oracle.written_off(own, minor)
        return f"{minor} {currency} of {code} written off"

    def brings_in(self) -> str:
        """What a partner earned elsewhere, or owed, becomes payable as of a moment in the past."""
        code, currency = self.chance.choice(PARTNERS), self.chance.choice(CURRENCIES)
        minor = self.chance.choice([-1, 1, 1]) * self.chance.randint(1, 5_000)
        by = now()
        occurred_at = self.chance.choice([*self.moments, by.occurred_at])
        name = str(len(self.brought_in))
        earned = EarnedElsewhere(currency, minor, "another system", name, occurred_at)
        for _ in range(2):  # the second time is a repetition
            with db.transaction() as session:
                partner = session.get_one(Partner, self.merchant.partners[code])
                balance = opening_balances.record(session, CLI, partner, earned, livemode=False, cause=by)
                opening_id = str(balance.id)
        opened = Commission(opening_id, code, currency, minor, approved_at=occurred_at)
        opened.becomes(minor, is_approved=True)
        self.brought_in.append(opened)
        return f"{code} had {minor} {currency} elsewhere"

    def bans_or_lets_back(self) -> str:
        """Gus is banned, which cancels what is pending, or approved again."""
        is_ban = "gus" not in self.banned
        with db.transaction() as session:
            gus = session.get_one(Partner, self.merchant.partners["gus"])
            if is_ban:
                bans.ban(session, CLI, gus, now())
            else:
                managing.move(session, CLI, gus, "approve")
        self.banned ^= {"gus"}
        for payout in self.payouts.values():
            if is_ban and payout.partner == "gus" and payout.status == "pending":
                payout.comes_to_nothing("canceled")
        return "gus is banned" if is_ban else "gus is let back"

    def compare(self) -> None:
        """What is posted and what the rows say are what the oracle says, of every commission and payout."""
        with db.transaction() as session:
            postings, columns, states = pots_of(session), columns_of(session), states_of(session)
            totals = session.execute(_OF_ACCOUNTS).all()
            payouts = {row.id: row for row in session.execute(_PAYOUTS)}
            steps_of: dict[str, Counter[str]] = {}
            for row in session.execute(_STEPS):
                steps_of.setdefault(row.payout_id, Counter())[row.kind] = row.minor
            lines: dict[Any, set[tuple[str, int, int]]] = {}
            for row in session.execute(_LINES):
                lines.setdefault(row.payout_id, set()).add((str(row.commission_id), row.gross_minor, row.fee_minor))
        said = "\n".join(self.plot)
        expected = {one.id: without_zeros(one.pots) for one in self.commissions}
        assert postings == {key: pots for key, pots in expected.items() if pots}, said
        assert columns == expected, said
        assert states == {
            one.id: (None if one in self.brought_in else one.status, bool(one.pots["paid"] or one.pots["fee"]))
            for one in self.commissions
        }, said
        for currency in {row.currency for row in totals}:
            of_currency = {row.kind: row.minor for row in totals if row.currency == currency}
            expense = of_currency.pop("commission_expense", 0)
            assert expense == -sum(of_currency.values()), said
        assert payouts.keys() == self.payouts.keys(), said
        for payout_id, payout in self.payouts.items():
            row, posted = payouts[payout_id], steps_of[ids.encode(ids.PAYOUT, payout_id)]
            amounts = (row.status, row.gross_minor, row.fee_minor, row.net_minor, row.returned_net_minor)
            assert amounts == (
                payout.status,
                payout.gross_minor,
                payout.fee_minor,
                payout.net_minor,
                payout.back_minor,
            ), said
            assert lines[payout_id] == {
                (line.commission.id, line.gross_minor, line.fee_minor) for line in payout.lines
            }, said
            is_under_way, is_paid = payout.status == "pending", payout.status in ("paid", "returned")
            assert posted["payout_clearing"] == (payout.gross_minor if is_under_way else 0), said
            assert posted["partner_paid"] == (payout.net_minor - payout.back_minor if is_paid else 0), said

    @contextmanager
    def _program(self) -> Iterator[tuple[Session, Program]]:
        with db.transaction() as session:
            yield session, session.get_one(Program, self.merchant.program_id)

    def _any(self, among: Sequence[Any], is_fit: Callable[[Any], bool]) -> Any:
        fit = [one for one in among if is_fit(one)]
        return self.chance.choice(fit) if fit else None

    def _name(self, bought: Bought) -> int:
        return self.bought.index(bought)

    def _payout(self, payout_id: Any) -> str:
        payout = self.payouts[payout_id]
        return f"{payout.partner} {payout.gross_minor} {payout.currency}"


def open_year(chance: random.Random, merchant: Merchant, deliver: Deliver, drain: Drain) -> Year:
    """A shop with its partners, their methods, and a fee; nothing has happened yet."""
    fee_bps = chance.choice([0, 333, 500])
    with db.transaction() as session:
        cast.open_ladder(session, merchant, {1: RATES_BPS[1]})
        program = session.get_one(Program, merchant.program_id)
        program.platform_fee_bps, program.minimum_payouts = fee_bps, dict(MINIMUMS)
        for code in PARTNERS:
            cast.enroll(session, merchant, code)
        for code, parent in ABOVE.items():
            cast.place_under(session, merchant, code, parent)
        for code, method in METHODS.items():
            choose_method(session, merchant, code, method)
    return Year(chance, merchant, deliver, drain, fee_bps)


def choose_method(session: Session, merchant: Merchant, code: str, method: str) -> None:
    partner = session.get_one(Partner, merchant.partners[code])
    payout_methods.choose(session, CLI, partner, kinds.validate(method, DESTINATIONS[method]))


def pots_of(session: Session) -> dict[str, dict[str, int]]:
    """What stands in each commission's accounts, by its postings; nothing where all is 0."""
    found: dict[str, dict[str, int]] = {}
    for row in session.execute(_POTS):
        pots = found.setdefault(str(row.commission_id), {})
        if row.kind in POT_OF:
            pots[POT_OF[row.kind]] = row.minor
        else:
            pots["expense"] = row.minor
    for pots in found.values():
        assert pots.pop("expense", 0) == -sum(pots.values()), pots
    return {key: pots for key, pots in found.items() if pots}


def columns_of(session: Session) -> dict[str, dict[str, int]]:
    """What the rows of commissions and opening balances say of the same."""
    return {
        str(row["id"]): without_zeros({pot: row[pot] for pot in POTS}) for row in session.execute(_COLUMNS).mappings()
    }


def states_of(session: Session) -> dict[str, tuple[str | None, bool]]:
    """The status of each commission (None of an opening balance), and whether it has a time of payment."""
    return {str(row.id): (row.status, row.is_paid) for row in session.execute(_COLUMNS)}


def without_zeros(pots: Any) -> dict[str, int]:
    return {pot: minor for pot, minor in pots.items() if minor}


def now() -> Cause:
    return Cause("request:r1", datetime.now(UTC))
