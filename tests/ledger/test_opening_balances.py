"""What was earned elsewhere, in the ledger: posted once, either sign, wholly explainable, and never changed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from app import db, ids
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.integrity.elsewhere_rules import ELSEWHERE_RULES
from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time import past_balances
from app.ledger.recorded_time.fences import END_OF_TIME
from app.organizations.actors import CLI
from app.partners.models import Partner
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound

AT = datetime(2026, 3, 1, tzinfo=UTC)


def bring_in(merchant: Merchant, code: str, amount_minor: int, source_id: str = "1", **changed: Any) -> OpeningBalance:
    """Record an opening balance of a partner in test money."""
    earned = {"currency": "usd", "source": "rewardful", "occurred_at": AT, **changed}
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners[code])
        return opening_balances.record(
            session,
            CLI,
            partner,
            EarnedElsewhere(amount_minor=amount_minor, source_id=source_id, **earned),
            livemode=False,
            cause=Cause("request:test", datetime.now(UTC)),
        )


def payable(merchant: Merchant) -> dict[str, int]:
    """What is payable to each partner, by code."""
    program = ProgramDays(merchant.program_id, merchant.organization_id, "UTC")
    with db.transaction() as session:
        balances = past_balances.load(session, program, END_OF_TIME, livemode=False)
    codes = {partner_id: code for code, partner_id in merchant.partners.items()}
    return {codes[balance.partner_id]: balance.payable_minor for balance in balances}


def test_opening_balance_is_payable_at_once_and_recorded_only_once(merchant: Merchant) -> None:
    first = bring_in(merchant, "ada", 12_345)
    assert bring_in(merchant, "ada", 12_345).id == first.id
    bring_in(merchant, "ben", -500, "2")
    assert payable(merchant) == {"ada": 12_345, "ben": -500}
    assert_ledger_sound()


@pytest.mark.parametrize("changed", [{"amount_minor": 1}, {"currency": "eur"}, {"code": "ben"}])
def test_other_balance_with_the_same_name_is_refused(merchant: Merchant, changed: dict[str, Any]) -> None:
    bring_in(merchant, "ada", 12_345)
    with pytest.raises(Conflict, match=r"recorded as 123\.45 USD of par_") as refused:
        bring_in(merchant, **{"code": "ada", "amount_minor": 12_345, **changed})
    assert refused.value.code == "opening_balance_differs"
    assert payable(merchant) == {"ada": 12_345}


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"currency": "dollars"}, "currency"),
        ({"occurred_at": datetime(2999, 1, 1, tzinfo=UTC)}, "occurred_at"),
        ({"source": ""}, "source"),
    ],
)
def test_wrong_balance_is_refused_by_its_field(merchant: Merchant, changed: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        bring_in(merchant, **{"code": "ada", "amount_minor": 5, **changed})
    assert refused.value.param == param


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE opening_balances SET amount_minor = 1",
        "UPDATE opening_balances SET partner_id = gen_random_uuid()",
        "DELETE FROM opening_balances",
    ],
)
def test_database_refuses_to_change_what_was_brought_in(merchant: Merchant, statement: str) -> None:
    public_id = ids.encode(ids.OPENING_BALANCE, bring_in(merchant, "ada", 5).id)
    assert public_id.startswith("opb_")
    with pytest.raises(DBAPIError, match="permission denied"), db.transaction() as session:
        session.execute(text(statement))


TAMPERINGS = {
    "its amount": "UPDATE opening_balances SET amount_minor = amount_minor + 1",
    "its sum": "UPDATE opening_balances SET payable_minor = payable_minor + 1",
    "its currency": "UPDATE opening_balances SET currency = 'eur'",
    "its mode": "UPDATE opening_balances SET livemode = NOT livemode",
    "its time": "UPDATE opening_balances SET occurred_at = occurred_at - interval '1 day'",
    "the balance gone": "DELETE FROM opening_balances",
    "its entry's kind": "UPDATE journal_entries SET kind = 'adjustment'",
    "a posting gone": "DELETE FROM postings WHERE line = 1",
    "what it is about": "UPDATE postings SET commission_id = NULL",
}


def test_verification_finds_each_manual_change_and_names_the_balance(merchant: Merchant, database_url: str) -> None:
    public_id = ids.encode(ids.OPENING_BALANCE, bring_in(merchant, "ada", 5).id)
    engine = create_engine(database_url)
    for what, statement in TAMPERINGS.items():
        with engine.connect() as connection, connection.begin() as tampering:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(statement))
            found = {
                rule: [row.opening for row in connection.execute(text(query)).all() if hasattr(row, "opening")]
                for rule, query in ELSEWHERE_RULES.items()
            }
            named = {ids.encode(ids.OPENING_BALANCE, one) for own in found.values() for one in own}
            assert named == {public_id}, what
            tampering.rollback()
    engine.dispose()
    assert_ledger_sound()
