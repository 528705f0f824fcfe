"""Everything a customer ever paid, as Stripe lists it: its invoices with their payments, and its charges."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from stripe import StripeClient

from app import db, ids, sealing
from app.commissions.elsewhere import customers
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest
from worker.stripe_sync import client, history

CUSTOMERS = "/v1/customers"
Document = Mapping[str, Any]


def read(stripe: StripeClient, request: LookupRequest) -> tuple[list[Document], datetime]:
    """The documents, and when they were fetched. Raises as `client.get` does."""
    if request.kind == lookups.HISTORY:
        found = client.get(stripe, client.object_path(CUSTOMERS, request.object_id), tries=1)
        return [found.document, *_of_customer(stripe, request.object_id)], found.fetched_at
    if not (address := _address(request.object_id)):
        return [], datetime.now(UTC)
    pages = list(client.pages(stripe, CUSTOMERS, {"email": address}, tries=1))
    found_customers = [customer for page in pages for customer in page.document["data"]]
    paid = (document for customer in found_customers for document in _of_customer(stripe, customer["id"]))
    return [*found_customers, *paid], pages[0].fetched_at


def _address(public_id: str) -> str:
    """The address that a history has until Stripe was asked for it; "" if that was done already."""
    history_id = ids.decode(public_id, ids.CUSTOMER_HISTORY)
    with db.transaction() as session:
        sealed = customers.sealed_address(session, history_id) if history_id else None
    return sealing.unseal(sealed, sealing.of_process()) if sealed else ""


def _of_customer(stripe: StripeClient, customer_id: str) -> Iterator[Document]:
    of_customer = {"customer": customer_id}
    paid = {**of_customer, "status": "paid", "expand": [f"data.{history.PAYMENTS}"]}
    for invoice in _listed(stripe, "/v1/invoices", paid):
        yield from (
            payment
            for payment in (invoice.get(history.PAYMENTS) or {}).get("data", ())
            if payment.get("status") == "paid"
        )
        yield {name: value for name, value in invoice.items() if name != history.PAYMENTS}
    yield from _listed(stripe, "/v1/charges", of_customer)


def _listed(stripe: StripeClient, path: str, query: Mapping[str, Any]) -> Iterable[Document]:
    for page in client.pages(stripe, path, query, tries=1):
        yield from page.document["data"]
