"""Evaluating a payment and posting the difference are functions of values: no database takes part here."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app import ids
from app.attribution.rules import Credit, NoCredit
from app.commissions.cycles.caps import CyclePosition
from app.commissions.settling.evaluate import Result, evaluate
from app.commissions.settling.rows import CommissionRow
from app.commissions.settling.settlement import Cause, SettlementInput
from app.commissions.settling.target_entries import entries_of
from app.partners.queries.directory import Enrollment, SnapshotTerms
from app.payments.payment_rows import PaymentRow
from app.payments.state.state import PaymentState
from app.programs.shapes import shape_of

PAID_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 3, tzinfo=UTC)
TERMS = SnapshotTerms(
    id=UUID(int=1),
    terms_id=UUID(int=2),
    terms_version=1,
    commission=shape_of({"type": "percentage", "bps": 2000}),
    commission_base="net",
    holdback_days=30,
    applies_to="all_customers",
    effective_from=datetime(2026, 1, 1, tzinfo=UTC),
)
PARTNER = Enrollment(
    partner_id=UUID(int=3),
    partner_organization_id=None,
    status="active",
    status_changed_at=TERMS.effective_from,
    program_id=UUID(int=4),
    program_status="active",
    program_currency="usd",
    conversion_kind="payment",
    conversion_event_name=None,
    conversion_entitlement_id=None,
    attribution_window_days=30,
    attribution_model="last_touch",
    include_out_of_band=False,
    multi_level_enabled=False,
    auto_approve=False,
    allow_self_referral=False,
    is_owners_own=False,
    email_mark="",
    snapshots=(TERMS,),
)
CREDIT = Credit(PARTNER, UUID(int=5), PAID_AT)


@pytest.fixture
def paid() -> SettlementInput:
    """A new payment of 49.00 USD net, credited to a partner that earns 20 %."""
    state = PaymentState(
        key="invoice:in_1",
        customer="cus_1",
        subscription="sub_1",
        invoice="in_1",
        payment_intent="pi_1",
        charge="",
        currency="usd",
        gross_minor=4900,
        base_minor=4900,
        returned_minor=0,
        base_details={},
        occurred_at=PAID_AT,
    )
    return SettlementInput(
        payment=PaymentRow(ids.new(), state, root="in_1"),
        livemode=True,
        credit=CREDIT,
        conversion=None,
        commissions=(),
        cause=Cause("evt_1", PAID_AT),
        decision=None,
        cycle_position=CyclePosition(),
        may_be_linked=False,
    )


def _evaluated_again(given: SettlementInput, result: Result, commissions: list[CommissionRow]) -> SettlementInput:
    """What is loaded after `result` was written and its entries were posted."""
    return replace(given, payment=result.payment, conversion=result.conversion, commissions=commissions)


def test_a_payment_earns_its_rate_of_the_base(paid: SettlementInput) -> None:
    result = evaluate(paid, now=NOW)
    (commission,), (entry,) = entries_of(result)
    assert (result.payment.outcome, commission.target_minor, commission.position.accrued_minor) == ("accrued", 980, 980)
    assert (entry.kind, entry.key, entry.first_of_level, entry.cause) == (
        "accrual",
        f"{ids.encode(ids.COMMISSION, commission.id)}:1",
        0,
        "evt_1",
    )
    [(commission_id, lines)] = entry.parts
    assert (commission_id, sum(line.amount_minor for line in lines)) == (commission.id, 0)


def test_evaluating_changes_nothing_it_was_given(paid: SettlementInput) -> None:
    before = repr(paid)
    evaluate(paid, now=NOW)
    assert repr(paid) == before


def test_evaluating_again_posts_nothing(paid: SettlementInput) -> None:
    result = evaluate(paid, now=NOW)
    commissions, _ = entries_of(result)
    again = evaluate(_evaluated_again(paid, result, commissions), now=NOW)
    assert again.payment.outcome == "accrued"
    assert entries_of(again) == (commissions, [])


def test_a_refund_posts_only_the_difference(paid: SettlementInput) -> None:
    result = evaluate(paid, now=NOW)
    commissions, _ = entries_of(result)
    loaded = _evaluated_again(paid, result, commissions)
    state = replace(loaded.payment.state, returned_minor=1000)
    refunded = evaluate(replace(loaded, payment=replace(loaded.payment, state=state)), now=NOW)
    (commission,), (entry,) = entries_of(refunded)
    assert (refunded.payment.outcome, entry.kind, entry.key) == (
        "adjusted",
        "adjustment",
        f"{ids.encode(ids.COMMISSION, commission.id)}:2",
    )
    assert entry.first_of_level is None
    assert (entry.details["from_minor"], entry.details["to_minor"], commission.target_minor) == (980, 780, 780)


def test_a_payment_without_credit_becomes_no_conversion(paid: SettlementInput) -> None:
    result = evaluate(replace(paid, credit=NoCredit()), now=NOW)
    assert (result.payment.outcome, result.conversion, result.commissions) == ("unattributed", None, [])


def test_credit_taken_away_reverses_all_that_was_earned(paid: SettlementInput) -> None:
    result = evaluate(paid, now=NOW)
    commissions, _ = entries_of(result)
    moved = evaluate(replace(_evaluated_again(paid, result, commissions), credit=NoCredit("jo")), now=NOW)
    (commission,), (entry,) = entries_of(moved)
    assert (moved.payment.outcome, commission.position.net_minor) == ("unknown_code", 0)
    assert (entry.details["from_minor"], entry.details["to_minor"]) == (980, 0)
    assert commission.calculation["stopped_by"] == {"code": "uncredited"}
