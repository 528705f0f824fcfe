"""Money paid outside Stripe: what says so in each shape, and which programs pay for it."""

import pytest

from app import db
from app.partners import enrollment
from app.programs.models import Program
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE, EVERY_SHAPE, FIRST, Family

from .conftest import Explained, Meet
from .test_other_money import changed

OUTSIDE = Bill(net_minor=4900, tax_minor=931, out_of_band=True)


@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=lambda shape: shape.name)
@pytest.mark.parametrize("is_included", [False, True])
@pytest.mark.parametrize("is_attempted", [False, True])
def test_money_outside_stripe_counts_with_include_out_of_band(
    merchant: cast.Merchant,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    shape: Family,
    is_included: bool,
    is_attempted: bool,
) -> None:
    """Also where a card was declined before the customer wired the money."""
    if is_included:
        cast.count_outside_money(merchant)
    sale = Customer(shape, Marks(subscription="ada")).subscribes(OUTSIDE)
    deliver(changed(sale, "invoice", attempted=is_attempted))
    drain()
    assert ledger().balances == (owed(ada=980) if is_included else {})
    assert [line.outcome for line in ledger().payments] == ["accrued" if is_included else "out_of_band"]


@pytest.mark.parametrize("is_included", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_part_paid_outside_stripe_is_the_amount_of_the_payment_record(
    merchant: cast.Merchant,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    explained: Explained,
    is_included: bool,
    backwards: bool,
) -> None:
    """10000 net and 2000 tax; 9000 of the 12000 were wired. 10000 x 3000 / 12000 is 2500, and 20 % of it 500."""
    if is_included:
        cast.count_outside_money(merchant)
    bill = Bill(net_minor=10_000, tax_minor=2000, part_outside_minor=9000)
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes(bill)
    for event in reversed(sale.events) if backwards else sale.events:
        deliver([event])
        drain()
    assert ledger().balances == owed(ada=2000 if is_included else 500)
    assert "paid outside Stripe 90.00 USD" in " ".join(explained(sale.invoice)["sentences"])


def test_late_known_wire_transfer_reverses_the_commission(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """A card was declined, so that it was attempted; nothing but the payment record says where the money came from."""
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes(OUTSIDE)
    events = {event["type"]: event for event in changed(sale, "invoice", attempted=True)}
    deliver([events["invoice.paid"]])
    drain()
    assert ledger().balances == owed(ada=980)
    deliver([events["invoice_payment.paid"]])
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["out_of_band"]


@pytest.mark.parametrize("shape", [CLOVER, ENDIVE], ids=lambda shape: shape.name)
@pytest.mark.parametrize(("is_attempted", "commission_minor"), [(False, None), (True, 980)])
def test_without_known_payments_only_a_never_attempted_invoice_was_paid_outside(
    deliver: Deliver, drain: Drain, ledger: Ledger, shape: Family, is_attempted: bool, commission_minor: int | None
) -> None:
    sale = Customer(shape, Marks(subscription="ada")).subscribes(OUTSIDE).only("invoice.paid")
    deliver(changed(sale, "invoice", attempted=is_attempted))
    drain()
    assert ledger().balances == (owed(ada=commission_minor) if commission_minor else {})


@pytest.mark.parametrize("is_included", [False, True])
@pytest.mark.parametrize("new_first", [False, True])
def test_two_shapes_of_one_invoice_agree_on_what_was_paid_outside_stripe(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, is_included: bool, new_first: bool
) -> None:
    """In the older shape `amount_paid` is 0, in the newer one it is all that was due."""
    if is_included:
        cast.count_outside_money(merchant)
    old, new = (
        Customer(shape, Marks(subscription="ada"), token="TWOSHAPES1").subscribes(OUTSIDE).event("invoice.paid")
        for shape in (ACACIA, CLOVER)
    )
    new = {**new, "id": f"{new['id']}new"}
    new["data"]["object"]["attempted"] = True
    for event in (new, old) if new_first else (old, new):
        deliver([event])
        drain()
    assert ledger().balances == (owed(ada=980) if is_included else {})


@pytest.mark.parametrize("is_included", [False, True])
def test_before_a_field_said_so_a_paid_invoice_that_nothing_was_paid_on_was_paid_outside(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, is_included: bool
) -> None:
    if is_included:
        cast.count_outside_money(merchant)
    (event,) = Customer(FIRST, Marks(subscription="ada")).subscribes(OUTSIDE).only("invoice.paid").events
    del event["data"]["object"]["paid_out_of_band"]
    deliver([event])
    drain()
    assert ledger().balances == (owed(ada=980) if is_included else {})
    assert [line.outcome for line in ledger().payments] == ["accrued" if is_included else "out_of_band"]


def test_renewal_paid_outside_stripe_is_out_of_band_also_beyond_the_limit_of_months(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """It is no payment of the program's at all, so no limit is what it meets."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        month = {"type": "percentage", "bps": 2000, "max_months": 1}
        pat = enrollment.create_partner(session, program, email="pat@partners.example", slug="pat", commission=month)
        enrollment.change_status(session, pat, "active")
    cleo = Customer(CLOVER, Marks(subscription="pat"))
    first = cleo.subscribes()
    for sale in (first, cleo.renews(first), cleo.renews(first, OUTSIDE)):
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(pat=1960)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "accrued", "out_of_band"]


def test_a_payment_that_shows_up_proves_that_an_unattempted_invoice_was_paid_through_stripe(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """A customer may pay an invoice that was never charged."""
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    events = {event["type"]: event for event in changed(sale, "invoice", attempted=False)}
    deliver([events["invoice.paid"]])
    drain()
    assert ledger().balances == {}
    deliver([events["invoice_payment.paid"]])
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("renewal_first", [False, True])
def test_a_cycle_paid_outside_stripe_is_a_cycle_where_the_program_pays_for_it(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, renewal_first: bool
) -> None:
    cast.count_outside_money(merchant)
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        once = {"type": "recurring", "bps": 2000, "max_cycles": 1}
        pat = enrollment.create_partner(session, program, email="pat@partners.example", slug="pat", commission=once)
        enrollment.change_status(session, pat, "active")
    cleo = Customer(CLOVER, Marks(subscription="pat"))
    first = cleo.subscribes(OUTSIDE)
    for sale in reversed((first, cleo.renews(first))) if renewal_first else (first, cleo.renews(first)):
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(pat=980)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "cap_reached"]
