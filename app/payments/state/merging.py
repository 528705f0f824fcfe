"""Merges the statements about each Stripe object, in any order. Pure.

The newest statement of each fact counts. Not every document has every fact: `charge.updated` has nothing about the
capture, fetched lines have nothing about what was paid. So the known facts depend on the set of statements, not on the
order in which they arrived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from app.payments.facts import CAPTURED_AT, EMAIL, ENDED_AT, MONEY_KINDS, Kind, ObjectFacts, ReadEvent
from app.payments.state.payment_group import KnownObject

STATUS_ORDER: Final = (
    *("pending", "requires_action", "succeeded", "canceled", "failed"),
    *("warning_needs_response", "warning_under_review", "warning_closed"),
    *("needs_response", "under_review", "charge_refunded", "prevented", "won", "lost"),
    *("issued", "void"),
)
"""States of refunds, disputes and credit notes, in the order in which they follow each other."""
BEFORE_EVERYTHING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of facts that have none, so that repeating them changes no row."""


def statements_of(events: Sequence[ReadEvent], marks: Mapping[str, str]) -> list[tuple[int, KnownObject]]:
    """Every object that the batch names or describes, by event id.

    An address is a fact of the customer, if there is a customer.
    """
    stated: list[tuple[int, ObjectFacts, Mapping[str, Any], datetime]] = []
    for event in events:
        for described in event.reading.objects:
            if not described.id:
                continue
            facts = {name: value for name, value in described.facts.items() if value is not None}
            facts |= dict.fromkeys(described.time_facts, int(event.occurred_at.timestamp()))
            seen = {f"{EMAIL}{marks[address]}": True for address in described.emails if marks[address]}
            if described.customer and seen:
                # Without a time, so that an address that is repeated with every renewal changes no row.
                stated.append((event.id, ObjectFacts(Kind.CUSTOMER, described.customer), seen, BEFORE_EVERYTHING))
                seen = {}
            stated.append((event.id, described, facts | seen, event.occurred_at))
    return [
        (
            event_id,
            KnownObject(
                named.kind, named.id, named.id, named.customer, named.subscription, facts, at if facts else None
            ),
        )
        for event_id, named, facts, at in stated
    ]


def merged_by_id(statements: Sequence[tuple[int, KnownObject]]) -> dict[str, KnownObject]:
    """The statements of the batch about each object, by the object's id."""
    stated: dict[str, KnownObject] = {}
    for _, new in statements:
        stated[new.id] = merge(stated[new.id], new) if new.id in stated else new
    return stated


def merge(first: KnownObject, second: KnownObject) -> KnownObject:
    """The merged statements: the newer value of each fact; facts that the newer statement leaves out stay.

    If two statements of the same second contradict each other, the values are compared, so that the order of arrival
    does not matter.
    """
    if second is first or (not second.facts and not second.customer and not second.subscription):
        return first
    facts, older_at = _merge_facts(first, second)
    return replace(
        first,
        customer=max(first.customer, second.customer),
        subscription=max(first.subscription, second.subscription),
        facts=facts,
        stated_at=max((at for at in (first.stated_at, second.stated_at) if at), default=None),
        older_at=older_at,
    )


def _merge_facts(first: KnownObject, second: KnownObject) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """The facts of both, and the times of the facts that are older than the newest statement."""
    if not second.facts or (first.facts == second.facts and _times(first) == _times(second)):
        return first.facts, first.older_at
    if not first.facts:
        return second.facts, second.older_at
    facts: dict[str, Any] = {}
    stated: dict[str, int] = {}
    for name in {**first.facts, **second.facts}:
        facts[name], stated[name] = _newest_value(name, first, second)
    newest = max(first.stated_seconds, second.stated_seconds)
    return facts, {name: at for name, at in stated.items() if at < newest and not _is_timeless(name)}


def _times(known: KnownObject) -> tuple[int, Mapping[str, int]]:
    return known.stated_seconds, known.older_at


def _newest_value(name: str, first: KnownObject, second: KnownObject) -> tuple[Any, int]:
    """The value and the time of a fact that at least one of both has."""
    by = [known for known in (first, second) if name in known.facts]
    values, at = [known.facts[name] for known in by], [known.stated_at_seconds(name) for known in by]
    if name == CAPTURED_AT:
        return max(values), max(at)
    if name == ENDED_AT:
        return min(values), max(at)
    if len(by) == 1 or values[0] == values[1]:
        return values[0], max(at)
    if at[0] == at[1]:
        return _effective(name, *values), at[0]
    return (values[0], at[0]) if at[0] > at[1] else (values[1], at[1])


def _is_timeless(name: str) -> bool:
    """Whether a fact is valid without its time, so that the time is not stored."""
    return name in (CAPTURED_AT, ENDED_AT) or name.startswith(EMAIL)


def _effective(name: str, first: Any, second: Any) -> Any:
    """The value that is used, of two that were stated in the same second."""
    return max(first, second, key=_progress if name == "status" else _comparable)


def _progress(status: object) -> tuple[int, str]:
    """The rank of a state in the order of `STATUS_ORDER`: a refund or dispute never returns to an earlier state."""
    return (STATUS_ORDER.index(status) if status in STATUS_ORDER else -1, str(status))


def _comparable(value: object) -> tuple[int, str]:
    return (int(value), "") if isinstance(value, int) else (0, str(value))


def with_customers(objects: Mapping[str, KnownObject]) -> dict[str, KnownObject]:
    """`objects` with the customers of those invoices, sessions and subscriptions that name none themselves.

    An invoice or session has the customer of its payment group, else of its subscription; a subscription has the
    customer of its invoices and sessions. An invoice that was only named stays without a customer, because the name may
    be an order reference that the merchant wrote.
    """
    completed = dict(objects)
    while unowned := [
        known
        for known in completed.values()
        if not known.customer
        and (known.kind == Kind.SUBSCRIPTION or (known.stated_at and known.kind in (Kind.INVOICE, Kind.SESSION)))
    ]:
        found = _customers(completed)
        newly = {
            known.id: replace(known, customer=customer)
            for known in unowned
            if (customer := found.get(known.root) or found.get(known.subscription) or found.get(known.id))
        }
        if not newly:
            break
        completed |= newly
    return completed


def _customers(objects: Mapping[str, KnownObject]) -> dict[str, str]:
    """The known customer of each payment group, by root, and of each subscription, by id."""
    customers: dict[str, str] = {}
    for known in objects.values():
        for owned in (known.root if known.kind in MONEY_KINDS else known.id, known.subscription):
            customers[owned] = max(customers.get(owned, ""), known.customer)
    customers.pop("", None)
    return customers
