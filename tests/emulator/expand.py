"""`expand`: ids replaced by what they name."""

from collections.abc import Iterable

from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family

from .answers import Refused
from .events import as_sent
from .lists import listed
from .store import ListFilter, Shelf


def expanded(document: Document, paths: Iterable[str], shelf: Shelf, family: Family) -> Document:
    """The document with the ids at these paths replaced; other documents are copied, never changed."""
    for path in paths:
        document = _expanded(document, path.split("."), shelf, family)
    return document


def _expanded(document: Document, path: list[str], shelf: Shelf, family: Family) -> Document:
    name, *rest = path
    if name == "payments" and document["object"] == "invoice" and not family.names_links:
        document = _with_payments(document, shelf, family)
    if name not in document:
        raise Refused(400, f"This property cannot be expanded ({name}).")
    value = document[name]
    if isinstance(value, list):
        found: object = [_named(one, rest, shelf, family) for one in value]
    else:
        found = _named(value, rest, shelf, family)
    return document | {name: found}


def _with_payments(invoice: Document, shelf: Shelf, family: Family) -> Document:
    """An invoice with its payments, which are only there when asked for.

    Source: Stripe changelog, 2025-03-31.basil, "Adds support for multiple partial payments on invoices".
    """
    found = shelf.find(ListFilter("invoice_payment", {"invoice": {invoice["id"]}}), 100)
    url = f"/v1/invoice_payments?invoice={invoice['id']}"
    return invoice | {"payments": listed(url, [held.render(family) for held in found], has_more=False)}


def _named(value: object, rest: list[str], shelf: Shelf, family: Family) -> object:
    """What `value` names if it is an id, itself expanded further where the path goes on."""
    if isinstance(value, str) and (held := shelf.get(value)):
        value = as_sent(held.render(family))
    if rest and isinstance(value, dict):
        return _expanded(value, rest, shelf, family)
    return value
