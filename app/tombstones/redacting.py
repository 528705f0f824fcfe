"""Takes people out of Stripe's documents, and keeps what commissions depend on: ids, amounts, times, states. Pure.

Only texts of known fields stay; a field that Stripe adds tomorrow is left out until it is listed here. Handlers read
the same from a document without people, except addresses and the names in metadata that are no partner's.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

KEPT_TEXTS: Final = frozenset(
    {
        *("id", "object", "type", "status", "currency", "mode", "payment_status", "billing_reason", "api_version"),
        *("account", "customer", "subscription", "invoice", "payment_intent", "charge", "latest_charge", "refund"),
        *("dispute", "credit_note", "checkout_session", "setup_intent", "payment_record", "balance_transaction"),
        *("price", "product", "plan", "discount", "discounts", "coupon", "promotion_code", "code", "promotion"),
        *("subscription_item", "invoice_item", "price_product", "order_reference", "presentment_currency"),
        *("tax_behavior", "interval", "reason", "fraud_type", "created", "context", "refunds", "charges"),
        *("destination", "transfer", "source_transaction", "transfer_group", "transfers", "disabled_reason"),
        *("invoices", "test_clock", "payment", "event", "request", "idempotency_key"),
    }
)
"""Fields whose texts are ids or words of Stripe."""
DROPPED: Final = frozenset(
    {
        *("customer_details", "billing_details", "shipping", "shipping_details", "customer_shipping", "evidence"),
        *("customer_address", "customer_tax_ids", "collected_information", "custom_fields", "custom_text", "address"),
        *("individual", "company", "person", "owners", "external_accounts", "business_profile", "settings", "dob"),
        *("payment_method_details", "payment_method_options", "payment_method_data", "sources", "cards", "card"),
        *("tax_ids", "invoice_settings", "tos_acceptance", "owner", "verification", "preferred_locales"),
        *("previous_attributes", "consent", "consent_collection", "phone_number_collection", "bank_account"),
    }
)
"""Objects about people, which are left out as a whole."""
AFFILIATE: Final = "affiliate_id"
REFERENCE: Final = "client_reference_id"
_OWN_DESCRIPTIONS: Final = ("Subscription creation", "Subscription update")
_FOR_INVOICE: Final = re.compile(r"Payment for [Ii]nvoice\b")
_PAYER_FIELDS: Final = frozenset({"email", "customer_email", "receipt_email", "customer_email_address"})
_NAME_FIELDS: Final = frozenset({"name", "customer_name", "phone", "customer_phone", "business_name"})
_PEOPLE: Final = frozenset({"customer_details", "billing_details", "shipping", "shipping_details", "customer_shipping"})

IsPartner = Callable[[str], bool]


def redacted(document: Mapping[str, Any], is_partner: IsPartner) -> dict[str, Any]:
    """The document, or envelope, without people.

    Args:
        document: as Stripe sent it, or redacted already: then nothing changes.
        is_partner: whether a value names a partner; such a value in `affiliate_id` or a client reference stays.
    """
    kept = {
        name: _kept(name, value, is_partner)
        for name, value in document.items()
        if name not in DROPPED or not isinstance(value, (Mapping, list))
    }
    return {name: value for name, value in kept.items() if value is not None or document[name] is None}


def _kept(name: str, value: Any, is_partner: IsPartner) -> Any:
    """The value of a field without people; None if nothing of it stays."""
    if name == "metadata":
        return _metadata(value, is_partner)
    if isinstance(value, str):
        return value if name in KEPT_TEXTS else _text(name, value, is_partner)
    if isinstance(value, Mapping):
        return redacted(value, is_partner)
    if isinstance(value, list):
        return [inner for inner in (_kept(name, one, is_partner) for one in value) if inner is not None]
    return value


def _metadata(value: Any, is_partner: IsPartner) -> dict[str, str]:
    name = value.get(AFFILIATE) if isinstance(value, Mapping) else None
    return {AFFILIATE: name} if isinstance(name, str) and is_partner(name) else {}


def _text(name: str, value: str, is_partner: IsPartner) -> str | None:
    if name == "description":
        if _FOR_INVOICE.match(value):
            return "Payment for invoice"
        return value if value in _OWN_DESCRIPTIONS else None
    if name == REFERENCE:
        code = value.partition("--")[0]
        return code if is_partner(code) else None
    return None


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def payers(value: Any, *, is_person: bool = False) -> Iterator[tuple[str, str]]:
    """The payer's `address` and `name` texts in a document, each as (kind, text); a phone number is a name."""
    if isinstance(value, list):
        for inner in value:
            yield from payers(inner)
    if not isinstance(value, Mapping):
        return
    about_person = is_person or value.get("object") == "customer"
    for field, inner in value.items():
        if isinstance(inner, str):
            if field in _PAYER_FIELDS:
                yield "address", inner
            elif field in _NAME_FIELDS and (about_person or field.startswith("customer_")):
                yield "name", inner
        else:
            yield from payers(inner, is_person=field in _PEOPLE)


def customer_of(document: Mapping[str, Any]) -> str:
    """The Stripe customer that the object of an event is, or belongs to; "" if it names none.

    Not one that is only mentioned, as in another customer's metadata.
    """
    data = document.get("data")
    about = data.get("object") if isinstance(data, Mapping) else document
    if not isinstance(about, Mapping):
        return ""
    named = about if about.get("object") == "customer" else about.get("customer")
    name = named.get("id") if isinstance(named, Mapping) else named
    return name if isinstance(name, str) else ""
