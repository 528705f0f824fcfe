"""Customers and subscriptions, which may name a partner; no money."""

from app.payments.facts import Kind, ObjectFacts, Reading
from worker.inbox.handlers import promotions
from worker.inbox.handlers.fields import Document, identity, names_in, own_id


def customer_changed(customer: Document) -> Reading:
    """`customer.created`, `customer.updated`."""
    customer_id = own_id(customer)
    discounts, discount_names = promotions.used_on(customer, customer_id)
    return Reading(
        objects=(ObjectFacts(Kind.CUSTOMER, customer_id, {"seen": True}, emails=_own_email(customer)), *discounts),
        names=(
            *names_in(customer.get("metadata"), customer_id, "customer_metadata", "data.object.metadata"),
            *discount_names,
        ),
    )


def _own_email(customer: Document) -> tuple[str, ...]:
    address = customer.get("email")
    return (address,) if isinstance(address, str) and address.isprintable() else ()


def subscription_changed(subscription: Document) -> Reading:
    """`customer.subscription.created`, `customer.subscription.updated`.

    The oldest have no id, because a customer had at most one subscription; their names count for the customer.
    """
    subscription_id, customer = identity(subscription), identity(subscription.get("customer"))
    bearer = subscription_id or customer or own_id(subscription)
    facts = {"status": subscription.get("status")}
    discounts, discount_names = promotions.used_on(subscription, bearer)
    return Reading(
        objects=(
            ObjectFacts(Kind.SUBSCRIPTION, subscription_id, facts, customer),
            ObjectFacts(Kind.CUSTOMER, customer),
            *discounts,
        ),
        names=(
            *names_in(subscription.get("metadata"), bearer, "subscription_metadata", "data.object.metadata"),
            *discount_names,
        ),
    )
