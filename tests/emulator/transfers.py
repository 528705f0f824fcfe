"""Transfers to connected accounts and their reversals."""

from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family

from . import answers, requests
from .answers import Answer, Refused
from .requests import Request
from .world import Scope, World


def create_transfer(world: World, scope: Scope, request: Request, family: Family) -> Answer:
    """`POST /v1/transfers`: money to a connected account, as far as the balance goes.

    What lacks a parameter fails validation, and that answer is not kept; the others are.
    """
    amount_minor = int(requests.demand(request, "amount"))
    currency, destination = requests.demand(request, "currency"), requests.demand(request, "destination")
    if destination not in world.families:
        raise answers.no_such("destination", destination, "destination")
    if refusal := _refusal(world, destination, currency, amount_minor):
        return refusal
    with world.lock:
        if amount_minor > world.funds_minor.get(currency, 0):
            message = "You have insufficient available funds in your Stripe account."
            return answers.error(400, message, code="balance_insufficient")
        world.funds_minor[currency] -= amount_minor
    document = _document(world, scope, request, amount_minor)
    _hold(world, scope, document)
    _happened(world, scope, "transfer.created", document)
    return answers.document(document)


def reverse(world: World, scope: Scope, request: Request, family: Family) -> Answer:
    """`POST /v1/transfers/{id}/reversals`: the amount, or what is left of the transfer, comes back."""
    transfer_id = request.path.split("/")[3]
    given = request.one("amount")
    return answers.document(reverse_transfer(world, scope, transfer_id, int(given) if given else None))


def reverse_transfer(world: World, scope: Scope, transfer_id: str, amount_minor: int | None = None) -> Document:
    """Bring back a part of a transfer, all that is left of it for None; gives the reversal. Raises Refused."""
    with world.lock:
        held = world.shelves[scope].get(transfer_id)
        if held is None or held.kind != "transfer":
            raise answers.no_such("transfer", transfer_id, "id")
        document = dict(held.render(world.families[scope[0]]))
        left = document["amount"] - document["amount_reversed"]
        amount_minor = left if amount_minor is None else amount_minor
        if not 0 < amount_minor <= left:
            raise Refused(400, f"The amount must be between 1 and {left}.", param="amount")
        made = _reversal(world, document, amount_minor)
        reversed_minor = document["amount_reversed"] + amount_minor
        reversals = document["reversals"] | {"data": [made, *document["reversals"]["data"]]}
        is_whole = reversed_minor == document["amount"]
        document |= {"amount_reversed": reversed_minor, "reversed": is_whole, "reversals": reversals}
        world.funds_minor[document["currency"]] += amount_minor
    _hold(world, scope, document)
    _happened(world, scope, "transfer.reversed", document)
    return made


def update(world: World, scope: Scope, transfer_id: str, **changes: object) -> None:
    """A change that moves no money, such as another description: `transfer.updated`."""
    held = world.shelves[scope].get(transfer_id)
    assert held is not None, transfer_id
    document = held.render(world.families[scope[0]]) | changes
    _hold(world, scope, document)
    _happened(world, scope, "transfer.updated", document)


def _refusal(world: World, destination: str, currency: str, amount_minor: int) -> Answer | None:
    """The answer to a transfer that its destination cannot take; None where it can."""
    recipient = world.recipients.get(destination)
    if recipient is not None and recipient.transfers != "active":
        message = (
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments"
        )
        return answers.error(400, message, code="insufficient_capabilities_for_transfer")
    if currency in ("bhd", "jod", "kwd", "omr", "tnd") and amount_minor % 10:
        return answers.error(400, "Amounts in three-decimal currencies must end in 0.", param="amount")
    return None


def _document(world: World, scope: Scope, request: Request, amount_minor: int) -> Document:
    transfer_id = world.ids_for("transfer").fresh("tr")
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount_minor,
        "amount_reversed": 0,
        "balance_transaction": f"txn_{transfer_id}",
        "created": world.now,
        "currency": request.one("currency"),
        "description": request.one("description"),
        "destination": request.one("destination"),
        "destination_payment": f"py_{transfer_id}",
        "livemode": scope[1],
        "metadata": requests.nested(request.params, "metadata"),
        "reversals": {"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{transfer_id}/reversals"},
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": request.one("transfer_group"),
    }


def _reversal(world: World, document: Document, amount_minor: int) -> Document:
    reversal_id = world.ids_for("reversal").fresh("trr")
    return {
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount_minor,
        "balance_transaction": f"txn_{reversal_id}",
        "created": world.now,
        "currency": document["currency"],
        "metadata": {},
        "transfer": document["id"],
    }


def _hold(world: World, scope: Scope, document: Document) -> None:
    refs = {name: document[name] for name in ("destination", "transfer_group")}
    world.hold(scope, "transfer", document["id"], document["created"], lambda _family: document, **refs)


def _happened(world: World, scope: Scope, event_type: str, document: Document) -> None:
    event_id = world.ids_for("transfer").fresh("evt")
    world.record_event(scope, event_id, event_type, document["id"], world.now)
