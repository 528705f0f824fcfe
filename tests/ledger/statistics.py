"""What a merchant's statistics say, and what its postings say of the same."""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, ids
from app.ledger import checkpoints, posting, sums
from app.ledger.checkpoints import ProgramDays
from app.ledger.positions import Line
from app.ledger.posting import Entry
from app.ledger.sums import Sums
from tests.api.sales import SOLD_AT
from tests.cast import Merchant

FAR = {"livemode": False, "first": date(2000, 1, 1), "last": date(2100, 1, 1), "leaders": 100}


def of_program(shop: Merchant, zone: str = "UTC", **window: object) -> sums.ProgramSums:
    with db.transaction() as session:
        found = {**FAR, **window}
        return sums.of_program(session, shop.organization_id, shop.program_id, zone, **found)  # type: ignore[arg-type]


def of_partners(shop: Merchant) -> dict[str, list[Sums]]:
    with db.transaction() as session:
        partners = list(shop.partners.values())
        found = sums.of_partners(session, shop.organization_id, shop.program_id, "UTC", partners, livemode=False)
    return {code: found[partner_id] for code, partner_id in shop.partners.items() if partner_id in found}


def advance(shop: Merchant, many: int = checkpoints.ENTRIES_AT_ONCE) -> None:
    with db.transaction() as session:
        zone = session.execute(
            text("SELECT time_zone FROM programs WHERE id = :id"), {"id": shop.program_id}
        ).scalar_one()
        checkpoints.advance(session, ProgramDays(shop.program_id, shop.organization_id, zone), many=many)


def move(session: Session, shop: Merchant, commission_id: str, source: str, target: str, minor: int) -> None:
    """Post a move between two of a commission's accounts, as a refund, an approval or a payout would."""
    key = ids.decode(commission_id, "com")
    assert key is not None
    row = session.execute(
        text("SELECT partner_id, currency, entry_count FROM commissions WHERE id = :id FOR UPDATE"), {"id": key}
    ).one()
    session.execute(text("UPDATE commissions SET entry_count = entry_count + 1 WHERE id = :id"), {"id": key})
    entry = Entry(
        key=f"{commission_id}:{row.entry_count + 1}",
        kind="adjustment",
        program_id=shop.program_id,
        partner_id=row.partner_id,
        partner_organization_id=None,
        currency=row.currency,
        parts=[(key, [Line(source, minor), Line(target, -minor)])],
        occurred_at=SOLD_AT + timedelta(days=40),
        cause="job:test",
        details={},
    )
    posting.post(session, shop.organization_id, [entry], livemode=False)


def sums_of_postings(shop: Merchant) -> dict[tuple[UUID, str], tuple[int, int, int, int]]:
    """Pending, approved, paid and how many are worth something, by partner and currency, in the tests' own SQL."""
    rows = text("""
        SELECT commission.id, commission.partner_id, commission.currency, account.kind, -sum(posting.amount_minor)
        FROM postings AS posting
        JOIN accounts AS account ON account.id = posting.account_id AND account.kind <> 'commission_expense'
        JOIN commissions AS commission ON commission.id = posting.commission_id
        GROUP BY 1, 2, 3, 4
    """)
    found: Counter[tuple[UUID, str, str]] = Counter()
    worth: Counter[tuple[UUID, UUID, str]] = Counter()
    with db.transaction() as session:
        for commission, partner, currency, kind, minor in session.execute(rows):
            found[partner, currency, kind] += int(minor)
            worth[commission, partner, currency] += int(minor)
    return {
        key: (
            found[*key, "partner_accrued"],
            found[*key, "partner_payable"] + found[*key, "payout_clearing"],
            found[*key, "partner_paid"] + found[*key, "platform_fee"],
            sum(1 for (_, *whose), minor in worth.items() if tuple(whose) == key and minor),
        )
        for key in {(partner, currency) for partner, currency, _ in found}
    }


def assert_sums_equal_postings(shop: Merchant) -> None:
    due = {key: figures for key, figures in sums_of_postings(shop).items() if any(figures)}
    names = {partner_id: code for code, partner_id in shop.partners.items()}
    shown = {
        (shop.partners[code], one.currency): figures
        for code, every in of_partners(shop).items()
        for one in every
        if any(figures := (one.pending_minor, one.approved_minor, one.paid_minor, one.commission_count))
    }
    assert shown == due, names
    program = of_program(shop)
    for currency in {currency for _, currency in due}:
        every = [figures for (_, spent), figures in due.items() if spent == currency]
        total = sum((one for _, one in program.by_day if one.currency == currency), Sums(currency))
        given = (total.pending_minor, total.approved_minor, total.paid_minor, total.commission_count)
        assert given == tuple(map(sum, zip(*every, strict=True)))
        led = {partner: one.earned_minor for partner, one in program.by_partner if one.currency == currency}
        assert led == {key[0]: sum(figures[:3]) for key, figures in due.items() if key[1] == currency and figures[3]}
    with db.transaction() as session:
        assert checkpoints.differences(session) == []
