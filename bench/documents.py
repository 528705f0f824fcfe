"""Stripe events of many subscriptions: one subscription is generated, the others are copies with other ids.

Bodies have the layout and size of Stripe's: two spaces of indentation, about 5 KB for an invoice.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from bench.installation import CODE
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

TOKEN: Final = "TTTTTTTTTT"  # noqa: S105 - occurs in all ids of the template, and nowhere else
REFUNDED_MINOR: Final = 1_000

UNREAD: Final[dict[str, Any]] = {
    "account_name": "Shop",
    "account_tax_ids": None,
    "application": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
    "automatically_finalizes_at": None,
    "confirmation_secret": None,
    "custom_fields": None,
    "customer_account": None,
    "customer_address": {
        "city": "London",
        "country": "GB",
        "line1": "12 St James's Square",
        "line2": None,
        "postal_code": "SW1Y 4JH",
        "state": None,
    },
    "customer_phone": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "due_date": None,
    "effective_at": 1_772_445_600,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": f"https://invoice.stripe.com/i/acct_1Shop000000000/test_{TOKEN * 9}?s=ap",
    "invoice_pdf": f"https://pay.stripe.com/invoice/acct_1Shop000000000/test_{TOKEN * 9}/pdf?s=ap",
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "next_payment_attempt": None,
    "on_behalf_of": None,
    "payment_settings": {
        "default_mandate": None,
        "payment_method_options": {
            "acss_debit": None,
            "bancontact": None,
            "card": {"request_three_d_secure": "automatic"},
            "customer_balance": None,
            "konbini": None,
            "sepa_debit": None,
            "us_bank_account": None,
        },
        "payment_method_types": ["card"],
    },
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "statement_descriptor": None,
    "subtotal_excluding_tax": 4900,
    "test_clock": None,
    "threshold_reason": None,
    "total_pretax_credit_amounts": [],
    "webhooks_delivered_at": 1_772_445_600,
}
"""Further fields of an invoice of this version, which Accrual does not read. Source: Stripe, "The Invoice object"."""


def token(number: int) -> str:
    """The digits in the Stripe ids of subscription `number`; they ascend, as Stripe's begin with the time."""
    return f"{number:0{len(TOKEN)}d}"


@dataclass(frozen=True)
class Template:
    """An event that can be copied for other subscriptions."""

    body: str
    stripe_id: str
    object_id: str
    type: str
    api_version: str
    occurred_at: datetime

    def copy(self, number: int, code: str = CODE) -> "Template":
        """The same event of subscription `number`, with other ids, referred by the partner with this code."""
        digits = token(number)
        body = self.body.replace(TOKEN, digits)
        return Template(
            body if code == CODE else body.replace(json.dumps(CODE), json.dumps(code)),
            self.stripe_id.replace(TOKEN, digits),
            self.object_id.replace(TOKEN, digits),
            self.type,
            self.api_version,
            self.occurred_at,
        )


@dataclass(frozen=True)
class Story:
    """The events of a subscription of a referred customer.

    Attributes:
        beginning: the subscription is created and the first month is paid.
        renewals: a paid invoice for each further month.
        refund: the charge of the first month with its invoice, and the events of its partial refund.
        dispute: the charge of the first month with its invoice, and a dispute from its opening to its loss.
        purchases: the first month and the renewals as facts, from which the expected ledger is computed.
    """

    beginning: tuple[Template, ...]
    renewals: tuple[Template, ...]
    refund: tuple[Template, ...]
    dispute: tuple[Template, ...]
    purchases: tuple[Purchase, ...]


@cache
def story(months: int) -> Story:
    """The events of a subscription with `months` renewals; each renewal has only its paid invoice."""
    cleo = Customer(CLOVER, Marks(subscription=CODE), token=TOKEN)
    first = cleo.subscribes()
    charged = [first.event(kind) for kind in ("charge.succeeded", "invoice_payment.paid")]
    refund = cleo.is_refunded(first, REFUNDED_MINOR)
    trouble = DisputeStory(cleo, first)
    dispute = [trouble.opens(), trouble.takes_the_money(), trouble.closes("lost")]
    renewals = [cleo.renews(first) for _ in range(months)]
    return Story(
        _templates(first.event(kind) for kind in ("customer.subscription.created", "invoice.paid")),
        _templates(renewal.event("invoice.paid") for renewal in renewals),
        _templates([*charged, *refund.events]),
        _templates([*charged, *dispute]),
        (first, *renewals),
    )


def _templates(events: Iterable[Event]) -> tuple[Template, ...]:
    return tuple(_template(event) for event in events)


def _template(event: Event) -> Template:
    document = event["data"]["object"]
    if document["object"] == "invoice":
        event = event | {"data": {"object": UNREAD | document}}
    return Template(
        json.dumps(event, indent=2),
        event["id"],
        document["id"],
        event["type"],
        event["api_version"],
        datetime.fromtimestamp(event["created"], UTC),
    )
