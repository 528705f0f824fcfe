"""Documents as endpoints older than 2022-11-15 get them: made from the next younger shape."""

from typing import Any

Document = dict[str, Any]


def aged(document: Document) -> Document:
    """`document` of the next younger shape as it looked before 2022-11-15; one that is aged already comes back."""
    match document["object"]:
        case "payment_intent":
            return _payment_intent(document)
        case "charge":
            return {"refunds": listed([])} | document
        case "invoice":
            return _invoice(document)
        case _:
            return document


def listed(data: list[Document]) -> Document:
    """A page of Stripe's, complete."""
    return {"object": "list", "data": data, "has_more": False, "total_count": len(data)}


def _payment_intent(intent: Document) -> Document:
    """It lists its charges, the failed first attempt among them, and names no latest one."""
    if "charges" in intent:
        return intent
    charge_id = intent["latest_charge"]
    common = {
        "object": "charge",
        "amount": intent["amount"],
        "created": intent["created"],
        "currency": intent["currency"],
        "invoice": intent["invoice"],
        "metadata": intent["metadata"],
        "payment_intent": intent["id"],
    }
    succeeded = {"id": charge_id, "captured": True, "paid": True, "status": "succeeded"}
    declined = {"id": f"{charge_id}declined", "captured": False, "paid": False, "status": "failed"}
    charges = [common | succeeded | {"amount_captured": intent["amount_received"]}, common | declined]
    kept = {name: value for name, value in intent.items() if name != "latest_charge"}
    return kept | {"charges": listed(charges if charge_id else [])}


def _invoice(invoice: Document) -> Document:
    """It neither tells its total without tax nor the subscription's metadata; its lines have plans."""
    younger = {"subscription_details", "subtotal_excluding_tax", "total_excluding_tax"}
    kept = {name: value for name, value in invoice.items() if name not in younger}
    return kept | {"lines": invoice["lines"] | {"data": [_line(line) for line in invoice["lines"]["data"]]}}


def _line(line: Document) -> Document:
    if "plan" in line:
        return line
    price = line["price"]
    plan = {"id": price["id"], "object": "plan", "amount": price["unit_amount"], "product": price["product"]}
    return {name: value for name, value in line.items() if name != "price"} | {"plan": plan}
