"""What a Stripe object may say of a partner: its code in any case, and nothing that changes the rate."""

import pytest

from app import db
from app.partners import enrollment
from app.programs.models import Program
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.documents import Document

from .conftest import Meet, OutcomeOf


@pytest.mark.parametrize("written", ["ADA", " ada ", "Ada"])
def test_a_code_is_known_whatever_its_case(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, written: str
) -> None:
    deliver(meet(subscription=written).subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("written", ["", "null", "undefined"])
def test_placeholder_for_a_missing_value_is_skipped_and_the_next_carrier_counts(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, written: str
) -> None:
    deliver(meet(subscription=written, client_reference="ada").subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_an_unknown_code_is_shown_and_earns_nothing(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    deliver(meet(subscription="unknown").subscribes().events)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["unknown_code"]


def test_payment_that_names_an_invited_partner_earns_nothing_and_is_processed(
    meet: Meet, merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Such a partner has no terms yet."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        enrollment.create_partner(session, program, email="eve@partners.example", slug="eve")
    eves = meet(subscription="eve")
    first = eves.subscribes()
    deliver(first.events + eves.is_refunded(first, 1_000).events)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["partner_inactive"]


def test_a_partner_who_is_not_active_earns_nothing_and_is_not_bound(
    meet: Meet, merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    with db.transaction() as session:
        cast.enroll(session, merchant, "eve", status="paused")
    deliver(meet(subscription="eve").subscribes().events)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["partner_inactive"]


def test_metadata_may_name_a_partner_but_never_a_rate(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = meet(subscription="ada").subscribes()
    for event in first.events:
        _claim_more(event["data"]["object"])
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)


def _claim_more(document: Document) -> None:
    if document.get("metadata"):
        document["metadata"] |= {"commission_rate": "0.9", "bps": "9000", "amount_cents": "99999"}


def test_a_session_of_a_visit_alone_is_recorded_and_is_no_unknown_code(
    meet: Meet, deliver: Deliver, drain: Drain, outcome_of: OutcomeOf
) -> None:
    appeared = meet().appears()
    appeared["data"]["object"]["metadata"] = {"affiliate_session_id": "5f2c"}
    deliver([appeared])
    drain()
    assert outcome_of(appeared) == "recorded"


@pytest.mark.parametrize(
    "reference", ["ada--5f2c", "ADA--", "ada", f"ada--{'x' * 195}"], ids=["session", "cut", "bare", "longest"]
)
def test_reference_with_an_unknown_session_credits_the_partner_of_its_code(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, reference: str
) -> None:
    deliver(meet(client_reference=reference).subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)
