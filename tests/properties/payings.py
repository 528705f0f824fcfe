"""Unusual ways to pay in a random life: captured in part, and one invoice paid twice."""

import random
from dataclasses import replace

from tests.stripe_stories import documents, invoices
from tests.stripe_stories.captures import captured_at_of, release_as_refund, takes_in_part
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Purchase

from .back import StatedEvent, Till
from .sale_facts import Fact, Sale


def captured_in_part(cleo: Customer, bill: Bill, number: int, chance: random.Random) -> Sale:
    """A bare sale of which more was authorized: as often as not exactly twice what was taken."""
    released_minor = chance.choice([bill.charged_minor, bill.charged_minor, 1, 700])
    sale = Sale(number, takes_in_part(cleo, released_minor, bill), cleo.family.names_links, None)
    sale.sources[0].released_minor = released_minor
    return sale


def paid_twice(cleo: Customer, sale: Sale, chance: random.Random) -> Sale:
    """`sale`, whose invoice a second payment of the same amount has paid as well."""
    first = sale.purchase
    second = replace(first, payment_intent=cleo.ids.fresh("pi"), charge=cleo.ids.fresh("ch"), events=())
    states_overpaid = chance.random() < 0.5
    if states_overpaid:
        said = {"amount_paid": 2 * first.bill.charged_minor, "amount_overpaid": first.bill.charged_minor}
        for event in first.events:
            if event["data"]["object"]["object"] == "invoice":
                event["data"]["object"] |= said
    return replace(sale, second=second, states_overpaid=states_overpaid)


def second_payment(cleo: Customer, sale: Sale) -> list[StatedEvent]:
    """The events of the second payment of the sale's invoice; its charge alone earns nothing."""
    second = sale.second
    if second is None:
        return []
    charge = documents.charge(cleo.family, second, livemode=False)
    link = invoices.invoice_payment(second, cleo.ids.fresh("inpay"), livemode=False)
    return [
        (cleo.event("charge.succeeded", charge, second.paid_at + 60), None),
        (cleo.event("invoice_payment.paid", link, second.paid_at + 61), Fact(sale.number, "second link")),
    ]


def released(cleo: Customer, sale: Sale, chance: random.Random) -> list[StatedEvent]:
    """What was released, stated as a refund of its own, or not stated."""
    released_minor = sale.sources[0].released_minor
    if not released_minor or chance.random() < 0.5:
        return []
    event = release_as_refund(cleo, sale.purchase, released_minor)
    refund, made_at = event["data"]["object"], captured_at_of(sale.purchase)
    fact = Fact(sale.number, "refund", refund["id"], released_minor, refund["status"], made_at, made_at)
    return [(event, fact)]


def money_fact(sale: Sale, event: Event) -> Fact | None:
    """What an event states of the sale's money: while it was only held, nothing."""
    if not sale.sources[0].released_minor:
        return Fact(sale.number, "money")
    if event["type"] == "charge.succeeded":
        return None
    return Fact(sale.number, "captured", at=captured_at_of(sale.purchase))


def tills_of(sale: Sale) -> list[Till]:
    """The payments of a sale whose money may go back."""
    paid: list[Purchase] = [sale.purchase, *([sale.second] if sale.second else [])]
    released_minor = sale.sources[0].released_minor
    return [Till(sale.number, one, source, released_minor) for source, one in enumerate(paid)]
