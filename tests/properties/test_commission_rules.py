"""What a payment is worth, against exact fractions."""

from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.commissions.rates import amounts
from app.partners.queries.directory import SnapshotTerms
from app.payments.state.state import PaymentState
from app.programs.shapes import shape_of

from .oracle import share_returned, to_nearest

PAID_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
ALL_PARTNERS = UUID(int=0)
RATES = st.integers(0, 10_000)


@st.composite
def payments(draw: st.DrawFn) -> PaymentState:
    """A paid invoice: a gross, a base of at most that, and any part of it returned."""
    gross_minor = draw(st.integers(1, 10**9))
    return PaymentState(
        key="invoice:in_1",
        customer="cus_1",
        subscription="sub_1",
        invoice="in_1",
        payment_intent="pi_1",
        charge="ch_1",
        currency="usd",
        gross_minor=gross_minor,
        base_minor=draw(st.integers(0, gross_minor)),
        returned_minor=draw(st.integers(0, gross_minor)),
        base_details={},
        occurred_at=PAID_AT,
    )


def terms(rate_bps: int, commission_base: str = "net") -> SnapshotTerms:
    return SnapshotTerms(
        id=ALL_PARTNERS,
        terms_id=ALL_PARTNERS,
        terms_version=1,
        effective_from=PAID_AT,
        applies_to="all_customers",
        commission=shape_of({"type": "percentage", "bps": rate_bps}),
        commission_base=commission_base,
        holdback_days=30,
    )


@given(payments(), RATES)
def test_a_commission_is_the_rate_of_the_base_less_the_share_returned(payment: PaymentState, rate_bps: int) -> None:
    calculation = amounts.calculate(payment, terms(rate_bps))
    earned = to_nearest(payment.base_minor * Fraction(rate_bps, 10_000))
    assert calculation.amount_minor == earned
    assert calculation.target_minor == earned - share_returned(earned, payment.returned_minor, payment.gross_minor)


@given(payments(), RATES)
def test_a_target_is_never_negative_and_never_above_the_amount(payment: PaymentState, rate_bps: int) -> None:
    calculation = amounts.calculate(payment, terms(rate_bps))
    assert 0 <= calculation.target_minor <= calculation.amount_minor <= payment.base_minor


@given(payments(), RATES)
def test_gross_base_includes_tax(payment: PaymentState, rate_bps: int) -> None:
    calculation = amounts.calculate(payment, terms(rate_bps, "gross"))
    assert calculation.base_minor == payment.gross_minor
