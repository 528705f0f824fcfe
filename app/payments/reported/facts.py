"""Ids, keys and details of reported conversions. Pure.

A report is stored as an object in the same table as Stripe's, so it is locked, returned and settled like any payment.
Its id is made of the program, the merchant's project and the merchant's own id, so that a repeated report finds the
existing row, through any endpoint.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from app import ids
from app.partners.queries.directory import STRIPE_SIGNALS
from app.payments.state.bases import SCHEMA_VERSION

KEY_PREFIX: Final = "manual:"
"""Prefix of a reported payment's key, and of its charge on the conversions surface."""


def report_id(program_id: UUID, project_id: str, external_id: str | None) -> str:
    """The id of a report; without an external id a new one.

    Example: `prog_01h…:app:order-17` for project `app`, and `prog_01h…::order-17` without a project.
    """
    program = ids.encode(ids.PROGRAM, program_id)
    if external_id is None:
        return f"{program}:{ids.new()}"
    return f"{program}:{_escaped(project_id)}:{_escaped(external_id)}"


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace(":", "%3A")


def external_id_of(key: str) -> str | None:
    """The merchant's own id in a reported payment's key; None if the report had none."""
    parts = object_of(key).split(":")
    return parts[2].replace("%3A", ":").replace("%25", "%") if len(parts) == 3 else None


def key_of(object_id: str) -> str:
    """The key of the payment of a report."""
    return f"{KEY_PREFIX}{object_id}"


def object_of(key: str) -> str:
    """The id of the object in a payment's key."""
    return key.partition(":")[2]


def signals_of(*, has_amount: bool, event_name: str | None, entitlement_id: str | None) -> dict[str, str]:
    """The signals of a report by conversion kind, which decide for which programs it counts."""
    named = {"event": event_name, "entitlement": entitlement_id}
    return {**(STRIPE_SIGNALS if has_amount else {}), **{kind: name for kind, name in named.items() if name}}


def details_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The base details of a reported payment, as codes and numbers."""
    has_amount = facts.get("amount") is not None
    names = ("reported_by", "reported_at", "external_id", "project_id", "event_name", "entitlement_id")
    return {
        "schema_version": SCHEMA_VERSION,
        "source": "reported",
        **{name: facts[name] for name in names if facts.get(name)},
        "signals": signals_of(
            has_amount=has_amount, event_name=facts.get("event_name"), entitlement_id=facts.get("entitlement_id")
        ),
        "base_minor": int(facts.get("amount") or 0),
        "formula": "reported_amount" if has_amount else "reported_without_amount",
    }
