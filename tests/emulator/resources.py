"""What the emulator's API lists and retrieves, and what each list may be narrowed by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Resource:
    """One collection of the API.

    Attributes:
        kind: the `object` of its documents.
        permission: the restricted keys' name for it: `rak_<permission>_read`.
        filters: parameter of the list → the field of `Held.refs` it narrows by.
        id_param: which parameter a 404 blames.
    """

    path: str
    kind: str
    permission: str
    filters: Mapping[str, str]
    id_param: str

    @property
    def noun(self) -> str:
        """What an error calls one of them."""
        return self.kind.rpartition(".")[2].replace("_", " ") if self.kind != "payment_intent" else self.kind


def _by(*fields: str) -> dict[str, str]:
    return {name: name for name in fields}


_OF_PAYMENT = _by("charge", "payment_intent")
_OF_INVOICE_PAYMENT = _by("invoice", "status") | {"payment[payment_intent]": "payment_intent"}
_OF_SESSION = _by("customer", "payment_intent", "status", "subscription")
_OF_EVENT = {"type": "type", "types[]": "type"}

_ALL: tuple[tuple[str, str, str, dict[str, str], str], ...] = (
    ("accounts", "account", "accounts_kyc_basic", {}, "account"),
    ("balance_transactions", "balance_transaction", "balance_transaction_source", _by("source", "type"), "id"),
    ("charges", "charge", "charge", _by("customer", "payment_intent"), "charge"),
    ("checkout/sessions", "checkout.session", "checkout_session", _OF_SESSION, "session"),
    ("coupons", "coupon", "coupon", {}, "coupon"),
    ("credit_notes", "credit_note", "credit_note", _by("customer", "invoice"), "id"),
    ("customers", "customer", "customer", _by("email"), "id"),
    ("disputes", "dispute", "dispute", _OF_PAYMENT, "dispute"),
    ("events", "event", "event", _OF_EVENT, "id"),
    ("invoice_payments", "invoice_payment", "invoice", _OF_INVOICE_PAYMENT, "invoice_payment"),
    ("invoices", "invoice", "invoice", _by("customer", "status", "subscription"), "invoice"),
    ("payment_intents", "payment_intent", "payment_intent", _by("customer"), "intent"),
    ("promotion_codes", "promotion_code", "promotion_code", _by("active", "code", "coupon"), "promotion_code"),
    ("radar/early_fraud_warnings", "radar.early_fraud_warning", "radar", _OF_PAYMENT, "early_fraud_warning"),
    ("refunds", "refund", "refund", _OF_PAYMENT, "id"),
    ("subscriptions", "subscription", "subscription", _by("customer", "status"), "id"),
    ("transfers", "transfer", "transfer", _by("destination", "transfer_group"), "id"),
)

RESOURCES: Final = tuple(
    Resource(f"/v1/{path}", kind, permission, filters, parameter) for path, kind, permission, filters, parameter in _ALL
)
BY_PATH: Final = {resource.path: resource for resource in RESOURCES}
BY_KIND: Final = {resource.kind: resource for resource in RESOURCES}


def address(kind: str, object_id: str) -> str:
    """The path that retrieves an object."""
    resource = BY_KIND.get(kind)
    return f"{resource.path if resource else f'/v1/{kind}s'}/{object_id}"
