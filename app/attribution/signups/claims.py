"""Claims by browsers: which of them are believed. Their key is public, so anyone may claim any user's id.

A claim counts only for a Stripe object with the id of the user that it claims, whose payer has shown the address that
the claim has, and only while the merchant's server has not stated that user.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution.signups.stated import Recognized, Stated
from app.payments.facts import EMAIL
from app.stripe_events.scope import SCOPE_SQL, Scope


def believed(
    session: Session, scope: Scope, recognized: Sequence[Recognized], signups: Mapping[UUID, Stated]
) -> list[Recognized]:
    """`recognized` without the claims that do not count.

    What the server states of a user is found by the same id as a claim of that user, so it is among `recognized`.
    """
    claimed = {each.object_id for each in recognized if signups[each.signup_id].is_claim}
    marks = _payers(session, scope, claimed) if claimed else {}
    by_server = {
        (each.object_id, signup.program_id, signup.customer_id)
        for each in recognized
        if not (signup := signups[each.signup_id]).is_claim
    }
    return [
        each
        for each in recognized
        if not (signup := signups[each.signup_id]).is_claim
        or (
            signup.email_mark in marks.get(each.object_id, ())
            and (each.object_id, signup.program_id, signup.customer_id) not in by_server
        )
    ]


# The addresses of a payer are with the customer, or without one with the objects of the payment.
_PAYERS = text(f"""
    WITH own AS (
        SELECT id, root, customer FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:object_ids)
    ), bearers AS (
        SELECT own.id AS object_id, bearer.id FROM own CROSS JOIN LATERAL unnest(ARRAY[own.id, own.root, own.customer])
            AS bearer(id)
        UNION
        SELECT own.id, member.id FROM own JOIN stripe_objects AS member ON member.root = own.root
        WHERE own.customer = '' AND member.root <> member.id
          AND member.organization_id = :organization_id AND member.account = :account AND member.livemode = :livemode
    )
    SELECT bearers.object_id, jsonb_object_keys(bearer.facts) AS fact
    FROM bearers JOIN stripe_objects AS bearer ON bearer.id = bearers.id
    WHERE bearer.organization_id = :organization_id AND bearer.account = :account AND bearer.livemode = :livemode
""")


def _payers(session: Session, scope: Scope, object_ids: set[str]) -> dict[str, set[str]]:
    """The marks of the addresses that the payer of each object has shown, by the object's id."""
    found: dict[str, set[str]] = {}
    for row in session.execute(_PAYERS, {**scope.parameters(), "object_ids": sorted(object_ids)}):
        if row.fact.startswith(EMAIL):
            found.setdefault(row.object_id, set()).add(row.fact.removeprefix(EMAIL))
    return found
