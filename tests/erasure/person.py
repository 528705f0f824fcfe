"""Cleo Winter: what Stripe's documents say of her, and where any of it is found."""

import copy
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.stripe_stories.facts import Event

NAME: Final = "Cleo Winter"
ADDRESS: Final = "cleo.winter@mail.test"
OTHER_ADDRESS: Final = "cleo+shop@work.test"
PHONE: Final = "+44 20 7946 0812"
USER: Final = "user-cleo-4711"
NEEDLES: Final = (NAME, ADDRESS, OTHER_ADDRESS, PHONE, USER, "cleo_@example.com")
_TABLES: Final = text("""
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
""")
_SEARCH: Final = """
    SELECT needle FROM unnest(CAST(:needles AS text[])) AS needle WHERE EXISTS (
        SELECT FROM {table} AS one
        WHERE strpos(lower(CAST(one AS text)), lower(needle)) > 0
           OR strpos(CAST(one AS text), encode(convert_to(needle, 'UTF8'), 'hex')) > 0
    )
"""
_PERSON: Final = {"email": ADDRESS, "name": NAME, "phone": PHONE, "address": {"line1": f"{NAME}, High Street 1"}}


def described(event: Event) -> Event:
    """The event, with everything about Cleo that Stripe sends where it sends such things."""
    told = copy.deepcopy(event)
    document: dict[str, Any] = told["data"]["object"]
    kind = document["object"]
    document["metadata"] = {**(document.get("metadata") or {}), "user_id": USER}
    if kind == "customer":
        document.update(_PERSON, shipping={"name": NAME, "phone": PHONE})
    elif kind == "checkout.session":
        document["customer_details"] = dict(_PERSON)
        document["custom_fields"] = [{"key": "who", "text": {"value": NAME}}]
    elif kind == "invoice":
        document.update(customer_email=ADDRESS, customer_name=NAME, customer_phone=PHONE)
        document["customer_shipping"] = {"name": NAME}
    elif kind in ("charge", "payment_intent"):
        document.update(receipt_email=OTHER_ADDRESS, billing_details=dict(_PERSON))
        document["description"] = document.get("description") or f"Sold to {NAME}"
    if "email" in document:
        document["email"] = ADDRESS
    return told


def traces(content: str) -> list[str]:
    """What of Cleo a text has."""
    folded = content.lower()
    return [needle for needle in NEEDLES if needle.lower() in folded]


def found_in_tables(session: Session, *needles: str) -> dict[str, list[str]]:
    """The tables that have one of these texts in any column, in binary columns too."""
    tables = session.scalars(_TABLES).all()
    assert len(tables) > 30
    found = {
        table: list(session.scalars(text(_SEARCH.format(table=table)), {"needles": list(needles)}))
        for table in sorted(tables)
    }
    return {table: needles for table, needles in found.items() if needles}
